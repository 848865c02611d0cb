"""Training: losses, with their floor, and times."""

from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from reproduce.chapters.points import Plot
from reproduce.chapters.style import BLUE, GREEN, ORANGE, VERMILION
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
    return figure


def epoch_times(seconds: Sequence[float]) -> Plot:
    """Plot the wall time of each epoch."""
    figure = Plot(figsize=(7.0, 2.0))
    axes = figure.subplots()
    bars = axes.bar(np.arange(1, len(seconds) + 1), seconds, width=0.6, color=GREEN)
    figure.tell(bars, "time", [f"epoch {n}: {v:.1f} seconds" for n, v in enumerate(seconds, 1)])
    axes.set(xlabel="epoch", ylabel="time (s)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


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
