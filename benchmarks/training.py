"""How long training takes: one update of the N-MNIST networks, one iteration on a pattern of the Oxford size.

Usage: python -m benchmarks.training [THREADS]

Random input of N-MNIST's density, 0.5 %; medians of rounds after the first, wall time.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from time import perf_counter

import torch

from neurodeploy.models.formats.notation import parse_architecture
from neurodeploy.models.slayer.fire import Neuron
from neurodeploy.models.slayer.loss import SpikeCountLoss, SpikeTimeLoss
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.sparse import Spikes
from neurodeploy.models.slayer.spiking import Extras, build_network
from neurodeploy.models.slayer.srm import SrmNeuron
from neurodeploy.models.slayer.train import ADAM_EPSILON

CUBA = TrainedNeuron(80, 128, 1024, 1, 0)
SRM = SrmNeuron(threshold=10, synapse=10, refractory=1, depth=20)
STEPS, DENSITY = 300, 0.005


def spikes(steps: int, recordings: int, shape: tuple[int, ...], density: float) -> Spikes:
    draw = torch.Generator().manual_seed(0)
    return Spikes.of((torch.rand(steps, recordings, *shape, generator=draw) < density).float())


def report(name: str, rounds: int, update: Callable[[], None]) -> None:
    update()
    seconds = []
    for _ in range(rounds):
        start = perf_counter()
        update()
        seconds.append(perf_counter() - start)
    print(f"{name:52} {statistics.median(seconds) * 1e3:9.1f} ms   best {min(seconds) * 1e3:9.1f} ms", flush=True)


def classify(arch: str, neuron: Neuron, batch: int, piece: int, rounds: int) -> None:
    network = build_network(parse_architecture(arch), neuron, STEPS, extras=Extras(gain=2))
    pieces = [spikes(STEPS, piece, (34, 34, 2), DENSITY) for _ in range(batch // piece)]
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, eps=ADAM_EPSILON)
    loss, labels = SpikeCountLoss(60, 10), torch.arange(piece) % 10

    def update() -> None:
        optimizer.zero_grad()
        for part in pieces:
            torch.autograd.backward(loss(network(part), labels))
        optimizer.step()
        network.clamp_weights()

    name = "integer" if isinstance(neuron, TrainedNeuron) else "SRM"
    report(f"{arch}, {name}, {batch} x {STEPS} steps", rounds, update)


def pattern() -> None:
    network = build_network(parse_architecture("200-256-200"), CUBA, 1900)
    given = spikes(1900, 1, (200,), 0.005)
    desired = (torch.rand(1, 1900, 200, generator=torch.Generator().manual_seed(1)) < 0.027).float()
    loss = SpikeTimeLoss(torch.from_numpy(CUBA.srm_kernel / CUBA.peak), delay=1)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, eps=ADAM_EPSILON)

    def update() -> None:
        optimizer.zero_grad()
        torch.autograd.backward(loss(network(given), desired))
        optimizer.step()
        network.clamp_weights()

    report("200-256-200, integer, 1 x 1900 steps, spike times", 30, update)


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    pattern()
    for kind in (CUBA, SRM):
        classify("34x34x2-512-10", kind, 32, 32, 7)
    classify("34x34x2-12c5-2a-64c5-2a-10", CUBA, 32, 2, 2)
