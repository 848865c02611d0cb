"""Rate and distortion: how many bytes codecs need, and how good the image is then.

`interface` is the one interface that all codecs stand behind, `autoencoder` puts a run's own model
there, `measurement` puts images through codecs, `curves` makes means, bands and BD-rates of what
was measured.
"""
