"""Iris in continuous time, on the chip: 4 features, 10 hidden neurons, 3 classes (Lee et al. 2023, Table 2)."""

from __future__ import annotations

from dataclasses import replace

from examples.common import coding, draw_first_times, draw_loss, options, to_the_chip, trained, with_epochs
from neurodeploy.models.datasets.tables import Table, divided, iris
from neurodeploy.models.forward_prop.recipe import IRIS
from neurodeploy.models.forward_prop.train import ForwardTrainer

#: Share of each class that the network is not trained on.
TEST = 0.2


def main() -> None:
    arguments = options(__doc__)
    table = iris()
    # shorter at reduced size: fewer, larger steps
    recipe = with_epochs(replace(IRIS, epochs=20, learning_rate=0.03) if arguments.quick else IRIS, arguments)
    train, test = divided(table.labels, TEST, arguments.seed)
    latency = coding(recipe, table.features.min(axis=0), table.features.max(axis=0))
    times = latency.times(table.features)
    trainer = ForwardTrainer(
        (latency.inputs, 10, 3), times[train], table.labels[train], recipe, arguments.seed, arguments.threads
    )
    before = trainer.network()
    losses, _ = trained(trainer)
    held_out = Table(table.features[test], table.labels[test], names=table.names)
    to_the_chip("iris", trainer.network(), latency, held_out, arguments)
    parts = [("before", before), ("after", trainer.network())]
    draw_first_times("iris", parts, times[test], table.labels[test], arguments.out)
    draw_loss("iris", losses, arguments.out)


if __name__ == "__main__":
    main()
