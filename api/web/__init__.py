"""The pages for people: what they show, as values and pictures, and the files they are made of."""
