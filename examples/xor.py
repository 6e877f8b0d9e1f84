"""XOR in continuous time, on the chip: exact gradients of firing times, network 2-4-2 (Lee et al. 2023, Table 1)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from examples.common import coding, draw_first_times, draw_loss, options, potential, to_the_chip, trained, with_epochs
from neurodeploy.models.datasets.tables import xor
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.recipe import XOR
from neurodeploy.models.forward_prop.train import ForwardTrainer


def draw_voltages(parts: list[tuple[str, ForwardNetwork]], times: np.ndarray, out: Path) -> None:
    figure = Figure(figsize=(10, 2 * len(parts) + 1), layout="constrained")
    grid = figure.subplots(len(parts), len(times), sharex=True, sharey=True)
    for row, (title, network) in zip(grid, parts, strict=True):
        at = np.linspace(0, network.horizon_ms, 1000)
        for k, (axes, recording) in enumerate(zip(row, times, strict=True)):
            for output, v in enumerate(potential(network, recording, at).T):
                axes.plot(at, v, label=f"output {output}")
            axes.axhline(network.threshold, color="0.6", linewidth=0.8)
            axes.set_title(f"{title}, {k >> 1} xor {k & 1}", fontsize=9)
    grid[0][0].legend(fontsize=8)
    for axes in grid[-1]:
        axes.set_xlabel("ms")
    figure.savefig(out / "xor_voltages.svg")


def main() -> None:
    arguments = options(__doc__)
    table, recipe = xor(), with_epochs(replace(XOR, epochs=60) if arguments.quick else XOR, arguments)
    latency = coding(recipe, np.zeros(2), np.ones(2))
    times = latency.times(table.features)
    trainer = ForwardTrainer((2, 4, 2), times, table.labels, recipe, arguments.seed, arguments.threads)
    before = trainer.network()
    losses, _ = trained(trainer)
    to_the_chip("xor", trainer.network(), latency, table, arguments)
    parts = [("before", before), ("after", trainer.network())]
    draw_voltages(parts, times, arguments.out)
    draw_first_times("xor", parts, times, table.labels, arguments.out)
    draw_loss("xor", losses, arguments.out)


if __name__ == "__main__":
    main()
