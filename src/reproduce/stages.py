"""The stages of a run, and the modules whose source each one depends on.

The names of artifacts cover these sources, and the workflow's rules have them as inputs: a change
to any other module makes no artifact anew.
"""

_MODEL = ("backend", "layers", "model", "parallel", "preparation")

SOURCES = {
    "data": ("datasets", "parallel", "preparation"),
    "model": (*_MODEL, "training"),
    "scores": (*_MODEL, "compression", "evaluation", "metrics", "parts"),
}
"""Modules and packages of `reproduce`, without `.py`, by the name of the stage."""
