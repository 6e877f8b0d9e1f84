"""Reading networks in continuous time, as networks in steps."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.models.formats.loaded import Loaded
from neurodeploy.models.formats.options import ReadOptions
from neurodeploy.models.forward_prop.file import load_forward
from neurodeploy.models.forward_prop.kernel import chosen_timestep
from neurodeploy.models.forward_prop.stepped import stepped


def read_forward(path: Path, options: ReadOptions) -> Loaded:
    """A network of CUBA LIF neurons with float weights, and the latency coding of its input.

    Args:
        path: a `.npz` that `save_forward` wrote.
        options: `dt`, the length of a step in ms; None: one whose decays twelve bits hold well.

    Raises:
        FormatError: no such file, or a damaged one.
        OptionError: a time step that suits the network badly.
        NetworkError: a network that a chip's neurons cannot be.
    """
    network, latency = load_forward(path)
    found = stepped(network, chosen_timestep(network) if options.dt is None else options.dt, latency)
    said = () if options.dt is not None else ("the time step was chosen here; --timestep-ms takes another",)
    sizes = "-".join(map(str, network.sizes))
    return Loaded(found.network, (*found.notes, *said), f"network in continuous time, {sizes}")
