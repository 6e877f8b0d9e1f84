"""Reading NIR files."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.errors import FormatError, OptionError
from neurodeploy.models.formats.hdf5 import read_foreign_hdf5
from neurodeploy.models.formats.hdf5_tree import Group
from neurodeploy.models.formats.loaded import Loaded
from neurodeploy.models.formats.nir.build import discretised, timed
from neurodeploy.models.formats.nir.float_graph import FloatGraph
from neurodeploy.models.formats.nir.graph import Graph, graph
from neurodeploy.models.formats.nir.integers import integer_neurons
from neurodeploy.models.formats.nir.neuron_nodes import METHODS, Clock
from neurodeploy.models.formats.nir.record import recorded
from neurodeploy.models.formats.options import ReadOptions

#: Milliseconds per unit of time.
UNITS = {"s": 1000.0, "ms": 1.0}


def read_nir(path: Path, options: ReadOptions) -> Loaded:
    """A network from a NIR file: integer neurons and float weights, or exactly the network that neurodeploy wrote.

    Args:
        path: the file.
        options: `dt` (ms), `time_unit` of the file ("s" unless given) and `discretisation` ("euler" unless given).

    Raises:
        FormatError: a file that is damaged, no NIR graph, or that holds what the representation cannot; time
            constants without `dt`.
        NetworkError: a network that breaks a rule.
        OptionError: an unknown unit or discretisation, or a step that is not positive.
    """
    return network_of(read_foreign_hdf5(path), options)


def network_of(root: Group, options: ReadOptions) -> Loaded:
    """The same for what a file holds; see `read_nir`."""
    flat = graph(root)
    title = f"NIR {flat.version}"
    if (options.dt, options.time_unit, options.discretisation) == (None, None, None):
        network, said = recorded(flat)
        if network is not None:
            return Loaded(network, said, title)
    else:
        said = ()
    clock = _clock(flat, options)
    network, notes = integer_neurons(discretised(flat, clock))
    return Loaded(network, (*said, *_time_notes(flat, options, clock), *notes), title)


def read_float_graph(path: Path, options: ReadOptions) -> FloatGraph:
    """The discretised graph of a file in floating point, before any rounding; see `read_nir`."""
    return float_graph_of(read_foreign_hdf5(path), options)


def float_graph_of(root: Group, options: ReadOptions) -> FloatGraph:
    """The same for what a file holds."""
    flat = graph(root)
    return discretised(flat, _clock(flat, options))


def _clock(flat: Graph, options: ReadOptions) -> Clock:
    unit, method = options.time_unit or "s", options.discretisation or "euler"
    if unit not in UNITS:
        raise OptionError(f"time unit {unit}", "is unknown", f"choose {' or '.join(UNITS)}")
    if method not in METHODS:
        raise OptionError(f"discretisation {method}", "is unknown", f"choose {' or '.join(METHODS)}")
    if options.dt is None and timed(flat):
        raise FormatError(
            "NIR graph",
            "has time constants or delays but no time step",
            "give --dt in milliseconds, the step of training (0.1 for files of snnTorch)",
        )
    step_ms = 1.0 if options.dt is None else options.dt
    if not 0 < step_ms <= 1e6:
        raise OptionError(f"dt {step_ms}", "is no length of a step", "give milliseconds")
    return Clock(step_ms / UNITS[unit], step_ms, method)


def _time_notes(flat: Graph, options: ReadOptions, clock: Clock) -> tuple[str, ...]:
    if not timed(flat):
        given = "as given" if options.dt is not None else "as nothing else is said"
        return (f"no node depends on the time step; it is {clock.step_ms:g} ms, {given}",)
    rule = {"euler": "forward Euler, decay dt / τ", "exponential": "exponential, decay 1 - exp(-dt / τ)"}[clock.method]
    unit = "milliseconds" if options.time_unit == "ms" else "seconds"
    return (f"time constants are {unit}, the step is {clock.step_ms:g} ms; {rule}",)
