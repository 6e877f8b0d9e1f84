"""Yin-Yang in continuous time, on the chip: network 5-150-3 (Lee et al. 2023, Table 3). In full: minutes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from examples.common import coding, draw_first_times, draw_loss, options, to_the_chip, trained, with_epochs
from examples.surrogate import draw_comparison, surrogate_trained, surrogate_trainer
from neurodeploy.models.datasets.tables import yin_yang
from neurodeploy.models.forward_prop.recipe import YIN_YANG
from neurodeploy.models.forward_prop.train import ForwardTrainer


def main() -> None:
    arguments = options(__doc__, {"--surrogate": "train with SLAYER's surrogate gradient as well, and draw both"})
    hidden, samples, recipe = 150, (5000, 1000), YIN_YANG
    if arguments.quick:
        hidden, samples, recipe = 30, (1000, 200), replace(YIN_YANG, epochs=40, learning_rate=0.01, batch_size=50)
    recipe = with_epochs(recipe, arguments)
    train, test = (yin_yang(count, 2 * arguments.seed + k) for k, count in enumerate(samples))
    latency = coding(recipe, np.zeros(2), np.ones(2))
    sizes = (latency.inputs, hidden, 3)
    trainer = ForwardTrainer(
        sizes, latency.times(train.features), train.labels, recipe, arguments.seed, arguments.threads
    )
    before = trainer.network()
    losses, shares = trained(trainer)
    if arguments.surrogate:
        other = surrogate_trainer(before, trainer.times, trainer.labels, recipe, arguments.seed)
        curves = {"exact gradient": (losses, shares), "SLAYER's surrogate": surrogate_trained(other)}
        draw_comparison("yin_yang", curves, arguments.out)
    to_the_chip("yin_yang", trainer.network(), latency, test, arguments)
    parts = [("before", before), ("after", trainer.network())]
    draw_first_times("yin_yang", parts, latency.times(test.features), test.labels, arguments.out)
    draw_loss("yin_yang", losses, arguments.out)


if __name__ == "__main__":
    main()
