"""`sweep`: a network quantized to several numbers of bits, compiled for several targets, and run, point by point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from neurodeploy import api
from neurodeploy.compiler import Program
from neurodeploy.errors import DoesNotFitError, MissingPackageError, OptionError
from neurodeploy.network import CubaLif, Network
from neurodeploy.precision import IntArray
from neurodeploy.provenance import provenance
from neurodeploy.reporting.accuracy import accuracy
from neurodeploy.reporting.sweep_points import Baseline, Point, Sweep, with_fronts
from neurodeploy.reporting.yardstick import Yardstick
from neurodeploy.runtime.agreement import overall
from neurodeploy.runtime.batches import run_in_batches
from neurodeploy.runtime.run import Run, RunOptions
from neurodeploy.runtime.session import Input, Session


def sweep(
    network: Network,
    data: api.Data,
    weight_bits: Sequence[int] = range(2, 9),
    target: str | Sequence[str] = "loihi1",
    *,
    threads: int = 1,
    split: str | None = None,
    limit: int | None = None,
    progress: Callable[[float], None] = lambda part: None,
    command: Sequence[str] = ("nd.sweep",),
    run_options: RunOptions | None = None,
    **options: Any,
) -> Sweep:
    """Quantize, compile and run a network for every number of bits and every target.

    Args:
        network: float or integer.
        data: recordings, as `run` takes them.
        weight_bits: 1 … 8 each.
        target: names of targets, or paths of `.toml` files; one or several.
        threads: recordings run side by side.
        split: only the recordings of this split of the folder.
        limit: only so many.
        progress: told now and then which part of a recording has been run at one point since, the baseline being one.
        command: for the provenance.
        run_options: how recordings are run.
        **options: what else `api.compile` takes, for example objective="energy".

    Returns:
        A point for each; what a target cannot hold is a point that says so.

    Raises:
        OptionError: no bits or no targets, some twice, or bits outside 1 … 8.
        NeurodeployError: what cannot be read, quantized or run.
    """
    bits = sorted(weight_bits, reverse=True)
    targets = [target] if isinstance(target, str) else list(target)
    _check(bits, targets)
    items, chosen = api.inputs(data, split, limit), run_options or RunOptions()
    yardstick = Yardstick(network)
    points: list[Point] = []
    baseline: Baseline | None = None
    for name in targets:
        for width in bits:
            try:
                program = api.compile(network, name, width, **options)
            except DoesNotFitError as error:
                points.append(Point(width, name, fits=False, problem=str(error)))
                progress(float(len(items)))
                continue
            if baseline is None:
                baseline = _baseline(program, items, yardstick, chosen, threads, progress)
            points.append(_point(program, width, name, items, yardstick, chosen, threads, progress))
    return Sweep(len(items), baseline, with_fronts(points), provenance(command))


def _check(bits: Sequence[int], targets: Sequence[str]) -> None:
    if not bits or not targets:
        raise OptionError("sweep", "has no bits or no targets", "give at least one of each")
    if len(set(bits)) < len(bits) or len(set(targets)) < len(targets):
        raise OptionError("sweep", "is given some bits or targets twice", "give each once")
    if not 1 <= min(bits) <= max(bits) <= 8:
        raise OptionError("weight bits", f"{bits[-1]} … {bits[0]} are not within 1 … 8", "choose 1 to 8")


def _baseline(
    program: Program,
    items: Sequence[Input],
    yardstick: Yardstick,
    options: RunOptions,
    threads: int,
    progress: Callable[[float], None],
) -> Baseline:
    """Run the float network if there is one and torch can, else the program."""
    kind, session = "finest", None
    if program.source is not None and all(
        isinstance(p.neuron, (CubaLif, type(None))) for p in program.source.populations
    ):
        try:
            kind, session = "float", Session(program, "torch", options)
        except MissingPackageError:
            kind = "finest"
    (runs,) = run_in_batches(
        [session or Session(program, "emulator", options)], items, yardstick.keep, threads, progress
    )
    yardstick.answered(runs)
    return Baseline(kind, _accuracy(runs))


def _point(
    program: Program,
    bits: int,
    target: str,
    items: Sequence[Input],
    yardstick: Yardstick,
    options: RunOptions,
    threads: int,
    progress: Callable[[float], None],
) -> Point:
    counts: list[IntArray] = []
    session = Session(program, "emulator", options)
    (runs,) = run_in_batches(
        [session], items, lambda number, same: counts.append(yardstick.counts(number, same)), threads, progress
    )
    layers = yardstick.layers(np.sum(counts, axis=0))
    return Point(
        bits=bits,
        target=target,
        fits=True,
        cores=program.summary["cores"],
        changed=sum(row.changed for row in program.quantization),
        weights=sum(row.weights for row in program.quantization),
        accuracy=_accuracy(runs),
        silent=sum(run.prediction is None for run in runs),
        agreement=overall(layers).as_dict(),
        layers=tuple(layer.as_dict() for layer in layers),
        compared=yardstick.compared,
        pairing=yardstick.pairing(runs),
        joules={
            each[0].constants: sum(p.joules for p in each) / len(runs)
            for each in zip(*(run.predictions for run in runs), strict=True)
        },
    )


def _accuracy(runs: Sequence[Run]) -> dict[str, Any] | None:
    labelled = [run for run in runs if run.label is not None]
    return accuracy({"correct": sum(run.prediction == run.label for run in labelled), "total": len(labelled)})
