"""`neurodeploy inspect`: what a network is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.shared import FILE, flag, network_options
from neurodeploy.cli.verb import Console, table, verb


@verb(name="inspect")
@click.argument("path", type=FILE)
@network_options
def command(console: Console, path: Path, reading: dict[str, Any]) -> None:
    """Show what the network or program at PATH is made of."""
    from neurodeploy import api
    from neurodeploy.inspection import inspect

    loaded = api.read(path, **reading)
    for note in loaded.notes:
        console.note(note)
    numbers = inspect(loaded.network)
    console.result(numbers, lambda: _text(numbers, loaded.format))
    if path.suffix == ".ndp":
        console.next_step(f"neurodeploy run {path} --data RECORDINGS")
    else:
        same = "".join(f" --{flag(name)} {value}" for name, value in reading.items())
        console.next_step(f"neurodeploy compile {path}{same} --target loihi1 -o {path.stem}.ndp")


def _text(numbers: dict[str, Any], form: str) -> str:
    length = "no default length" if numbers["steps"] is None else f"default length {numbers['steps']:,} steps"
    return "\n".join(
        [
            f"{form}, {'integer' if numbers['integer'] else 'float'} weights",
            f"time step {numbers['timestep_ms']:g} ms, {length}, latency {numbers['latency_steps']} steps",
            f"learned weights {numbers['learned_weights']:,}, of which {numbers['zeros']:,} zero",
            f"in units of each layer's own step, {_outside(numbers['outside_bits'])}",
            "",
            table(
                [
                    "population",
                    "shape",
                    "neurons",
                    "learned weights",
                    "neuron (iDecay vDecay vThMant refDelay)",
                    "delay",
                ],
                [_row(p) for p in numbers["populations"]],
            ),
            "",
            table(
                ["projection", "synapses", "weight shape", "least", "largest", "exponent", "format"],
                [
                    (
                        p["name"],
                        p["kind"],
                        "x".join(map(str, p["weight_shape"])),
                        p["weight_min"],
                        p["weight_max"],
                        p["weight_exponent"],
                        p["weight_format"] or (f"grid {p['weight_grid']}" if p["weight_grid"] else "none yet"),
                    )
                    for p in numbers["projections"]
                ],
            ),
        ]
    )


def _outside(counts: dict[str, int]) -> str:
    """The widths around the smallest that holds every weight."""
    tight = [f"{counts[bits]:,} lie outside {bits} bits" for bits in sorted(counts, reverse=True) if counts[bits]]
    return ", ".join(tight[:2]) or "none lies outside 1 bit"


def _row(population: dict[str, Any]) -> tuple[object, ...]:
    neuron = population["neuron"]
    return (
        population["name"],
        "x".join(map(str, population["shape"])),
        population["neurons"],
        population["learned_weights"],
        " ".join(_span(value) for value in neuron.values()) if neuron else "host input",
        _span(population["axonal_delay"]),
    )


def _span(value: int | list[int]) -> str:
    return str(value) if isinstance(value, int) else f"{value[0]}…{value[1]}"
