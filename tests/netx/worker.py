"""Runs `.net` files in lava-dl's netx; started by `check.py` inside the environment that has lava-dl.

`python worker.py FOLDER`: for every N.net there is N.npz with `raster` (steps, inputs) and `shape` of the input; the
spikes of the last layer go to N.out.npy, (steps, neurons).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from lava.lib.dl import netx
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source


def run(path: Path) -> None:
    """One file: netx has axes W, H, C, ours are C, H, W."""
    given = np.load(path.with_suffix(".npz"))
    raster, shape = given["raster"], given["shape"]
    steps = len(raster)
    net = netx.hdf5.Network(net_config=str(path), input_shape=tuple(int(n) for n in shape[::-1]))
    data = np.moveaxis(raster.reshape(steps, *shape), 0, -1)
    if len(net.inp.shape) == 3:
        data = data.transpose(2, 1, 0, 3)
    source = Source(data=data.reshape(*net.inp.shape, steps))
    sink = Sink(shape=net.out.shape, buffer=steps)
    source.s_out.connect(net.inp)
    net.out.connect(sink.a_in)
    net.run(condition=RunSteps(num_steps=steps), run_cfg=Loihi2SimCfg(select_tag="fixed_pt"))
    out = sink.data.get()
    net.stop()
    if out.ndim == 4:
        out = out.transpose(2, 1, 0, 3)
    np.save(path.with_suffix(".out.npy"), out.reshape(-1, steps).T)


if __name__ == "__main__":
    for file in sorted(Path(sys.argv[1]).glob("*.net")):
        run(file)
