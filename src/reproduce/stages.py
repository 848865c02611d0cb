"""The stages of a run, and the modules whose source each one depends on.

The names of artifacts cover these sources, and the workflow's rules have them as inputs: a change
to any other module makes no artifact anew.
"""

_MODEL = ("backend", "layers", "model", "parallel", "preparation")

_SCORES = (*_MODEL, "compression", "metrics")

SOURCES = {
    "data": ("datasets", "parallel", "preparation"),
    "model": (*_MODEL, "training"),
    "scores": (*_SCORES, "evaluation", "parts"),
    "ratios": (*_SCORES, "size_ratios"),
    "references": ("backend", "metrics", "parallel", "preparation", "rates"),
    "codec": (*_MODEL, "codec", "compression", "rates"),
    "rates": (*_SCORES, "codec", "rates"),
}
"""Modules and packages of `reproduce`, without `.py`, by the name of the stage."""
