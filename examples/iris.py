"""Iris in continuous time, on the chip: network 4-10-3 (Lee et al. 2023, Table 2)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from examples.common import coding, draw_first_times, draw_loss, options, to_the_chip, trained, with_epochs
from neurodeploy.models.datasets.tables import Table, iris
from neurodeploy.models.forward_prop.recipe import IRIS
from neurodeploy.models.forward_prop.train import ForwardTrainer

#: Flowers that the network is not trained on.
TEST = 30


def main() -> None:
    arguments = options(__doc__)
    table = iris()
    # shorter at reduced size: fewer, larger steps
    recipe = replace(IRIS, epochs=20, learning_rate=0.1, batch_size=30) if arguments.quick else IRIS
    recipe = with_epochs(recipe, arguments)
    order = np.random.default_rng(arguments.seed).permutation(len(table.labels))
    train, test = order[TEST:], order[:TEST]
    latency = coding(recipe, table.features.min(axis=0), table.features.max(axis=0))
    times = latency.times(table.features)
    trainer = ForwardTrainer((4, 10, 3), times[train], table.labels[train], recipe, arguments.seed, arguments.threads)
    before = trainer.network()
    losses = trained(trainer)
    held_out = Table(table.features[test], table.labels[test], names=table.names)
    to_the_chip("iris", trainer.network(), latency, held_out, arguments)
    parts = [("before", before), ("after", trainer.network())]
    draw_first_times("iris", parts, times[test], table.labels[test], arguments.out)
    draw_loss("iris", losses, arguments.out)


if __name__ == "__main__":
    main()
