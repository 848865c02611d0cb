"""Re-implementation of "CNN-Attention Autoencoder for Image Compression" (I. P. Wibowo, 2023).

The modules follow the way the data goes:

    datasets ──> preparation ──> model ──> training ──> evaluation ──> figures, tables ──> book
    (images)     (grey arrays)   (graph)   (weights)    (bytes)        (chapters)

    weights ──> codec ──> files; size_ratios, rates: what such files are worth beside others

`parameters` says what a run is, `artifacts` keeps what a stage has made, `record` keeps what a
full run has found, `costs` reads what the benchmark has measured. Notebooks call these modules; the
modules know nothing of notebooks.
"""

from importlib.metadata import version

__version__ = version("reproduce")
