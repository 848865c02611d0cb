"""The single numbers of a run that pages and claims name."""

from reproduce.measure import png
from reproduce.measure.rates import summary
from reproduce.models.loss import LOSS_OF_MID_GREY
from reproduce.results.run import Run


def quantities(run: Run) -> dict[str, float]:
    """Return the single numbers of a run that pages and claims name.

    What it could not measure, such as a correlation with a constant, is NaN. Those of its rates are
    there if the run has them.
    """
    data, training, example, test = run.data, run.training, run.example, run.test
    floor = training.loss_floor
    original, reconstruction = example.original_bytes, example.reconstruction_bytes
    clip, stretch = example.latent_clip_bytes, example.latent_stretch_bytes
    images = sum(data.images.values())
    size = "{0}x{0}".format(run.parameters["image_size"])
    of_size = sum(sizes.get(size, 0) for sizes in data.sizes.values())
    return {
        "training_images": data.images["train"],
        "images_of_all_splits": images,
        "share_of_image_size": of_size / images,
        **{f"model_{name}": count for name, count in run.model.items()},
        "first_loss": training.losses[0],
        "last_loss": training.losses[-1],
        "loss_floor": floor,
        "removed_excess": (LOSS_OF_MID_GREY - training.losses[-1]) / (LOSS_OF_MID_GREY - floor),
        "original_bytes": original,
        "reconstruction_bytes": reconstruction,
        "reconstruction_ratio": example.size_ratio,
        "latent_clip_bytes": clip,
        "latent_stretch_bytes": stretch,
        "latent_clip_ratio": png.size_ratio(clip, original),
        "latent_stretch_ratio": png.size_ratio(stretch, original),
        "latent_clip_to_output": clip / reconstruction,
        "latent_stretch_to_output": stretch / reconstruction,
        "latent_similarity": example.latent_similarity,
        "difference_contrast": example.difference_contrast,
        "correlation": example.attention_correlation,
        "signed_correlation": example.signed_attention_correlation,
        "test_images": test["size_ratio"].images,
        "mean_ratio": test["size_ratio"].mean,
        "mean_psnr": test["psnr_db"].mean,
        "psnr_lost_on_test": training.psnr_db - test["psnr_db"].mean,
        "mean_correlation": test["attention_correlation"].mean,
        "active_latent": test["active_latent"].mean,
    } | (summary.quantities(run.rates) if run.rates else {})
