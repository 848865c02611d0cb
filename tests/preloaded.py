"""What takes the time when tests start, loaded once for all faults (`tests.mutants`).

No plugin of pytest, which would find it loaded before it could rewrite its assertions. And no
tensor is made: what computes starts threads, and a process forked from this one would lack them.
"""

import matplotlib.figure
import nbformat
import pandas as pd
import scipy.stats
import skimage.metrics

from reproduce.core.backend import keras, tensorflow

# The last two are loaded when something of them is used first.
LOADED = (matplotlib.figure, nbformat, pd, scipy.stats, skimage.metrics)
KERAS = (keras.Model, keras.layers.Conv2D, tensorflow.GradientTape)
