"""Files of the pages for people."""
