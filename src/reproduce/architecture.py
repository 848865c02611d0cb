"""The paper's figure 6: a drawing of the model, made from the model itself."""

from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from reproduce.backend import keras

Place = tuple[float, float]

# Boxes stand below each other in the order of the data, the attention branch in a column aside.
BRANCH = ("attention_map", "inverted_attention")
WIDTH, HEIGHT = 1.1, 0.64
COLUMN_DISTANCE = 1.25
COLOURS = {"encoder": "#CFE5F3", "attention": "#F9E3B4", "decoder": "#C9E8DD"}
PARTS = tuple(COLOURS)
OTHER_COLOUR = "#EEEEEE"


def draw(autoencoder: keras.Model, image_size: int) -> Figure:
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
    figure = Figure(figsize=(7.0, 7.6))
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set(xlim=(-0.65, 2.2), ylim=(0.5 - len(layers), 0.5))
    for layer in layers:
        shape = " x ".join(str(side) for side in shapes[layer.name])
        text = f"{layer.name.replace('_', ' ')}\n{_describe(layer)}  →  {shape}"
        colour = COLOURS.get(_part(autoencoder, layer), OTHER_COLOUR)
        _draw_box(axes, places[layer.name], text, colour)
    for before, after in pairwise(places.values()):
        _draw_arrow(axes, before, after)
    if any(name in places for name in BRANCH):
        _draw_arrow(axes, places["latent"], places["weighted_latent"])
    for part in COLOURS:
        column, row = places[_stock(autoencoder.get_layer(part))[0].name]
        axes.text(column + 0.62, row, part, va="center", style="italic")
    return figure


def stock_layers(autoencoder: keras.Model) -> list[keras.layers.Layer]:
    """Return all layers in the order of the data, as the paper names them.

    Two of the model's layers compute what two stock layers of the paper compute; these stand in
    their place here, with copies of their weights.
    """
    return [
        stock
        for layer in autoencoder.layers
        for stock in (_stock(layer) if isinstance(layer, keras.Model) else [layer])
    ]


def _stock(part: keras.Model) -> list[keras.layers.Layer]:
    return [
        stock
        for layer in part.layers
        if not isinstance(layer, keras.layers.InputLayer)
        for stock in (layer.stock_layers() if hasattr(layer, "stock_layers") else [layer])
    ]


def counts(autoencoder: keras.Model) -> dict[str, int]:
    """Return the number of parameters, and of layers of each kind in encoder and decoder."""

    def layers(part: str, kind: type[keras.layers.Layer]) -> int:
        return sum(isinstance(layer, kind) for layer in _stock(autoencoder.get_layer(part)))

    return {
        "parameters": autoencoder.count_params(),
        "encoder_convolutions": layers("encoder", keras.layers.Conv2D),
        "encoder_poolings": layers("encoder", keras.layers.MaxPooling2D),
        "decoder_convolutions": layers("decoder", keras.layers.Conv2D),
        "decoder_upsamplings": layers("decoder", keras.layers.UpSampling2D),
    }


def output_shapes(autoencoder: keras.Model, image_size: int) -> dict[str, tuple[int, ...]]:
    """Return each layer's output shape, height x width x channels, for images of one size."""
    image = keras.KerasTensor((1, image_size, image_size, 1))
    outputs = {"image": image}
    tensor = image
    for name in PARTS:
        part = autoencoder.get_layer(name)
        outputs |= _outputs_of(part, tensor)
        tensor = part.compute_output_spec(tensor)
    outputs["crop"] = outputs["unit_range"] = image
    return {name: tensor.shape[1:] for name, tensor in outputs.items()}


def _outputs_of(part: keras.Model, tensor: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
    """Return what each stock layer of a part puts out, if the part takes this."""
    outputs = {}
    if isinstance(part, keras.Sequential):
        for layer in _stock(part):
            tensor = outputs[layer.name] = layer.compute_output_spec(tensor)
        return outputs
    for layer in _stock(part):
        up_to_here = keras.Model(part.input, part.get_layer(layer.name).output)
        outputs[layer.name] = up_to_here.compute_output_spec(tensor)
    return outputs


def _part(autoencoder: keras.Model, layer: keras.layers.Layer) -> str:
    """Return the name of the part that a layer belongs to, or an empty text."""
    for part in COLOURS:
        if layer.name in {stock.name for stock in _stock(autoencoder.get_layer(part))}:
            return part
    return ""


def _describe(layer: keras.layers.Layer) -> str:
    kind = type(layer).__name__
    if isinstance(layer, keras.layers.Conv2D):
        height, width = layer.kernel_size
        return f"{kind} {height}x{width}, {layer.activation.__name__}"
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
