"""The HTTP edge: routes, answers, errors, and the composition root that joins all parts."""
