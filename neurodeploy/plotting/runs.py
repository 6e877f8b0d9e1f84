"""A run in a notebook: its numbers, rasters, voltages and spike counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodeploy.errors import OptionError
from neurodeploy.network import CubaLif
from neurodeploy.plotting.figures import INK, OFF, ON, WINS, new_figure, whole_numbers
from neurodeploy.plotting.tables import html_table
from neurodeploy.precision import IntArray
from neurodeploy.replays.text import plain
from neurodeploy.runtime.probes import parse_probe
from neurodeploy.runtime.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Rasters of up to so many neurons are drawn as lines, larger ones as dots.
_LINES = 60


def table(run: Run) -> str:
    """Populations with their spikes; who won."""
    label = "" if run.label is None else f", label {run.label}"
    answer = "silent" if run.prediction is None else f"class {run.prediction}"
    title = f"{run.file or 'run'}: {answer}{label}, {run.steps:,} steps of {run.network.timestep_ms:g} ms"
    counters = run.counters
    rows = [
        (
            population.name,
            population.neurons,
            int(counters.spikes[i]),
            *(
                int(column[i]) if counters.counted else None
                for column in (counters.current_wraps, counters.voltage_clips)
            ),
        )
        for i, population in enumerate(run.network.populations)
    ]
    return html_table(title, ("population", "neurons", "spikes", "u wraps", "v clips"), rows)


class Plots:
    """The plots of a run.

    Args:
        run: of one recording.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def raster(self, population: str | None = None) -> Figure:
        """Every spike of a population over time in ms; ON red and OFF blue in an input with two channels, the class
        that won green in the output.

        Args:
            population: its name; None: the output.

        Raises:
            NetworkError: no such population.
            OptionError: a run whose spikes were not kept.
        """
        network = self._run.network
        chosen = network.output if population is None else network.population(population)
        if not self._run.spikes:
            raise OptionError(f"raster of {chosen.name}", "has no spikes: they were not kept", "run without output=")
        spikes = self._run.spikes[network.index(chosen.name)]
        figure, axes = new_figure(8, min(5, max(1.8, 0.18 * chosen.neurons + 1)))
        mark, size = ("|", max(8, min(120, 2400 / chosen.neurons))) if chosen.neurons <= _LINES else (".", 2)
        shape = chosen.shape or ()
        is_input = chosen is network.input
        for color, mine in self._colors(spikes.neuron, is_input and len(shape) == 3 and shape[0] == 2, chosen.name):
            when = spikes.step[mine] * network.timestep_ms
            axes.scatter(when, spikes.neuron[mine], s=size, c=color, marker=mark, linewidths=1 if mark == "|" else 0)
        axes.set_xlim(self._run.first * network.timestep_ms, self._run.steps * network.timestep_ms)
        axes.set_ylim(chosen.neurons - 0.5, -0.5)
        axes.set_xlabel("time in ms")
        axes.set_ylabel(f"neuron of {chosen.name}", parse_math=False)
        axes.set_title(f"{len(spikes.step):,} spikes", fontsize="medium", loc="left")
        whole_numbers(axes, "y")
        return figure

    def membrane(self, population: str, neuron: int) -> Figure:
        """The voltage v of a neuron over time in ms, its threshold where the model has one, and its spikes.

        Args:
            population: its name.
            neuron: of it, from 0.

        Raises:
            NetworkError: no such population.
            OptionError: no such neuron, or no probe of its voltage in every step.
        """
        run, chosen = self._run, self._run.network.population(population)
        if not 0 <= neuron < chosen.neurons:
            problem = f"{neuron} is outside 0 … {chosen.neurons - 1}"
            raise OptionError(f"neuron of {population}", problem, "choose one of them")
        v = self._voltage(population, neuron)
        figure, axes = new_figure(8, 2.6)
        when = (run.first + np.arange(len(v)) + 1) * run.network.timestep_ms
        axes.plot(when, v, color=OFF, linewidth=1)
        if isinstance(chosen.neuron, CubaLif):
            mantissa = np.broadcast_to(chosen.neuron.parameters()["threshold_mantissa"], (chosen.neurons,))
            axes.axhline(64 * int(mantissa[neuron]), color=ON, linestyle="--", linewidth=1)
            axes.text(
                1.0, 64 * int(mantissa[neuron]), " θ", color=ON, transform=axes.get_yaxis_transform(), va="center"
            )
        if run.spikes:
            spikes = run.spikes[run.network.index(population)]
            for step in spikes.step[spikes.neuron == neuron]:
                axes.axvline((step + 1) * run.network.timestep_ms, ymin=0.94, color=INK, linewidth=1)
        axes.set_xlim(run.first * run.network.timestep_ms, run.steps * run.network.timestep_ms)
        axes.set_xlabel("time in ms")
        axes.set_ylabel("membrane voltage v")
        axes.set_title(f"{population}:{neuron}", fontsize="medium", loc="left", parse_math=False)
        return figure

    def counts(self) -> Figure:
        """Output spikes of every class, the winner green, the label marked."""
        run = self._run
        classes = run.network.classes or run.network.output.neurons
        counts = run.output_counts.reshape(classes, -1).sum(axis=1)
        figure, axes = new_figure(6, 2.6)
        colors = [WINS if k == run.prediction else "#aeb6c4" for k in range(classes)]
        axes.bar(np.arange(classes), counts, color=colors)
        if run.label is not None:
            axes.axvline(run.label, color=INK, linestyle=":", linewidth=1)
            axes.text(run.label, 1.0, "label", transform=axes.get_xaxis_transform(), ha="center", va="bottom")
        axes.set_xlabel("class")
        axes.set_ylabel("output spikes")
        if run.file:
            axes.set_title(plain(run.file, 60), fontsize="medium", loc="left", parse_math=False)
        whole_numbers(axes, "x")
        whole_numbers(axes, "y")
        return figure

    def _colors(self, neuron: IntArray, polarity: bool, name: str) -> list[tuple[str, IntArray]]:
        """Positions of the spikes of each colour."""
        run = self._run
        network = run.network
        if polarity:
            on = neuron >= network.input.neurons // 2
            return [(OFF, np.flatnonzero(~on)), (ON, np.flatnonzero(on))]
        if name != network.output.name or run.prediction is None:
            return [(INK, np.arange(len(neuron)))]
        votes = network.output.neurons // (network.classes or network.output.neurons)
        wins = neuron // votes == run.prediction
        return [(INK, np.flatnonzero(~wins)), (WINS, np.flatnonzero(wins))]

    def _voltage(self, population: str, neuron: int) -> IntArray:
        """V in every step that the run holds, from whichever probe has it."""
        run = self._run
        held = run.steps - run.first
        for text, trace in run.traces.items():
            probe = parse_probe(text, run.network)
            neurons = range(*probe.neurons.indices(run.network.population(probe.population).neurons))
            if (probe.population, probe.variable) == (population, "v") and neuron in neurons and len(trace) == held:
                return trace[:, neurons.index(neuron)]
        remedy = f'run with probes=["{population}.v[{neuron}:{neuron + 1}]"]'
        raise OptionError(f"voltage of {population}:{neuron}", "was not recorded in every step", remedy)
