"""The model: its drawing, made from the model itself (figure 6), and its layers."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from numpy.typing import NDArray

from reproduce.chapters import excerpts
from reproduce.chapters.drawings import Drawing
from reproduce.core.backend import keras
from reproduce.core.markdown import table as markdown
from reproduce.models import description, registry, training
from reproduce.models.description import layers_of, output_shapes, stock_layers

Place = tuple[float, float]

# Boxes stand below each other in the order of the data, the attention branch in a column aside.
BRANCH = ("attention_map", "inverted_attention")
WIDTH, HEIGHT = 1.1, 0.64
COLUMN_DISTANCE = 1.25
COLOURS = {"encoder": "#CFE5F3", "attention": "#F9E3B4", "decoder": "#C9E8DD"}


OTHER_COLOUR = "#EEEEEE"


def model_listings(model: str) -> str:
    """Return the code of the paper's script for its model, then that of ours, part by part.

    It is read from the source itself. The paper's is in its section III.B.

    Raises
    ------
    ReproduceError
        There is no model of that name.
    """
    from reproduce.models import literal  # imports TensorFlow by itself: after it is set up

    chosen = registry.find(model)
    parts = (chosen.encoder, chosen.attention, chosen.decoder)
    ours = [
        (f"This book's {part.kind}: {part.label}", excerpts.whole(part.build)) for part in parts
    ]
    return excerpts.listings([("The paper's script", excerpts.whole(literal.build)), *ours])


def training_listings() -> str:
    """Return the code of loss and training: of the paper's script, then ours.

    It is read from the source itself. The paper's is in its sections III.B and III.C.
    """
    from reproduce.models import literal  # imports TensorFlow by itself: after it is set up

    compiled = excerpts.statement(literal.build, "autoencoder.compile(")
    step = excerpts.statement(training.training_step, "def step(")
    return excerpts.listings(
        [
            ("The paper's script", f"{compiled}\n\n\n{excerpts.whole(literal.train)}"),
            ("This book's order of images", excerpts.whole(training.batches)),
            ("This book's step, with the loss in it", step),
        ]
    )


def draw(autoencoder: keras.Model, image_size: int) -> Drawing:
    """Draw the model's layers with their connections (the paper's figure 6).

    Names, filters, activations and shapes are read from the Keras model, the shapes for an image
    of `image_size` pixels a side.
    """
    layers = stock_layers(autoencoder)
    shapes = output_shapes(autoencoder, image_size)
    places = {
        layer.name: (COLUMN_DISTANCE * (layer.name in BRANCH), -float(row))
        for row, layer in enumerate(layers)
    }
    figure = Drawing(figsize=(7.0, 7.6))
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set(xlim=(-0.65, 2.2), ylim=(0.5 - len(layers), 0.5))
    for layer in layers:
        shape = " × ".join(str(side) for side in shapes[layer.name])
        text = f"{layer.name.replace('_', ' ')}\n{_describe(layer)}  →  {shape}"
        colour = COLOURS.get(_part(autoencoder, layer), OTHER_COLOUR)
        _draw_box(axes, places[layer.name], text, colour)
    for before, after in pairwise(places.values()):
        _draw_arrow(axes, before, after)
    if any(name in places for name in BRANCH):
        _draw_arrow(axes, places["latent"], places["weighted_latent"])
    branch = " and ".join(name.replace("_", " ") for name in BRANCH if name in places)
    figure.alt = (
        f"Boxes for {len(layers)} layers with {autoencoder.count_params():,} parameters, joined by "
        f"arrows from an image of {image_size} × {image_size} pixels down to its reconstruction"
        f"{f'; aside, from latent to weighted latent, {branch}' if branch else ''}."
    )
    for part in COLOURS:
        column, row = places[layers_of(autoencoder.get_layer(part))[0].name]
        axes.text(column + 0.62, row, part, va="center", style="italic")
    return figure


def _part(autoencoder: keras.Model, layer: keras.layers.Layer) -> str:
    """Return the name of the part that a layer belongs to, or an empty text."""
    for part in COLOURS:
        if layer.name in {stock.name for stock in layers_of(autoencoder.get_layer(part))}:
            return part
    return ""


def _describe(layer: keras.layers.Layer) -> str:
    kind = type(layer).__name__
    if isinstance(layer, keras.layers.Conv2D):
        height, width = layer.kernel_size
        return f"{kind} {height} × {width}, {layer.activation.__name__}"
    if isinstance(layer, keras.layers.Activation):
        return f"{kind}, {layer.activation.__name__}"
    return kind


def _draw_box(axes: Axes, place: Place, text: str, colour: str) -> None:
    corner = (place[0] - WIDTH / 2, place[1] - HEIGHT / 2)
    style: dict[str, Any] = {"boxstyle": "round,pad=0.02", "fc": colour, "ec": "black", "lw": 0.8}
    axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, **style))
    axes.text(*place, text, ha="center", va="center", fontsize=8)


def _draw_arrow(axes: Axes, start: Place, end: Place) -> None:
    """Draw an arrow straight down, or with one bend into the branch or back from it."""
    side, edge = WIDTH / 2 + 0.03, HEIGHT / 2 + 0.03
    below, above = (start[0], start[1] - edge), (end[0], end[1] + edge)
    if start[0] == end[0]:
        tail, head, path = below, above, "arc3"
    elif start[0] < end[0]:
        tail, head, path = (start[0] + side, start[1]), above, "angle,angleA=0,angleB=90"
    else:
        tail, head, path = below, (end[0] + side, end[1]), "angle,angleA=90,angleB=0"
    style: dict[str, Any] = {
        "arrowstyle": "-|>",
        "mutation_scale": 9,
        "lw": 0.9,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.add_patch(FancyArrowPatch(tail, head, connectionstyle=path, **style))


def layers(autoencoder: keras.Model, image_size: int) -> str:
    """Return the model's layers with output shapes and numbers of parameters."""
    shapes = description.output_shapes(autoencoder, image_size)
    rows = [
        {
            "layer": f"`{layer.name}`",
            "kind": type(layer).__name__,
            "output (height × width × channels)": " x ".join(
                str(side) for side in shapes[layer.name]
            ),
            "parameters": f"{sum(math.prod(weight.shape) for weight in layer.weights):,}",
        }
        for layer in description.stock_layers(autoencoder)
    ]
    rows.append(
        {
            "layer": "all",
            "kind": "",
            "output (height × width × channels)": "",
            "parameters": f"{autoencoder.count_params():,}",
        }
    )
    return markdown(rows, right=["parameters"])


def attention_identity(attention_map: NDArray[np.float32]) -> float:
    """Return the greatest difference that the paper's upsampling and resizing make to 1 − a.

    Does literally what the paper's code does to an attention map (N x h x w x 1): nearest
    upsampling twofold, inversion, bilinear resizing back to h x w.
    """
    upsampled = keras.layers.UpSampling2D(2)(attention_map)
    resized = keras.ops.image.resize(
        1 - upsampled, attention_map.shape[1:3], interpolation="bilinear"
    )
    return float(np.abs(np.asarray(resized) - (1 - attention_map)).max())
