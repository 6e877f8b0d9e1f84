"""Yin-Yang by forward propagation: accuracy and time of several seeds. `python -m benchmarks.yin_yang --seeds 10`"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from time import perf_counter, process_time

import numpy as np

from neurodeploy.models.datasets.tables import Table, yin_yang
from neurodeploy.models.forward_prop.recipe import RECIPES, Recipe
from neurodeploy.models.forward_prop.spikes import FloatArray
from neurodeploy.models.forward_prop.train import ForwardTrainer
from neurodeploy.spikes.latency import Latency

#: Seeds of the data; the recipe was chosen on the second part.
TRAINING, VALIDATION, TEST = 42, 41, 40
#: Ranges of the features.
UNIT = np.zeros(2), np.ones(2)


def coded(table: Table, recipe: Recipe, low: FloatArray, high: FloatArray) -> FloatArray:
    latency = Latency(
        tuple(map(float, low)),
        tuple(map(float, high)),
        recipe.early_ms,
        recipe.late_ms,
        recipe.largest_first,
        recipe.complement,
        recipe.bias_ms,
    )
    return latency.times(table.features)


def train_one(seed: int, recipe: Recipe, threads: int = 1) -> tuple[float, float]:
    """Accuracy on validation and test data."""
    training = yin_yang(5000, TRAINING)
    trainer = ForwardTrainer((5, 150, 3), coded(training, recipe, *UNIT), training.labels, recipe, seed, threads)
    for _ in trainer.run():
        pass
    tables = [yin_yang(1000, part) for part in (VALIDATION, TEST)]
    validation, test = (float(np.mean(trainer.predicted(coded(t, recipe, *UNIT)) == t.labels)) for t in tables)
    return validation, test


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--recipe", default="yin-yang", choices=sorted(RECIPES))
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    recipe = replace(RECIPES[options.recipe], epochs=options.epochs)
    found = []
    for seed in range(options.first, options.first + options.seeds):
        wall, cpu = perf_counter(), process_time()
        validation, test = train_one(seed, recipe, options.threads)
        found.append(test)
        wall, cpu = perf_counter() - wall, process_time() - cpu
        load = os.getloadavg()[0]
        print(
            f"seed {seed}: validation {validation:.1%}, test {test:.1%}, "
            f"{wall:.0f} s ({cpu:.0f} s of one core, load {load:.1f})",
            flush=True,
        )
    print(f"mean {np.mean(found):.2%}, standard deviation {np.std(found):.2%}, paper 95.0 % (0.83)")


if __name__ == "__main__":
    main()
