"""The `.net` file of lava-dl's netx, written by lava-dl's blocks, slayerPytorch's auto networks and older tools.

Plain HDF5: a group `layer` with one numbered group per layer, a chain; optionally a group `simulation`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.hdf5 import read_foreign_hdf5
from neurodeploy.models.formats.hdf5_tree import Group
from neurodeploy.models.formats.loaded import Loaded
from neurodeploy.models.formats.net_chain import Chain
from neurodeploy.models.formats.net_fields import Fields
from neurodeploy.models.formats.options import ReadOptions

FORMAT = "net"
MAX_LAYERS = 1000


def read_net(path: Path, options: ReadOptions) -> Loaded:
    """Read a `.net` file; weights that are whole numbers stay as they are, others stay float.

    Args:
        path: the file.
        options: `reset_interval` and `reset_offset`, which the file does not hold; `image` or `input_bias`, which drive
            the neurons of the input.

    Raises:
        FormatError: naming the file and the place inside, what it holds, and what is needed.
        NetworkError: values outside the ranges of the chip's integers.
    """
    root = read_foreign_hdf5(path)
    if set(root) - {"layer", "simulation"} or "layer" not in root:
        problem = f"holds {', '.join(sorted(root)[:5]) or 'nothing'} instead of layer and simulation"
        raise FormatError(str(path), problem, "give a .net file")
    timestep, steps = _simulation(root)
    chain = Chain(path, options)
    layers = root.group("layer")
    for number in _numbers(layers):
        chain.add(layers.group(number))
    network = chain.network(timestep, steps)
    if timestep != 1 and any(np.any(population.delays()) for population in network.populations):
        chain.notes.append(f"delays are taken as steps, of {timestep:g} ms each")
    return Loaded(network, tuple(chain.notes), FORMAT)


def _numbers(layers: Group) -> list[str]:
    """The layers' names in the order of their numbers; numbers may be left out."""
    for name in layers:
        if not (name.isascii() and name.isdigit() and len(name) < 10):
            raise FormatError(layers.place(name), "is no numbered layer", "name layers 0, 1, 2 …")
    if not 1 <= len(layers) <= MAX_LAYERS or len({int(name) for name in layers}) < len(layers):
        raise FormatError(layers.where, f"holds {len(layers)} layers", f"give 1 to {MAX_LAYERS}, each number once")
    return sorted(layers, key=int)


def _simulation(root: Group) -> tuple[float, int | None]:
    """Length of a step in milliseconds, and of a recording in steps."""
    if "simulation" not in root:
        return 1.0, None
    fields = Fields(root.group("simulation"))
    values = {}
    for name in ("Ts", "tSample"):
        found = np.asarray(fields.numbers(name) if name in fields else 1.0, np.float64)
        if found.size != 1 or not 1e-3 <= float(found.reshape(-1)[0]) <= 1e9:
            raise FormatError(fields.place(name), "is no time in milliseconds", "export it again")
        values[name] = float(found.reshape(-1)[0])
    fields.unused("nSample")  # how many samples the training took
    fields.finish()
    return values["Ts"], round(values["tSample"] / values["Ts"]) if "tSample" in fields else None
