"""The paper's own script, as its sections III.A to III.C print it: the baseline of the benchmark.

Written literally, with nothing improved. It imports TensorFlow with the settings it comes with,
so it must import nothing of `reproduce`, whose `core.backend` sets others: the benchmark imports it
alone. The tests compare the model of the book with it, too.
"""

from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras.layers import Conv2D, Input, Lambda, MaxPooling2D, Multiply, UpSampling2D
from PIL import Image


def load_images(paths: Iterable[Path], target_size: tuple[int, int] = (100, 100)) -> np.ndarray:
    """Return the images of these files, N x H x W float32 in [0, 1] (section III.A)."""
    images = []
    for path in paths:
        img = Image.open(path).convert("L")
        img = img.resize(target_size)
        img = np.array(img)
        img = img.astype("float32") / 255.0
        images.append(img)
    return np.array(images)


def build(input_shape: tuple[int, int, int]) -> keras.Model:
    """Return the compiled model for images of one size (section III.B)."""
    input_img = Input(shape=input_shape)

    x = Conv2D(32, (3, 3), activation="relu", padding="same")(input_img)
    x = MaxPooling2D((2, 2), padding="same")(x)
    x = Conv2D(16, (3, 3), activation="relu", padding="same")(x)
    encoded = Conv2D(1, (3, 3), activation="relu", padding="same")(x)

    attention = Conv2D(1, (3, 3), activation="sigmoid", padding="same")(encoded)
    attention = UpSampling2D((2, 2))(attention)

    def resize_attention(x: tf.Tensor) -> tf.Tensor:
        return tf.image.resize(x, (encoded.shape[1], encoded.shape[2]))

    inverted_attention = Lambda(lambda x: 1 - x)(attention)
    resized_attention = Lambda(resize_attention)(inverted_attention)
    encoded_attention = Multiply()([encoded, resized_attention])

    x = Conv2D(16, (3, 3), activation="relu", padding="same")(encoded_attention)
    x = UpSampling2D((2, 2))(x)
    decoded = Conv2D(1, (3, 3), activation="sigmoid", padding="same")(x)

    autoencoder = keras.Model(input_img, decoded)
    autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
    return autoencoder


def train(
    autoencoder: keras.Model,
    images_np: np.ndarray,
    epochs: int = 10,
    batch_size: int = 32,
    **options: object,
) -> keras.callbacks.History:
    """Train the compiled model to return its input (section III.C)."""
    return autoencoder.fit(
        images_np, images_np, epochs=epochs, batch_size=batch_size, shuffle=True, **options
    )
