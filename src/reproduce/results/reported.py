"""What the paper reports: I. P. Wibowo, "CNN-Attention Autoencoder for Image Compression", 2023."""

TRAINING_IMAGES = 1295
"""Section III.A: "The training dataset contains 1295 images"."""

LOSS = 0.6
"""Section IV.A: "around 0.6 of loss" at each epoch."""

ORIGINAL_BYTES = 205_111
"""Figures 10 and 12: the test image's file."""

RECONSTRUCTION_BYTES = 120_902
"""Figure 10: the file of the reconstruction, which the paper calls the compressed image."""

RECONSTRUCTION_RATIO = 0.5894466898411104
"""Figure 10, there in per cent: 58.94466898411104."""

LATENT_BYTES = 55_945
"""Figure 12: the file of the encoder's output."""

LATENT_RATIO = 0.27275475230484957
"""Figure 12, there in per cent: 27.275475230484957."""

TEST_IMAGES = 128
"""Section IV.B."""

MEAN_RATIO = 0.6849762403517835
"""Figure 14: mean size ratio over the test images."""

IMAGE_PIXELS = 500 * 500
"""Section III.A: the size of its images."""

HEADLINE = {
    "training_images": TRAINING_IMAGES,
    "loss": LOSS,
    "original_bytes": ORIGINAL_BYTES,
    "original_bpp": 8 * ORIGINAL_BYTES / IMAGE_PIXELS,
    "reconstruction_bytes": RECONSTRUCTION_BYTES,
    "reconstruction_bpp": 8 * RECONSTRUCTION_BYTES / IMAGE_PIXELS,
    "reconstruction_ratio": RECONSTRUCTION_RATIO,
    "compression_ratio": 1 / RECONSTRUCTION_RATIO,
    "latent_ratio": LATENT_RATIO,
    "test_images": TEST_IMAGES,
    "mean_ratio": MEAN_RATIO,
}
"""The numbers that pages cite, by the names that `results.quantities` gives to ours."""
