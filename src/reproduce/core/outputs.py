"""What chapters leave in the outputs of notebooks for the book's pages.

Each is a key of the metadata that a notebook has of a picture.
"""

ALT = "alt"
"""What is seen, for who can't see it. The key is Jupyter's own (`IPython.display.Image`)."""

POINTS = "points"
"""What a plot tells of its points."""

OVERLAY = "overlay"
"""Over which photographs of its page a picture in false colours can be laid, and where."""
