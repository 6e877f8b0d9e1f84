"""`compare`: runs side by side, recording by recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from neurodeploy.emulator.simulation import Spikes
from neurodeploy.errors import OptionError
from neurodeploy.reporting import side_by_side as side
from neurodeploy.reporting.pairing import Pairing
from neurodeploy.runtime.agreement import LayerAgreement, agreements, first_apart, spike_counts
from neurodeploy.runtime.outputs import Outputs
from neurodeploy.runtime.record import LayerSpikes, RunRecord, load_record
from neurodeploy.shown import Shown

SCHEMA = "neurodeploy.compare/1"


@dataclass(frozen=True)
class Comparison(Shown, drawn_by="neurodeploy.plotting.answers"):
    """Runs side by side over the recordings that all of them have.

    Attributes:
        recordings: how many these are; 0: nothing was compared, and there are neither runs nor pairs.
        runs: one view per run; pairs: one per two runs, in their order.
    """

    recordings: int
    runs: tuple[side.RunView, ...]
    pairs: tuple[side.PairView, ...]

    def as_dict(self) -> dict[str, Any]:
        """The object of `compare --json`."""
        return {
            "schema": SCHEMA,
            "recordings": self.recordings,
            "runs": [run.as_dict() for run in self.runs],
            "pairs": [pair.as_dict() for pair in self.pairs],
        }


def compare(runs: Sequence[RunRecord | str | Path]) -> Comparison:
    """Put runs side by side, recording by recording.

    Args:
        runs: two or more records, or paths of `.ndr` files; recordings are matched by their file names.

    Raises:
        OptionError: fewer than two runs.
        FormatError: a missing or damaged file.
        DataError: recordings with different labels in two runs.
    """
    if len(runs) < 2:
        raise OptionError("compare", f"is given {len(runs)} run(s)", "give two or more, as neurodeploy run -o writes")
    records = [run if isinstance(run, RunRecord) else load_record(Path(run)) for run in runs]
    return compared(dict(zip(_names(runs), records, strict=True)))


def compared(records: Mapping[str, RunRecord]) -> Comparison:
    """`compare` of records that have names already."""
    keys = side.common_keys(list(records.values()))
    if not keys:
        return Comparison(0, (), ())
    labels = side.labels_of([side.samples_of(record, keys) for record in records.values()])
    return Comparison(
        recordings=len(keys),
        runs=tuple(side.run_view(name, record, keys, labels) for name, record in records.items()),
        pairs=tuple(_pair(a, b, keys, labels) for a, b in combinations(records.items(), 2)),
    )


def _names(runs: Sequence[RunRecord | str | Path]) -> list[str]:
    """Stems of files where these tell them apart, else their paths; numbers for records."""
    short = [f"run {i}" if isinstance(run, RunRecord) else Path(run).stem for i, run in enumerate(runs, 1)]
    shown = Counter(short)
    names = [name if shown[name] == 1 else str(run) for name, run in zip(short, runs, strict=True)]
    return names if len(set(names)) == len(names) else [f"{name} ({i})" for i, name in enumerate(names, 1)]


def _pair(
    first: tuple[str, RunRecord],
    second: tuple[str, RunRecord],
    keys: Sequence[side.Key],
    labels: Sequence[int | str | None],
) -> side.PairView:
    left, right = (side.samples_of(record, keys) for _, record in (first, second))
    pairing = Pairing.of([s["prediction"] for s in left], [s["prediction"] for s in right], labels)
    changed = tuple(
        {"file": keys[i][0], "label": labels[i], "predictions": [left[i]["prediction"], right[i]["prediction"]]}
        for i in pairing.changed
    )
    view = side.PairView((first[0], second[0]), pairing, changed, _outputs_alike(first[1], second[1], keys))
    return _with_raster(view, first[1], second[1], keys)


def _outputs_alike(first: RunRecord, second: RunRecord, keys: Sequence[side.Key]) -> LayerAgreement | None:
    """Equal output spikes of all common recordings."""
    if first.outputs is None or second.outputs is None:
        return None
    chosen = [record.outputs.only(side.positions(record, keys)) for record in (first, second) if record.outputs]
    steps = max(int(outputs.steps.max()) for outputs in chosen)

    def flat(outputs: Outputs) -> list[Spikes]:
        return [Spikes(outputs.recording * steps + outputs.step, outputs.neuron)]

    return agreements([first.run["populations"][-1]["name"]], spike_counts(*map(flat, chosen)))[0]


def _with_raster(view: side.PairView, first: RunRecord, second: RunRecord, keys: Sequence[side.Key]) -> side.PairView:
    """With equal spikes by layer where both records hold those of the same recording and the same populations."""
    one, other = first.raster, second.raster
    if one is None or other is None or one.file != other.file or (one.file, 0) not in keys:
        return view
    layers, others = one.populations[1:], other.populations[1:]
    names = [layer.name for layer in layers]
    if names != [layer.name for layer in others]:
        return view
    apart = first_apart(layers, others)
    difference = apart and {
        "recording": one.file,
        "population": names[apart[1]],
        "neuron": apart[2],
        "step": apart[0],
        "variable": "spikes",
        "values": [_value(run[apart[1]], apart[0], apart[2]) for run in (layers, others)],
        "likely_cause": None,
    }
    counted = agreements(names, spike_counts(layers, others))
    return replace(view, layers=counted, layers_of=one.file, first_difference=difference)


def _value(spikes: LayerSpikes, step: int, neuron: int) -> int:
    """What a neuron sent in a step, 0 where it was silent."""
    at = (spikes.step == step) & (spikes.neuron == neuron)
    return int(at.sum() if spikes.payload is None else spikes.payload[at].sum())
