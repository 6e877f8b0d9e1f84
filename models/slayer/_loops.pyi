"""The compiled loops; use `neurodeploy.models.slayer.loops` instead."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Starts = NDArray[np.int64]
Columns = NDArray[np.int32]

def cuba_forward(
    sums: Floats,
    spikes: Floats,
    voltages: Floats,
    *,
    keep_current: int,
    keep_voltage: int,
    threshold: int,
    refractory: int,
    shift: int,
    threads: int,
) -> None: ...
def cuba_backward(
    error: Floats,
    voltages: Floats,
    gradient: Floats,
    derivative: Floats,
    *,
    keep_current: float,
    keep_voltage: float,
    gain: float,
    threshold: float,
    threads: int,
) -> None: ...
def alpha_filter(
    x: Floats,
    y: Floats,
    *,
    pole: float,
    gain: float,
    tail: float,
    late: float,
    length: int,
    reverse: bool,
    threads: int,
) -> None: ...
def srm_forward(
    x: Floats,
    spikes: Floats,
    potentials: Floats,
    *,
    pole: float,
    gain: float,
    tail: float,
    late: float,
    length: int,
    threshold: float,
    threads: int,
) -> None: ...
def fir(x: Floats, y: Floats, kernel: Floats, *, reverse: bool, threads: int) -> None: ...
def shift(x: Floats, y: Floats, delay: Columns, *, reverse: bool, threads: int) -> None: ...
def nonzero(table: Floats, *, threads: int) -> tuple[Starts, Columns, Floats]: ...
def product(start: Starts, column: Columns, value: Floats, weight: Floats, out: Floats, *, threads: int) -> None: ...
def collect(
    start: Starts, column: Columns, value: Floats, error: Floats, gradient: Floats, *, threads: int
) -> None: ...
def gather(start: Starts, column: Columns, value: Floats, target: Columns, out: Floats, *, threads: int) -> None: ...
def scatter(target: Columns, error: Floats, gradient: Floats, *, factor: float, threads: int) -> None: ...
def conv_forward(
    start: Starts,
    column: Columns,
    value: Floats,
    weight: Floats,
    out: Floats,
    *,
    height: int,
    width: int,
    channels: int,
    kernel: int,
    padding: int,
    threads: int,
) -> None: ...
def conv_collect(
    start: Starts,
    column: Columns,
    value: Floats,
    error: Floats,
    gradient: Floats,
    *,
    height: int,
    width: int,
    channels: int,
    kernel: int,
    padding: int,
    threads: int,
) -> None: ...
def fold(
    columns: Floats, planes: Floats, *, height: int, width: int, channels: int, kernel: int, padding: int, threads: int
) -> None: ...
