"""What is told of every run of a comparison, in one row each: few runs side by side, or a table of a thousand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, pstdev, quantiles
from typing import Any

from neurodeploy.reporting.prediction import quantity
from neurodeploy.reporting.side_by_side import PairView, RunView
from neurodeploy.reporting.text import percent, share, visible

#: More layers than that are not told one by one.
MAX_LAYERS = 16
#: Of an energy whose backend counts no updates of neurons.
UNCOUNTED = "every update as active"
Value = float | str | None


@dataclass(frozen=True)
class Metric:
    """One thing that is told of every run.

    Attributes:
        title: of its row or column.
        values: to sort and to sum up by, None where nothing is known, (runs,).
        texts: as they are shown, (runs,).
        numeric: whether the values are numbers.
        show: a number as it is shown.
    """

    title: str
    values: tuple[Value, ...]
    texts: tuple[str, ...]
    numeric: bool = True
    show: Callable[[float], str] = lambda value: f"{value:,.4g}"

    def statistics(self) -> tuple[str, ...] | None:
        """Least, quartiles, most, mean and standard deviation of the runs; None of texts, or of less than two runs."""
        known = [value for value in self.values if isinstance(value, (int, float))]
        if not self.numeric or len(known) < 2:
            return None
        low, middle, high = quantiles(known, n=4, method="inclusive")
        found = (min(known), low, middle, high, max(known), fmean(known), pstdev(known))
        return tuple(self.show(value) for value in found)


def metrics(runs: Sequence[RunView], pairs: Sequence[PairView]) -> tuple[Metric, ...]:
    """Everything that is told of runs, of which some have something to tell.

    Args:
        runs: at least one.
        pairs: of the first with each other, (runs − 1,).
    """
    with_first = [None, *pairs]
    found = [
        _texts("backend", [run.backend for run in runs]),
        _texts("program", [run.program_sha256[:8] for run in runs]),
        _texts("target", [run.target for run in runs]),
        _numbers("cores", [run.cores for run in runs]),
        _numbers("weight bits", [run.weight_bits for run in runs]),
        *_accuracy(runs),
        *_answers(with_first),
        _numbers("steps a recording", [run.steps for run in runs], lambda value: f"{value:,.6g}"),
        _numbers("events dropped", [run.dropped for run in runs], lambda value: f"{value:,.7g}"),
        _numbers("problems and warnings", [sum(f["level"] != "note" for f in run.findings) for run in runs]),
        _numbers("silent recordings", [run.silent for run in runs]),
        *(_latency(title, [run.latency and run.latency[key] for run in runs]) for key, title in _LATENCIES),
        _shares("equal output spikes", [pair.output.share if pair and pair.output else None for pair in with_first]),
        *_layers(runs),
        *_joules(runs),
        _numbers("steps simulated a second", [run.steps_per_second for run in runs], lambda value: f"{value:,.0f}"),
        _numbers("recordings left out", [run.left_out or None for run in runs]),
    ]
    return tuple(metric for metric in found if any(value is not None for value in metric.values))


_LATENCIES = (("first_spike", "first spike, step"), ("right_from", "right from step"))


def _texts(title: str, values: Sequence[str]) -> Metric:
    shown = tuple(visible(value[:24]) for value in values)
    return Metric(title, shown, shown, numeric=False)


def _numbers(title: str, values: Sequence[float | None], show: Callable[[float], str] | None = None) -> Metric:
    write = show or (lambda value: f"{value:,.4g}" if isinstance(value, float) else f"{value:,}")
    return Metric(title, tuple(values), tuple("–" if v is None else write(v) for v in values), show=write)


def _shares(title: str, values: Sequence[float | None]) -> Metric:
    return _numbers(title, values, percent)


def _accuracy(runs: Sequence[RunView]) -> list[Metric]:
    found = [run.accuracy for run in runs]
    ends = [f"{share(a['interval_95'][0])} to {share(a['interval_95'][1])}" if a else None for a in found]
    interval = Metric("95 % interval", tuple(ends), tuple(end or "–" for end in ends), numeric=False)
    return [_shares("accuracy", [a["share"] if a else None for a in found]), interval]


def _answers(pairs: Sequence[PairView | None]) -> list[Metric]:
    """Against the first run."""
    found = [pair.pairing if pair else None for pair in pairs]
    return [
        _shares("same answers as the first", [p.same / p.recordings if p else None for p in found]),
        _numbers("right in the first alone", [p.only_first if p and p.labelled else None for p in found]),
        _numbers("right in this alone", [p.only_second if p and p.labelled else None for p in found]),
        _numbers("p, exact sign test", [p.p_value if p else None for p in found], lambda value: f"{value:.3g}"),
    ]


def _latency(title: str, found: Sequence[dict[str, Any] | None]) -> Metric:
    """Median, and behind it the 90th percentile."""
    known = [each if each and each["recordings"] else None for each in found]
    texts = [f"{each['median']:,} ({each['percentile_90']:,})" if each else "–" for each in known]
    return Metric(f"{title} (90th percentile)", tuple(each["median"] if each else None for each in known), tuple(texts))


def _layers(runs: Sequence[RunView]) -> list[Metric]:
    names = list(dict.fromkeys(p["name"] for run in runs for p in run.populations))
    means = [{p["name"]: p["spikes"] for p in run.populations} for run in runs]
    return [
        _numbers(f"spikes of {visible(name[:24])}", [mean.get(name) for mean in means], lambda value: f"{value:,.1f}")
        for name in names[:MAX_LAYERS]
    ]


def _joules(runs: Sequence[RunView]) -> list[Metric]:
    return [_energy(name, runs) for name in dict.fromkeys(name for run in runs for name in run.joules)]


def _energy(constants: str, runs: Sequence[RunView]) -> Metric:
    """A figure with all updates taken for active ones stands beside others of its kind alone: elsewhere it says what it
    is, and is neither sorted nor summed up with them.
    """
    title, known = f"energy, {visible(constants[:24])}", [run.joules.get(constants) for run in runs]
    found = _numbers(title, known, lambda value: quantity(value, "J"))
    alike = {run.updates_counted for run, value in zip(runs, known, strict=True) if value is not None}
    if alike == {True}:
        return found
    if alike == {False}:
        return replace(found, title=f"{title}, {UNCOUNTED}")
    counted = [run.updates_counted or value is None for run, value in zip(runs, known, strict=True)]
    return replace(
        found,
        values=tuple(value if own else None for value, own in zip(known, counted, strict=True)),
        texts=tuple(t if own else f"{t}, {UNCOUNTED}" for t, own in zip(found.texts, counted, strict=True)),
    )
