"""What is measured: each thing done by the paper's literal script and by this project.

    python -m benchmarks.subjects SUBJECT THING JSON

does one thing once, in a process of its own, and prints one line of JSON: seconds, and the most
memory that the process held. JSON holds the keyword arguments of the function of that name below.
"""

import io
import json
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from reproduce.core import memory

Measured = dict[str, float]


class Literal:
    """The paper's script, TensorFlow as installed."""

    def training(self, folder: str, size: int, count: int, batch_size: int) -> Measured:
        """Train an epoch on `count` images; seconds for each image, compilation left out."""
        from reproduce.models import literal

        images = literal.load_images(_files(folder, "train")[:count], (size, size))
        autoencoder = literal.build((size, size, 1))
        literal.train(autoencoder, images, epochs=1, batch_size=batch_size, verbose=0)
        start = time.perf_counter()
        literal.train(autoencoder, images, epochs=1, batch_size=batch_size, verbose=0)
        return {"seconds": (time.perf_counter() - start) / len(images)}

    def memory(self, folder: str, size: int, count: int, batch_size: int) -> Measured:
        """Load `count` images and train three steps; memory is the result."""
        import keras

        from reproduce.models import literal

        class StopAfterThreeSteps(keras.callbacks.Callback):
            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                if batch == 2:
                    raise StopIteration

        start = time.perf_counter()
        images = literal.load_images(_files(folder, "train")[:count], (size, size))
        autoencoder = literal.build((size, size, 1))
        stop = StopAfterThreeSteps()
        with suppress(StopIteration):
            autoencoder.fit(images, images, batch_size=batch_size, verbose=0, callbacks=[stop])
        return {"seconds": time.perf_counter() - start}

    def loading(self, folder: str, size: int, count: int) -> Measured:
        """Bring the training split's files to what the first step reads."""
        from reproduce.models import literal

        start = time.perf_counter()
        literal.load_images(_files(folder, "train")[:count], (size, size))
        return {"seconds": time.perf_counter() - start}

    def reconstruction(self, folder: str, size: int, count: int, weights: str) -> Measured:
        """Reconstruct `count` test images; PNG sizes of originals and reconstructions."""
        from PIL import Image

        from reproduce.models import literal

        autoencoder = literal.build((size, size, 1))
        with np.load(weights) as arrays:
            autoencoder.set_weights([arrays[name] for name in arrays.files])
        start = time.perf_counter()
        images = literal.load_images(_files(folder, "test")[:count], (size, size))
        for image, reconstruction in zip(
            images, autoencoder.predict(images, verbose=0), strict=True
        ):
            for pixels in (image, reconstruction[..., 0]):
                file = io.BytesIO()
                Image.fromarray((pixels * 255).astype("uint8")).save(file, format="PNG")
        return {"seconds": time.perf_counter() - start}


class Ours:
    """What this project does instead; prepared images and scores go to $REPRODUCE_BUILD."""

    def training(self, folder: str, size: int, count: int, batch_size: int) -> Measured:
        """Train an epoch on `count` images; seconds for each image, compilation left out."""
        from reproduce.models import autoencoder as model
        from reproduce.models import training

        data = self._prepare(folder, size)
        step = training.training_step(model.build(0))
        for timed in (False, True):
            start = time.perf_counter()
            for batch in training.batches(count, batch_size, 0, int(timed)):
                float(step(data.chosen("train", batch)))
        return {"seconds": (time.perf_counter() - start) / count}

    def memory(self, folder: str, size: int, count: int, batch_size: int) -> Measured:
        """Prepare the images, train three steps on `count` of them; memory is the result."""
        from reproduce.models import autoencoder as model
        from reproduce.models import training

        start = time.perf_counter()
        data = self._prepare(folder, size)
        step = training.training_step(model.build(0))
        for number, batch in enumerate(training.batches(count, batch_size, 0, 0)):
            float(step(data.chosen("train", batch)))
            if number == 2:
                break
        return {"seconds": time.perf_counter() - start}

    def loading(self, folder: str, size: int, count: int) -> Measured:
        """Bring all splits' files to what the first step reads; the second time, find them."""
        import reproduce.data.preparation  # noqa: F401  imports are not timed

        start = time.perf_counter()
        data = self._prepare(folder, size)
        assert data.counts["train"] == count
        between = time.perf_counter()
        self._prepare(folder, size)
        return {"seconds": between - start, "warm_seconds": time.perf_counter() - between}

    def reconstruction(self, folder: str, size: int, count: int, weights: str) -> Measured:
        """Score the test images as the book does: also latents' PNGs, PSNR, SSIM, correlation."""
        return self.scoring(folder, size, count, weights)

    def preparing(self, folder: str, size: int, count: int) -> Measured:
        """Prepare many images."""
        import reproduce.data.preparation  # noqa: F401  imports are not timed

        start = time.perf_counter()
        data = self._prepare(folder, size)
        assert data.counts["test"] == count
        return {"seconds": time.perf_counter() - start}

    def scoring(self, folder: str, size: int, count: int, weights: str) -> Measured:
        """Score many images, prepared before."""
        from reproduce.measure import scores
        from reproduce.models import autoencoder as model

        autoencoder = model.build(0)
        with np.load(weights) as arrays:
            autoencoder.set_weights([arrays[name] for name in arrays.files])
        data = self._prepare(folder, size)
        assert data.counts["test"] == count
        with tempfile.TemporaryDirectory() as table:
            start = time.perf_counter()
            scores.score_images(autoencoder, data, Path(table))
            seconds = time.perf_counter() - start
        return {"seconds": seconds}

    def _prepare(self, folder: str, size: int) -> Any:
        from reproduce.data import preparation

        return preparation.prepare(_parameters(folder, size))


def _parameters(folder: str, size: int) -> Any:
    from reproduce.core.parameters import Parameters

    return Parameters(profile="benchmark", source="folder", folder=folder, image_size=size)


def _files(folder: str, split: str) -> list[Path]:
    return sorted(path for path in (Path(folder) / split).rglob("*") if path.suffix == ".jpg")


def main() -> None:
    """Do one thing and print what it took."""
    subject, thing, settings = sys.argv[1:]
    measured: Measured = getattr({"literal": Literal, "ours": Ours}[subject](), thing)(
        **json.loads(settings)
    )
    measured["peak_bytes"] = memory.peak()
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
