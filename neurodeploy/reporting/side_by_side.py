"""Runs side by side: what each did over the recordings that all of them have, and how any two of them differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import itemgetter
from typing import Any

import numpy as np

from neurodeploy.errors import DataError
from neurodeploy.reporting.accuracy import Class, accuracy, confusion_of, wilson
from neurodeploy.reporting.findings import Finding
from neurodeploy.reporting.over_time import Told, Wanted
from neurodeploy.reporting.pairing import Pairing
from neurodeploy.reporting.summary import findings_of
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
        name, backend, program_sha256, target, cores, cores_available: of the run; fits: whether no core uses more than
            it has; weight_bits: of its finest weights, None if unknown.
        recordings: common ones; left_out: of its own that others do not have; silent: without an answer.
        accuracy: see `reporting.accuracy`; confusion: by class; None without labels.
        over_time, latency: see `reporting.over_time`; None where output spikes were not kept.
        populations: name and mean spikes a recording, None where only totals over other recordings are known.
        joules: predicted for a recording, mean, by name of the constants; updates_counted: whether the backend tells
            active neuron updates from idle ones; if not, all are taken for active, and that costs more.
        steps: of a recording, mean; dropped: events past the last step, of the common recordings.
        steps_per_second: of the whole run, None where that is unknown.
        findings: of the whole run, see `reporting.findings`.
    """

    name: str
    backend: str
    program_sha256: str
    target: str
    cores: int
    cores_available: int
    fits: bool
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
    updates_counted: bool
    steps: float
    dropped: int
    steps_per_second: float | None
    findings: tuple[Finding, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dict(vars(self))


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
    files: list[str] = list(map(itemgetter("file"), record.run["samples"]))
    if len(set(files)) == len(files):
        return list(zip(files, repeat(0)))
    seen: Counter[str] = Counter()
    keys = []
    for file in files:
        keys.append((file, seen[file]))
        seen[file] += 1
    return keys


def common_keys(every: Sequence[Sequence[Key]]) -> Sequence[Key]:
    """Recordings that all runs have, in the order of the first; recordings of each run, the first one's first."""
    first, *others = every
    shared = set(first).intersection(*(other for other in others if other != first))
    return first if len(shared) == len(first) else [key for key in first if key in shared]


@dataclass(frozen=True, eq=False)
class Chosen:
    """What a run holds of the common recordings, laid out once, in their order.

    Attributes:
        record: the run; keys: the common recordings, (recordings,).
        samples, predictions: of them, (recordings,).
        outputs: of them; None where the record holds none.
    """

    record: RunRecord
    keys: Sequence[Key]
    samples: tuple[Sample, ...]
    predictions: tuple[int | None, ...]
    outputs: Outputs | None

    @classmethod
    def of(cls, record: RunRecord, mine: Sequence[Key], keys: Sequence[Key]) -> Chosen:
        """The recordings `keys`, all of which the run has among its own, `mine`."""
        samples, outputs = record.run["samples"], record.outputs
        if mine != keys:
            place = {key: position for position, key in enumerate(mine)}
            at = np.array([place[key] for key in keys], np.int64)
            samples = [samples[i] for i in at]
            outputs = None if outputs is None else outputs.only(at)
        return cls(record, keys, tuple(samples), tuple(map(itemgetter("prediction"), samples)), outputs)


#: A run with its name.
Named = tuple[str, Chosen]


def labels_of(chosen: Sequence[Sequence[Sample]]) -> list[int | str | None]:
    """The label of every recording, from any run that knows it.

    Args:
        chosen: samples of the same recordings in every run.

    Raises:
        DataError: runs that say different labels.
    """
    labels: list[int | str | None] = []
    for samples in chosen:
        mine = list(map(itemgetter("label"), samples))
        if mine != labels:
            labels = [
                _label(sample, known) for sample, known in zip(samples, labels or [None] * len(mine), strict=True)
            ]
    return labels


def _label(sample: Sample, known: int | str | None) -> int | str | None:
    """The label of a recording by this run and those before it."""
    mine: int | str | None = sample["label"]
    if known is None or mine is None:
        return known if mine is None else mine
    if mine != known:
        problem = f"is labelled {known} in one run and {mine} in another"
        raise DataError(str(sample["file"]), problem, "compare runs of the same recordings")
    return known


def run_view(name: str, chosen: Chosen, labels: Sequence[int | str | None], wanted: Wanted) -> RunView:
    """One run over the common recordings; see `RunView`.

    Args:
        name: of the run.
        chosen: its common recordings.
        labels: of the recordings.
        wanted: the same labels laid out.
    """
    record, run, outputs = chosen.record, chosen.record.run, chosen.outputs
    answered: Counter[tuple[Class, Class]] = Counter(zip(labels, chosen.predictions, strict=True))
    correct = sum(count for (label, answer), count in answered.items() if label is not None and label == answer)
    told = None if outputs is None else Told.of(outputs, wanted)
    return RunView(
        name=name,
        backend=run["backend"],
        program_sha256=run["program_sha256"],
        target=record.compile["target"],
        cores=record.compile["cores"],
        cores_available=record.compile["cores_available"],
        fits=all(limit["used_max"] <= limit["max"] for limit in record.compile["limits"]),
        weight_bits=max((row["bits"] for row in record.quantization), default=None),
        recordings=len(labels),
        left_out=len(run["samples"]) - len(labels),
        silent=chosen.predictions.count(None),
        accuracy=accuracy({"correct": correct, "total": len(labels) - labels.count(None)}),
        confusion=confusion_of(answered),
        over_time=told.over_time() if told else None,
        latency=told.latency() if told else None,
        populations=_populations(record, outputs, len(labels)),
        joules=_joules(chosen.samples),
        updates_counted=run["events"]["neuron_updates"]["active"] is not None,
        steps=sum(map(itemgetter("steps"), chosen.samples)) / len(labels),
        dropped=sum(map(itemgetter("events_dropped"), chosen.samples)),
        steps_per_second=run["steps_per_second"],
        findings=tuple(findings_of(record)),
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
    told = [sample.get("predictions", ()) for sample in samples]
    sets = min(map(len, told), default=0)
    found = {}
    for k in range(sets):
        column = [each[k] for each in told]
        names = set(map(itemgetter("constants"), column))
        if len(names) == 1:
            found[names.pop()] = sum(map(itemgetter("joules"), column)) / len(samples)
    return found
