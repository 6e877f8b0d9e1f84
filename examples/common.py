"""What the examples of networks in continuous time share: training, the way to the chip, and figures."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import neurodeploy as nd
from neurodeploy.cli.timestep import timestep_text
from neurodeploy.models.datasets.tables import Table, write_table
from neurodeploy.models.forward_prop.file import save_forward
from neurodeploy.models.forward_prop.kernel import kernel
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.models.forward_prop.recipe import Recipe
from neurodeploy.models.forward_prop.simulate import simulate
from neurodeploy.models.forward_prop.train import ForwardTrainer
from neurodeploy.spikes.latency import Latency
from neurodeploy.stepping import tried_timesteps

#: Points of accuracy that may be lost on the way to the chip.
MAX_LOSS = 1.0


def options(about: str, flags: dict[str, str] | None = None) -> argparse.Namespace:
    """Flags: further ones, with what they do."""
    parser = argparse.ArgumentParser(description=about)
    for flag, meaning in (flags or {}).items():
        parser.add_argument(flag, action="store_true", help=meaning)
    parser.add_argument("--quick", action="store_true", help="at reduced size, in seconds")
    parser.add_argument("--out", type=Path, default=Path(), help="folder for the files and figures")
    parser.add_argument("--epochs", type=int, help="of training, instead of the recipe's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    return arguments


def with_epochs(recipe: Recipe, arguments: argparse.Namespace) -> Recipe:
    return replace(recipe, epochs=arguments.epochs or recipe.epochs)


def coding(recipe: Recipe, low: np.ndarray, high: np.ndarray) -> Latency:
    return Latency(
        tuple(map(float, low)),
        tuple(map(float, high)),
        recipe.early_ms,
        recipe.late_ms,
        recipe.largest_first,
        recipe.complement,
        recipe.bias_ms,
    )


def trained(trainer: ForwardTrainer, shown: int = 10) -> tuple[list[float], list[float]]:
    """Train to the end; the mean loss of every epoch, and the share that was right."""
    losses: list[float] = []
    shares: list[float] = []
    loss, correct = 0.0, 0
    for update in trainer.run():
        loss, correct = loss + update.loss, correct + update.correct
        if update.batch == update.batches:
            losses.append(loss / len(trainer.labels))
            shares.append(correct / len(trainer.labels))
            if update.epoch % max(trainer.recipe.epochs // shown, 1) == 0:
                print(f"epoch {update.epoch:4}  loss {losses[-1]:8.4f}  right {100 * shares[-1]:6.2f} %", flush=True)
            loss, correct = 0.0, 0
    return losses, shares


def to_the_chip(
    name: str, network: ForwardNetwork, latency: Latency, test: Table, arguments: argparse.Namespace
) -> None:
    """Save, find the time step, compile with 8-bit weights, run on the emulator, verify; stops where anything fails."""
    out, tried = arguments.out, tried_timesteps(network)
    net, table, program_file = out / f"{name}.npz", out / f"{name}.csv", out / f"{name}.ndp"
    save_forward(network, latency, net, overwrite=True)
    write_table(test, table, overwrite=True)
    found = nd.timesteps(net, table, tried[1:3] if arguments.quick else tried, max_loss=MAX_LOSS)
    print(f"\n{timestep_text(found.as_dict())}\n")
    if found.chosen_ms is None:
        raise SystemExit(f"{name}: every time step loses more than {MAX_LOSS} points")
    stepped = nd.load(net, dt=found.chosen_ms)
    assert isinstance(stepped, nd.Network)
    program = nd.compile(stepped, target="loihi1", weight_bits=8)
    nd.save(program, program_file, overwrite=True)
    runs = nd.run(program, table)
    assert isinstance(runs, list)
    right = sum(run.prediction == run.label for run in runs)
    print(f"emulator: {right} of {len(runs)} right, {100 * right / len(runs):.2f} %")
    same = nd.verify(program, table, limit=min(len(runs), 4 if arguments.quick else 20))
    print(f"reference == C emulator: {same.equal}")
    if not same.equal or found.continuous - right / len(runs) > MAX_LOSS / 100 + 1e-12:
        raise SystemExit(f"{name}: the chip does something else")
    print(f"written: {net}, {table}, {program_file}")


def potential(network: ForwardNetwork, times: np.ndarray, at: np.ndarray) -> np.ndarray:
    """V of the output neurons in one recording, eq. (5): (times, outputs)."""
    run = simulate(network, times[None])
    before = run.inputs if len(run.layers) == 1 else run.layers[-2].spikes
    v = np.zeros((len(at), network.sizes[-1]))
    for spikes, weight in ((before, network.weights[-1]), (run.output, None)):
        for neuron, time in zip(*spikes.of(0), strict=True):
            since = at - time
            if weight is not None:
                v += np.where(since > 0, kernel(network, np.maximum(since, 0)), 0)[:, None] * weight[neuron]
            else:
                fall = np.exp(-network.membrane_rate * np.maximum(since, 0))
                v[:, neuron] -= network.threshold * np.where(since > 0, fall, 0)
    return v


def draw_first_times(name: str, parts: list[tuple[str, ForwardNetwork]], times: np.ndarray, labels: np.ndarray,
                     out: Path) -> None:  # fmt: skip
    """Histograms of the outputs' first firing times: of the label's neuron, and of the others."""
    figure = Figure(figsize=(4 * len(parts), 3), layout="constrained")
    for axes, (title, network) in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
        first = simulate(network, times).output.first_times()
        own = np.arange(first.shape[1]) == labels[:, None]
        edges = np.linspace(0, network.horizon_ms, 41)
        for chosen, label in ((own, "of the label"), (~own, "of the others")):
            axes.hist(first[chosen & np.isfinite(first)], edges, alpha=0.6, label=label)
        axes.set(title=title, xlabel="first firing time (ms)", ylabel="outputs")
        axes.legend()
    figure.savefig(out / f"{name}_first_times.svg")


def draw_loss(name: str, losses: list[float], out: Path) -> None:
    figure = Figure(figsize=(4, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(np.arange(1, len(losses) + 1), losses)
    axes.set(xlabel="epoch", ylabel="loss a recording", yscale="log")
    figure.savefig(out / f"{name}_loss.svg")
