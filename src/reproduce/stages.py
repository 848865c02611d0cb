"""The stages of a run, and the modules whose source each one depends on.

The names of artifacts cover these sources, and the workflow's rules have them as inputs: a change
to any other module makes no artifact anew.
"""

_MODEL = ("backend", "layers", "model", "parallel", "preparation")

_SCORES = (*_MODEL, "compression", "metrics")

_CODEC = (*_MODEL, "codec", "compression", "parts", "rates/fitted")
_MEASURED = (
    *("backend", "metrics", "parallel", "parts", "preparation"),
    *("rates/codecs", "rates/measurement"),
)

SOURCES: dict[str, tuple[str, ...]] = {
    "data": ("datasets", "parallel", "preparation"),
    "model": (*_MODEL, "training"),
    "scores": (*_SCORES, "evaluation", "parts"),
    "ratios": (*_SCORES, "parts", "size_ratios"),
    "references": _MEASURED,
    "codec": _CODEC,
    "rates": tuple({*_CODEC, *_MEASURED, "rates/own"}),
}
"""Modules and packages of `reproduce`, without `.py`, by the name of the stage."""
