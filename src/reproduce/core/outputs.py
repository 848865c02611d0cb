"""What chapters leave in the outputs of notebooks for the book's pages."""

POINTS = "points"
"""Under which key of its picture's metadata a notebook has what a plot tells of its points."""
