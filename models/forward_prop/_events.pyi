"""The compiled event loops; use `simulate` and `gradient` beside it instead."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Starts = NDArray[np.int64]
Neurons = NDArray[np.int32]
Flags = NDArray[np.uint8]
Columns = tuple[Starts, Neurons, Floats, Floats, Floats, Flags]

def forward(
    start: Starts,
    neuron: Neurons,
    time: Floats,
    weight: Floats,
    recurrent: Floats,
    *,
    alpha: float,
    beta: float,
    theta: float,
    horizon: float,
    refractory: float,
    tolerance: float,
    limit: int,
    threads: int,
) -> tuple[Columns, Columns]: ...
def backward(
    in_start: Starts,
    in_neuron: Neurons,
    in_time: Floats,
    out_start: Starts,
    out_neuron: Neurons,
    out_time: Floats,
    slope: Floats,
    held: Flags,
    use: Flags,
    loss: Floats,
    weight: Floats,
    recurrent: Floats,
    by_weight: Floats,
    by_recurrent: Floats,
    by_input: Floats,
    *,
    alpha: float,
    beta: float,
    theta: float,
    threads: int,
) -> None: ...
