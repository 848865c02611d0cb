"""Re-implementation of "CNN-Attention Autoencoder for Image Compression" (I. P. Wibowo, 2023).

The modules stand in rooms; each room uses only those before it:

    core      errors, parameters, the store of artifacts, stages, and the source they depend on
    data      photographs (`data.sources`) become grey arrays
    models    encoders, attentions and decoders become a model, which is trained
    codec     a trained model writes and reads small files
    measure   scores of images, size ratios, rates and distortions
    results   the record of full runs, what the paper reports, its claims, what it all costs
    chapters  the figures and tables of each chapter
    book      notebooks are executed and the book is rendered
    cli       the command line

`core.stage` says what a stage is, `measure.stages` lists all of a run. Notebooks call these
modules; the modules know nothing of notebooks.
"""

from importlib.metadata import version

__version__ = version("reproduce")
