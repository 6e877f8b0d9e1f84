"""Runs side by side: what each did over the recordings that all of them have, and how any two of them differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neurodeploy.errors import DataError
from neurodeploy.precision import IntArray
from neurodeploy.reporting.accuracy import accuracy, confusion, wilson
from neurodeploy.reporting.over_time import latency, over_time
from neurodeploy.reporting.pairing import Pairing
from neurodeploy.runtime.agreement import LayerAgreement
from neurodeploy.runtime.outputs import Outputs
from neurodeploy.runtime.record import RunRecord

#: A recording: its file, and the how many-th of that name it is, since rasters have none.
Key = tuple[str, int]
Sample = Mapping[str, Any]


@dataclass(frozen=True)
class RunView:
    """One run over the common recordings.

    Attributes:
        name, backend, program_sha256, target, cores: of the run; weight_bits: of its finest weights, None if unknown.
        recordings: common ones; left_out: of its own that others do not have; silent: without an answer.
        accuracy: see `reporting.accuracy`; confusion: by class; None without labels.
        over_time, latency: see `reporting.over_time`; None where output spikes were not kept.
        populations: name and mean spikes a recording, None where only totals over other recordings are known.
        joules: predicted for a recording, mean, by name of the constants.
    """

    name: str
    backend: str
    program_sha256: str
    target: str
    cores: int
    weight_bits: int | None
    recordings: int
    left_out: int
    silent: int
    accuracy: dict[str, Any] | None
    confusion: dict[str, Any] | None
    over_time: dict[str, Any] | None
    latency: dict[str, Any] | None
    populations: tuple[dict[str, Any], ...]
    joules: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class PairView:
    """Two runs over the common recordings.

    Attributes:
        runs: their names.
        pairing: who answers what, and who is right.
        changed: recordings that are answered otherwise: file, label and both predictions.
        output: equal output spikes of all recordings; None where they were not kept.
        layers: equal spikes by population, the input left out; layers_of: of which recording, None: of all.
        first_difference: recording, population, neuron, step, variable, values of both, and the likely cause, null
            where only spikes are known; None where nothing differs or nothing was compared.
    """

    runs: tuple[str, str]
    pairing: Pairing
    changed: tuple[dict[str, Any], ...]
    output: LayerAgreement | None
    layers: tuple[LayerAgreement, ...] = ()
    layers_of: str | None = None
    first_difference: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        pairing = self.pairing
        low, high = wilson(pairing.same, pairing.recordings)
        return {
            "runs": list(self.runs),
            "same": pairing.same,
            "share": pairing.same / pairing.recordings,
            "interval_95": [low, high],
            "right": {name: getattr(pairing, name) for name in ("both", "neither", "only_first", "only_second")},
            "p_value": pairing.p_value,
            "changed": list(self.changed),
            "output": self.output and self.output.as_dict(),
            "layers": [layer.as_dict() for layer in self.layers],
            "layers_of": self.layers_of,
            "first_difference": self.first_difference,
        }


def keys_of(record: RunRecord) -> list[Key]:
    """Every recording of a run, (samples,)."""
    seen: Counter[str] = Counter()
    keys = []
    for sample in record.run["samples"]:
        keys.append((sample["file"], seen[sample["file"]]))
        seen[sample["file"]] += 1
    return keys


def common_keys(records: Sequence[RunRecord]) -> list[Key]:
    """Recordings that all runs have, in the order of the first."""
    first, *others = [set(keys_of(record)) for record in records]
    shared = first.intersection(*others)
    return [key for key in keys_of(records[0]) if key in shared]


def positions(record: RunRecord, keys: Sequence[Key]) -> IntArray:
    """Where these recordings stand among the run's own, (keys,)."""
    place = {key: position for position, key in enumerate(keys_of(record))}
    return np.array([place[key] for key in keys], np.int64)


def samples_of(record: RunRecord, keys: Sequence[Key]) -> list[Sample]:
    """The samples of these recordings."""
    return [record.run["samples"][i] for i in positions(record, keys)]


def labels_of(chosen: Sequence[Sequence[Sample]]) -> list[int | str | None]:
    """The label of every recording, from any run that knows it.

    Args:
        chosen: samples of the same recordings in every run.

    Raises:
        DataError: runs that say different labels.
    """
    labels: list[int | str | None] = []
    for same in zip(*chosen, strict=True):
        known = list(dict.fromkeys(sample["label"] for sample in same if sample["label"] is not None))
        if len(known) > 1:
            problem = f"is labelled {known[0]} in one run and {known[1]} in another"
            raise DataError(str(same[0]["file"]), problem, "compare runs of the same recordings")
        labels.append(known[0] if known else None)
    return labels


def run_view(name: str, record: RunRecord, keys: Sequence[Key], labels: Sequence[int | str | None]) -> RunView:
    """One run over the common recordings; see `RunView`."""
    run, chosen = record.run, positions(record, keys)
    samples = [{**run["samples"][i], "label": label} for i, label in zip(chosen, labels, strict=True)]
    outputs = None if record.outputs is None else record.outputs.only(chosen)
    correct = sum(s["prediction"] == s["label"] for s in samples if s["label"] is not None)
    counts = {"correct": correct, "total": sum(label is not None for label in labels)}
    return RunView(
        name=name,
        backend=run["backend"],
        program_sha256=run["program_sha256"],
        target=record.compile["target"],
        cores=record.compile["cores"],
        weight_bits=max((row["bits"] for row in record.quantization), default=None),
        recordings=len(keys),
        left_out=len(run["samples"]) - len(keys),
        silent=sum(s["prediction"] is None for s in samples),
        accuracy=accuracy(counts),
        confusion=confusion(samples),
        over_time=None if outputs is None else over_time(outputs, labels),
        latency=None if outputs is None else latency(outputs, labels),
        populations=_populations(record, outputs, len(keys)),
        joules=_joules(samples),
    )


def _populations(record: RunRecord, outputs: Outputs | None, recordings: int) -> tuple[dict[str, Any], ...]:
    rows = record.run["populations"]
    if outputs is not None:
        means: list[float | None] = outputs.layer_spikes.mean(axis=0).tolist()
    elif recordings == len(record.run["samples"]):
        means = [row["spikes"] / recordings for row in rows]
    else:
        means = [None] * len(rows)
    return tuple({"name": row["name"], "spikes": mean} for row, mean in zip(rows, means, strict=True))


def _joules(samples: Sequence[Sample]) -> dict[str, float]:
    """Mean over recordings by constants; only sets that every recording was predicted by."""
    found = [{p["constants"]: p["joules"] for p in sample.get("predictions", [])} for sample in samples]
    return {name: sum(each[name] for each in found) / len(found) for name in found[0] if all(name in f for f in found)}
