"""Rate and distortion: how many bytes codecs need, and how good the image is then.

`codecs` is the one interface that all codecs stand behind, `fitted` and `own` put a run's own model
there, `measurement` puts images through codecs, `curves` makes means, bands and BD-rates of what
was measured.
"""
