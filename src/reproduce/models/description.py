"""What a model is made of: its layers, their outputs, its parameters."""

from __future__ import annotations

from reproduce.core.backend import keras
from reproduce.models.registry import KINDS


def stock_layers(autoencoder: keras.Model) -> list[keras.layers.Layer]:
    """Return all layers in the order of the data, as the paper names them.

    Two of the model's layers compute what two stock layers of the paper compute; these stand in
    their place here, with copies of their weights.
    """
    return [
        stock
        for layer in autoencoder.layers
        for stock in (layers_of(layer) if isinstance(layer, keras.Model) else [layer])
    ]


def layers_of(part: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers of a part of the model, as the paper names them."""
    return [
        stock
        for layer in part.layers
        if not isinstance(layer, keras.layers.InputLayer)
        for stock in (layer.stock_layers() if hasattr(layer, "stock_layers") else [layer])
    ]


def counts(autoencoder: keras.Model) -> dict[str, int]:
    """Return the number of parameters, and of layers of each kind in encoder and decoder."""

    def layers(part: str, kind: type[keras.layers.Layer]) -> int:
        return sum(isinstance(layer, kind) for layer in layers_of(autoencoder.get_layer(part)))

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
    for name in KINDS:
        part = autoencoder.get_layer(name)
        outputs |= _outputs_of(part, tensor)
        tensor = part.compute_output_spec(tensor)
    outputs["crop"] = outputs["unit_range"] = image
    return {name: tensor.shape[1:] for name, tensor in outputs.items()}


def _outputs_of(part: keras.Model, tensor: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
    """Return what each stock layer of a part puts out, if the part takes this."""
    outputs = {}
    if isinstance(part, keras.Sequential):
        for layer in layers_of(part):
            tensor = outputs[layer.name] = layer.compute_output_spec(tensor)
        return outputs
    for layer in layers_of(part):
        up_to_here = keras.Model(part.input, part.get_layer(layer.name).output)
        outputs[layer.name] = up_to_here.compute_output_spec(tensor)
    return outputs
