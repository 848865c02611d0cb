"""Training: losses, with their floor, and times."""

from collections.abc import Sequence
from statistics import median

import numpy as np
from matplotlib.ticker import MaxNLocator

from reproduce.chapters.points import Plot
from reproduce.chapters.style import BLUE, ORANGE, VERMILION
from reproduce.core.markdown import table as markdown
from reproduce.results import reported


def training_curve(losses: Sequence[float], floor: float) -> Plot:
    """Plot the loss per epoch with its floor, and the excess above the floor."""
    epochs = np.arange(1, len(losses) + 1)
    figure = Plot(figsize=(7.0, 4.6))
    loss, excess = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1.6))
    above = np.asarray(losses) - floor
    (line,) = loss.plot(epochs, losses, "o-", color=BLUE, label="training loss")
    figure.tell(line, "loss", [f"epoch {n}: loss {v:.4f}" for n, v in enumerate(losses, 1)])
    loss.axhline(floor, color="black", ls="--", lw=1.2, label=f"floor {floor:.4f}")
    loss.axhline(reported.LOSS, color=ORANGE, ls=":", label=f"the paper: around {reported.LOSS}")
    loss.set(ylabel="loss (nat/pixel)")
    loss.legend()
    (line,) = excess.plot(epochs, above, "s-", color=VERMILION)
    figure.tell(
        line, "excess", [f"epoch {n}: {v:.4f} above the floor" for n, v in enumerate(above, 1)]
    )
    excess.set(xlabel="epoch", ylabel="loss − floor", yscale="log")
    excess.grid(which="minor", lw=0.3)
    excess.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.alt = (
        f"Two plots over {len(losses)} epochs. The loss goes from {losses[0]:.4f} to "
        f"{losses[-1]:.4f}, beside a floor of {floor:.4f}; what it has above the floor goes from "
        f"{above[0]:.4f} to {above[-1]:.4f}."
    )
    return figure


def epoch_times(seconds: Sequence[float]) -> str:
    """Say how long the first epoch took, and the others."""
    first, *others = seconds
    if not others:
        return f"The one epoch took {first:.1f} seconds"
    return (
        f"The first epoch took {first:.1f} seconds, since it includes compilation, and each of the "
        f"others {median(others):.1f} seconds (their median)"
    )


def beside_floor(loss: float, floor: float) -> str:
    """Say where a loss lies beside the floor, as the verb of a sentence."""
    return "lies below" if loss < floor else "lies above"


def loss_per_epoch(losses: Sequence[float], floor: float) -> str:
    """Return loss and excess above the floor of each epoch."""
    rows = [
        {"epoch": str(epoch), "loss": f"{loss:.4f}", "loss − floor": f"{loss - floor:.4f}"}
        for epoch, loss in enumerate(losses, start=1)
    ]
    return markdown(rows, right=["epoch", "loss", "loss − floor"])
