"""What fits where, as `compile` and `inspect` print it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from neurodeploy.cli.chip_map import WIDTH, chip_map
from neurodeploy.cli.explanation import explanation_text, short, wrapped
from neurodeploy.cli.prediction import prediction_text
from neurodeploy.cli.traffic import traffic_text
from neurodeploy.cli.verb import table
from neurodeploy.errors import FormatError
from neurodeploy.reporting.prediction import quantity
from neurodeploy.reporting.preflight import Change, Layer, Limit, Preflight

if TYPE_CHECKING:
    from rich.text import Text

#: Longer networks show the layers that take most cores.
MOST_LAYERS = 24
MOST_CHANGES = 8
#: How the names of bounds end that other encodings may undercut.
_ASSUMED = ("_any", "_uniform")


def program_text(summary: Mapping[str, Any]) -> list[str]:
    """Everything that a program's summary says, `compile --json` without what compiling itself added.

    Raises:
        FormatError: an object that is none.
    """
    report = Preflight.of(summary)
    parts = [preflight_text(report) if report else "An older version compiled it and kept no layout; compile it again."]
    try:
        parts += [wrapped(traffic_text(dict(summary)))] if "traffic" in summary else []
        parts += [prediction_text(summary["predictions"])] if summary.get("predictions") else []
    except (KeyError, TypeError, ValueError) as error:  # a program from a file may say anything
        raise FormatError("program", f"its summary makes no sense ({error!r})", "compile it again") from error
    return parts + [explanation_text(explained) for explained in summary.get("explained", ())]


def preflight_text(report: Preflight) -> str:
    """Layers, limits, the chip, and what one change would save."""
    return "\n\n".join([_verdict(report), _layers(report), _limits(report), _map(report), *_advice(report)])


def _verdict(report: Preflight) -> str:
    cores = f"{report.cores} core{'s' if report.cores != 1 else ''}"
    lines = [f"{cores} of {report.available} of {report.target}, {report.memory_rule} memory rule"]
    if report.chips > 1:
        lines[0] += f", on {report.chips} chips"
    if report.forbidden:
        lines.append(
            f"without {', '.join(name.replace('_', ' ') for name in report.forbidden)}: as asked, or the target"
        )
    if report.optimal:
        limits = [limit.name.replace("_", " ") for limit in report.limits if _demands(limit, report.least)]
        lines.append(f"Optimal: no mapping takes fewer ({', '.join(limits) or 'there is always one'}).")
        lines += _fewer_neurons(report)
    else:
        lines.append(f"No mapping takes fewer than {report.least}; whether {report.cores - 1} can do is not known.")
    return "\n".join(lines)


def _demands(limit: Limit, cores: int) -> bool:
    """Whether the limit, whatever the encoding, demands so many cores."""
    return cores > 1 and any(n == cores for name, n in limit.demands.items() if not name.endswith(_ASSUMED))


def _fewer_neurons(report: Preflight) -> Iterator[str]:
    """How many neurons less one core less would need, where each takes one compartment of equal cores."""
    limit = next((limit for limit in report.limits if limit.name == "compartments"), None)
    neurons = sum(layer.neurons for layer in report.layers if layer.cores)
    if limit is not None and report.cores > 1 and -(-neurons // limit.maximum) == report.cores:
        over = neurons - (report.cores - 1) * limit.maximum
        fewer = "1 core has" if report.cores == 2 else f"{report.cores - 1} cores have"
        yield f"{fewer} room for {over:,} neurons less than there are."


def _layers(report: Preflight) -> str:
    shown = report.layers
    if len(shown) > MOST_LAYERS:
        least = sorted((layer.cores for layer in shown), reverse=True)[MOST_LAYERS - 1]
        shown = tuple(layer for layer in shown if layer.cores >= least)[:MOST_LAYERS]
    text = table(
        ["layer", "neurons", "synapses", "bits", "cores", "alone", "fills", "cut by"],
        [_layer_row(layer) for layer in shown],
        narrow=True,
    )
    left = len(report.layers) - len(shown)
    return text + (f"\n{left} more layers with fewer cores (--json has them)" if left else "")


def _layer_row(layer: Layer) -> tuple[object, ...]:
    """What the layer takes; `fills` is by the limit that it takes most of."""
    if not layer.cores:
        return layer.name, layer.neurons, None, "", None, None, "run by the host", ""
    fills = f"{layer.fills[layer.fullest]:5.2f} by {short(layer.fullest)}"
    bound = layer.bound or ""
    return (
        layer.name,
        layer.neurons,
        layer.synapses,
        layer.span,
        layer.cores,
        layer.alone,
        fills,
        short(bound),
    )


def _limits(report: Preflight) -> str:
    text = table(
        ["limit of a core", "has", "fullest", "", "mean", "alone demands"],
        [_limit_row(limit) for limit in report.limits],
        narrow=True,
    )
    assumed = [f"{name} assumes {report.assumptions.get(f'synapse_memory_{name}', '')}" for name in ("any", "uniform")]
    return "\n".join([text, *assumed])


def _limit_row(limit: Limit) -> tuple[object, ...]:
    demands = [f"{n}{_encoding(name)}" for name, n in limit.demands.items() if not name.endswith("_proven")]
    share = f"{limit.fullest / limit.maximum:4.0%}"
    return limit.unit, limit.maximum, limit.fullest, share, f"{limit.mean:4.0%}", ", ".join(demands) or "–"


def _encoding(bound: str) -> str:
    return f" {bound.removeprefix('synapse_memory_')}" if bound.startswith("synapse_memory_") else ""


def _map(report: Preflight) -> str:
    return rendered(chip_map(report))


def rendered(text: Text) -> str:
    """A text in colours where standard output is a terminal that shows them."""
    from rich.console import Console

    stream = io.StringIO()
    Console(file=stream, width=WIDTH, force_terminal=sys.stdout.isatty()).print(text, highlight=False, soft_wrap=True)
    return stream.getvalue().rstrip()


def _advice(report: Preflight) -> Iterator[str]:
    if report.advice is None or (report.optimal and not report.advice):
        return
    if not report.advice:
        yield "No single change that was tried saves a core."
        return
    rows = [_change(change, report) for change in report.advice[:MOST_CHANGES]]
    yield table(["one change", "option", "cores", "saves", "effect"], rows, narrow=True)


def _change(change: Change, report: Preflight) -> tuple[object, ...]:
    return change.text, change.option, change.cores, report.cores - change.cores, change.effect + _cost(change)


def _cost(change: Change) -> str:
    """What a step takes after the change, where it was measured how often neurons fire."""
    if change.packets is None or change.joules is None:
        return ""
    return f"; then {change.packets:,.4g} packets and {quantity(change.joules, 'J')} a step (davies2018)"
