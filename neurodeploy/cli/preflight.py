"""What fits where, as `compile` and `inspect` print it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from neurodeploy.cli.chip_map import WIDTH, chip_map
from neurodeploy.cli.verb import table

if TYPE_CHECKING:
    from rich.text import Text

    from neurodeploy.reporting.preflight import Change, Layer, Limit, Preflight

#: Longer networks show the layers that take most cores.
MOST_LAYERS = 24
MOST_CHANGES = 8


def preflight_text(report: Preflight) -> str:
    """Layers, limits, the chip, and what one change would save."""
    return "\n\n".join([_verdict(report), _layers(report), _limits(report), _map(report), *_advice(report)])


def _verdict(report: Preflight) -> str:
    cores = f"{report.cores} core{'s' if report.cores != 1 else ''}"
    lines = [f"{cores} of {report.available} of {report.target}, {report.memory_rule} memory rule"]
    if report.chips > 1:
        lines[0] += f", on {report.chips} chips"
    if report.forbidden:
        lines.append(f"without {', '.join(name.replace('_', ' ') for name in report.forbidden)}: as asked, or the target")
    if report.optimal:
        which = " and ".join(
            name.replace("_", " ") for limit in report.limits for name in _demanding(limit, report.least)
        )
        lines.append(f"Optimal: no mapping takes fewer ({which or 'a core at least'}).")
    else:
        lines.append(f"No mapping takes fewer than {report.least}; whether {report.cores - 1} are possible is not known.")
    return "\n".join(lines)


def _demanding(limit: Limit, cores: int) -> Iterator[str]:
    """The limit's name if, whatever the encoding, it demands so many cores."""
    if cores > 1 and any(n == cores for name, n in limit.demands.items() if not name.endswith("_uniform")):
        yield limit.name


def _layers(report: Preflight) -> str:
    shown = report.layers
    if len(shown) > MOST_LAYERS:
        least = sorted((layer.cores for layer in shown), reverse=True)[MOST_LAYERS - 1]
        shown = tuple(layer for layer in shown if layer.cores >= least)[:MOST_LAYERS]
    text = table(
        ["layer", "neurons", "synapses", "bits", "cores", "alone", "fills", "by", "stretches end by"],
        [_layer_row(layer) for layer in shown],
    )
    left = len(report.layers) - len(shown)
    return text + (f"\n{left} more layers with fewer cores (--json has them)" if left else "")


def _layer_row(layer: Layer) -> tuple[object, ...]:
    if not layer.cores:
        return layer.name, layer.neurons, None, "", None, None, "", "host", ""
    bound = (layer.bound or "").replace("_", " ")
    fills = f"{layer.fills[layer.fullest]:.2f}"
    return (
        layer.name,
        layer.neurons,
        layer.synapses,
        layer.span,
        layer.cores,
        layer.alone,
        fills,
        _SHORT[layer.fullest],
        bound,
    )


#: Limits as they stand in a narrow column.
_SHORT = {"compartments": "neurons", "synapse_memory": "memory", "input_axons": "axons", "output_slots": "slots"}


def _limits(report: Preflight) -> str:
    text = table(
        ["limit of a core", "available", "fullest", "", "mean", "alone demands"],
        [_limit_row(limit) for limit in report.limits],
    )
    assumed = {
        "any": report.assumptions.get("synapse_memory_any", ""),
        "uniform": report.assumptions.get("synapse_memory_uniform", ""),
    }
    return text + "\n" + "; ".join(f"{name}: {what}" for name, what in assumed.items() if what)


def _limit_row(limit: Limit) -> tuple[object, ...]:
    demands = [f"{cores}{_encoding(name)}" for name, cores in limit.demands.items()]
    share = f"{limit.fullest / limit.maximum:.0%}"
    return limit.unit, limit.maximum, limit.fullest, share, f"{limit.mean:.0%}", ", ".join(demands)


def _encoding(bound: str) -> str:
    return f" ({bound.removeprefix('synapse_memory_')})" if bound.startswith("synapse_memory_") else ""


def _map(report: Preflight) -> str:
    return rendered(chip_map(report))


def rendered(text: Text) -> str:
    """A text in colours where standard output is a terminal that shows them."""
    from rich.console import Console

    stream = io.StringIO()
    Console(file=stream, width=WIDTH, force_terminal=sys.stdout.isatty()).print(text, highlight=False, soft_wrap=True)
    return stream.getvalue().rstrip()


def _advice(report: Preflight) -> Iterator[str]:
    if report.advice is None:
        return
    if not report.advice:
        yield "No single change that was tried saves a core."
        return
    rows = [_change(change, report) for change in report.advice[:MOST_CHANGES]]
    yield table(["one change", "option", "cores", "saves", "effect"], rows)


def _change(change: Change, report: Preflight) -> tuple[object, ...]:
    return change.text, change.option, change.cores, report.cores - change.cores, change.effect
