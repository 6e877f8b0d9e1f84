"""`timesteps`: what a network in continuous time loses on its way to the chip, at one time step after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy import api
from neurodeploy.compiler import Program
from neurodeploy.errors import DataError, MissingPackageError, OptionError
from neurodeploy.models.forward_prop.discrete import first_steps
from neurodeploy.models.forward_prop.file import load_forward
from neurodeploy.models.forward_prop.kernel import good_timesteps
from neurodeploy.models.forward_prop.network import FloatArray, ForwardNetwork
from neurodeploy.models.forward_prop.simulate import simulate
from neurodeploy.models.forward_prop.spikes import Spikes, listed
from neurodeploy.models.forward_prop.stepped import stepped
from neurodeploy.precision import IntArray
from neurodeploy.provenance import provenance
from neurodeploy.runtime.first_spikes import is_tie
from neurodeploy.runtime.run import Run
from neurodeploy.runtime.session import Session
from neurodeploy.spikes.latency import Latency
from neurodeploy.spikes.sample import Sample
from neurodeploy.spikes.samples import find_samples, recording_of

SCHEMA = "neurodeploy.timestep/1"
#: Steps that a recording has, about, at the time steps that are tried by default.
TRIED_STEPS = (800, 400, 200, 100, 50)
#: How far from these a time step may lie whose decays are whole numbers.
_WIDTH = 1.25
#: Points of accuracy that may be lost by default.
MAX_LOSS = 1.0

Source = str | Path | tuple[ForwardNetwork, Latency]


@dataclass(frozen=True)
class TimeStep:
    """A time step, and what is right at each stage; shares 0 … 1.

    Attributes:
        timestep_ms: length of a step.
        steps: of a recording.
        rate_error: relative error of the worse of the two rates, whose decays have twelve bits.
        stepped: float64, decays and weights as they are: what the step costs.
        integer: decays, states and thresholds in the chip's integers, weights as they are; None without torch.
        bits: weights of so many bits, on the chip's arithmetic.
        loss: points from continuous time to bits, 100 (continuous − bits).
        ties: recordings in which several outputs fired first, on the chip.
        silent: recordings without an output spike, on the chip.
        cores: that the program takes.
    """

    timestep_ms: float
    steps: int
    rate_error: float
    stepped: float
    integer: float | None
    bits: float
    loss: float
    ties: int
    silent: int
    cores: int


@dataclass(frozen=True)
class TimeSteps:
    """What `timesteps` found.

    Attributes:
        recordings: that were run.
        continuous: accuracy in continuous time, 0 … 1.
        silent: recordings without an output spike in continuous time.
        weight_bits: of the last stage.
        target: that it was compiled for.
        max_loss: points that may be lost.
        points: from the longest step to the shortest.
        chosen_ms: the longest step that loses no more; None: none of those tried.
        provenance: versions and command.
    """

    recordings: int
    continuous: float
    silent: int
    weight_bits: int
    target: str
    max_loss: float
    points: tuple[TimeStep, ...]
    chosen_ms: float | None
    provenance: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, schema `neurodeploy.timestep/1`."""
        return {"schema": SCHEMA, **asdict(self)}


def timesteps(
    source: Source,
    data: str | Path,
    timestep_ms: Sequence[float] | None = None,
    target: str = "loihi1",
    weight_bits: int = 8,
    *,
    max_loss: float = MAX_LOSS,
    split: str | None = None,
    limit: int | None = None,
    threads: int = 1,
    progress: Callable[[float], None] = lambda part: None,
    command: Sequence[str] = ("nd.timesteps",),
) -> TimeSteps:
    """Accuracy by first spikes in continuous time, in steps, in integers and in few bits.

    Args:
        source: a `.npz` file, or a network with the coding of its input.
        data: a table of features (`.csv`) or spike files, with labels.
        timestep_ms: lengths of a step; None: such that twelve bits hold their decays well, of about 50 to 800 steps.
        target: as `compile` has it.
        weight_bits: 1 … 8.
        max_loss: points of accuracy that may be lost from continuous time to the last stage, 0 … 100.
        split: only the recordings of this split.
        limit: only so many.
        threads: recordings run side by side.
        progress: told which part of a time step's recordings has been run since.
        command: for the provenance.

    Raises:
        OptionError: no time steps, one twice or that suits the network badly, or a loss outside its range.
        DataError: recordings without labels, labels that are no outputs, or features outside the coding's ranges.
        NeurodeployError: what else cannot be read, compiled or run.
    """
    network, latency = load_forward(source) if isinstance(source, (str, Path)) else source
    wanted = tried_timesteps(network) if timestep_ms is None else tuple(timestep_ms)
    if not wanted or len(set(wanted)) < len(wanted):
        raise OptionError("time steps", "are none, or one is given twice", "give each once")
    if not 0 <= max_loss <= 100:
        raise OptionError("greatest loss", f"of {max_loss} points is outside 0 … 100", "give points of accuracy")
    samples = find_samples(data, split, limit)
    labels = _labels(samples, network.sizes[-1])
    inputs = spikes_of(samples, latency, network.sizes[0])
    times = simulate(network, inputs, threads=threads).output.first_times()
    continuous = first_right(times, labels)
    points = []
    for step in sorted(wanted, reverse=True):
        here = first_right(first_steps(network, inputs, step), labels)
        points.append(_point(network, latency, samples, step, (continuous, here), (target, weight_bits), threads))
        progress(float(len(samples)))
    silent = int((~np.isfinite(times)).all(axis=1).sum())
    chosen = next((point.timestep_ms for point in points if point.loss <= max_loss + 1e-9), None)
    made = provenance(command)
    return TimeSteps(len(samples), continuous, silent, weight_bits, target, max_loss, tuple(points), chosen, made)


def tried_timesteps(network: ForwardNetwork) -> tuple[float, ...]:
    """Time steps in ms of about 800, 400, 200, 100 and 50 steps whose decays twelve bits hold well."""
    found: dict[float, None] = {}  # in order, each once
    for steps in TRIED_STEPS:
        middle = network.horizon_ms / steps
        try:
            step = good_timesteps(network, middle / _WIDTH, middle * _WIDTH)[0].timestep_ms
        except OptionError:  # so short that no decay is a whole number
            continue
        found[step] = None
    if not found:
        raise OptionError("time step", "suits the network's rates at no length tried", "give --timestep-ms")
    return tuple(found)


def first_right(times: FloatArray, labels: IntArray) -> float:
    """Share of recordings whose label's output fires first, the lowest on ties; silent ones are wrong.

    Args:
        times: of first spikes, (recordings, outputs), in any unit; NaN or infinite: silent.
        labels: (recordings,).
    """
    known = np.where(np.isfinite(times), times, np.inf)
    return float(np.mean((np.argmin(known, axis=1) == labels) & np.isfinite(known).any(axis=1)))


def spikes_of(samples: Sequence[Sample], latency: Latency | None, inputs: int) -> Spikes:
    """The input spikes of recordings in continuous time.

    Raises:
        DataError: features without coding or outside its ranges, or events outside the inputs.
        FormatError: a file that cannot be read.
    """
    recordings = [recording_of(sample, latency) for sample in samples]
    row = np.repeat(np.arange(len(recordings)), [len(recording) for recording in recordings])
    column = np.concatenate([recording.neurons((inputs,)) for recording in recordings])
    time = np.concatenate([recording.time_us for recording in recordings]) / 1000
    return listed(row, column, time, (len(recordings), inputs))


def _labels(samples: Sequence[Sample], outputs: int) -> IntArray:
    for sample in samples:
        if sample.label is None:
            raise DataError(sample.file, "has no label", "accuracy needs one for every recording")
        if sample.label >= outputs:
            problem = f"label {sample.label} is outside the {outputs} outputs"
            raise DataError(sample.file, problem, "correct the labels or give the network it belongs to")
    return np.array([sample.label for sample in samples], np.int64)


def _point(
    network: ForwardNetwork,
    latency: Latency,
    samples: Sequence[Sample],
    step: float,
    before: tuple[float, float],
    chip: tuple[str, int],
    threads: int,
) -> TimeStep:
    """One time step; `before`: the accuracy of continuous time and of float steps, `chip`: target and bits."""
    made = stepped(network, step, latency)
    program = api.compile(made.network, *chip)
    runs = Session(program).run_all(samples, threads)
    bits = _share(runs)
    return TimeStep(
        timestep_ms=step,
        steps=runs[0].steps,
        rate_error=made.kernel.error,
        stepped=before[1],
        integer=_float_weights(program, samples, threads),
        bits=bits,
        loss=100 * (before[0] - bits),
        ties=sum(bool(is_tie(run)) for run in runs),
        silent=sum(run.prediction is None for run in runs),
        cores=program.summary["cores"],
    )


def _float_weights(program: Program, samples: Sequence[Sample], threads: int) -> float | None:
    try:
        session = Session(program, "torch")
    except MissingPackageError:
        return None
    return _share(session.run_all(samples, threads))


def _share(runs: Sequence[Run]) -> float:
    return sum(run.prediction == run.label for run in runs) / len(runs)
