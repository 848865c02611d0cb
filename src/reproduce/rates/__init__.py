"""Rate and distortion: how many bytes codecs need, and how good the image is then.

`codecs` is the one interface that the model and all others stand behind, `fitted` gives a run's own
model tables to code with, `measurement` puts images through codecs, `curves` makes means, bands and
BD-rates of what was measured.
"""
