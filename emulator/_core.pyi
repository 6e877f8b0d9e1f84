"""The C core behind nanobind; use `neurodeploy.emulator.engine` instead."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

GROUP: int
PIECE: int
NARROW: int
SINGLE: int
LIKE_LINK: int

def return_memory() -> None:
    """Freed memory goes back to the system, where this can be asked for."""

def instruction_sets() -> list[str]:
    """Those that this machine has, slowest first."""

class Image:
    """The tables of a program, as core.h describes them; indices must have been checked."""

    def __init__(
        self,
        *,
        population_start: NDArray[np.int32],
        population: NDArray[np.int32],
        block: NDArray[np.int32],
        group_block_start: NDArray[np.int32],
        neuron: NDArray[np.int32],
        place: NDArray[np.int32],
        bias: NDArray[np.int32],
        graded: NDArray[np.int32],
        scale: NDArray[np.float32],
        parameter: NDArray[np.int32],
        bias_rows: Sequence[tuple[int, NDArray[np.int32]]],
        link: NDArray[np.int32],
        target_start: NDArray[np.int32],
        outgoing: NDArray[np.int32],
        source_start: NDArray[np.int32],
        row: NDArray[np.int32],
        row_bound: NDArray[np.uint16],
        row_delay: NDArray[np.int32],
        run: NDArray[np.int32],
        byte_weight: NDArray[np.int8],
        word_weight: NDArray[np.int16],
        reset_interval: int,
        reset_first: NDArray[np.int64],
        max_delay: int,
    ) -> None: ...

class State:
    """State of one recording; RuntimeError when two threads use it at once, MemoryError when memory runs out."""

    def __init__(self, image: Image, instructions: str, lava: bool, drop_first_step: bool) -> None: ...
    def advance(
        self,
        steps: int,
        step: NDArray[np.int64],
        neuron: NDArray[np.int64],
        payload: NDArray[np.int64] | None,
        traces: Sequence[tuple[int, NDArray[np.int64], NDArray[np.int64]]],
    ) -> list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64] | None]]: ...
    def read(self, population: int, u: NDArray[np.int64], v: NDArray[np.int64]) -> None: ...
    def counters(self, totals: NDArray[np.int64]) -> None: ...
    def kept(self) -> list[NDArray[np.int64]]:
        """u, v, r, s of all neurons in network order; departure, neuron and payload of the spikes on their way."""

    def resume(self, step: int, columns: Sequence[NDArray[np.int64]], counters: NDArray[np.int64]) -> None:
        """Continue a new state from what `kept` gave and the flattened totals; ranges must have been checked."""
