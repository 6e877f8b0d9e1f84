"""Every table of a program file, found in the file itself, with a number pushed out of its range: refused when loaded.

The checksum is made anew each time, so that what refuses is what looks at the table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.arrays import Array
from neurodeploy.compiler import CompileOptions, compile_network
from neurodeploy.compiler.program_file import load_program, program_bytes
from neurodeploy.container import decode, encode
from neurodeploy.emulator.engine import load
from neurodeploy.errors import NeurodeployError
from neurodeploy.network import (
    Alif,
    Bias,
    Conv2d,
    CubaLif,
    Delta,
    Dense,
    Network,
    OneToOne,
    Population,
    Projection,
    ResonateFire,
    Sigma,
    SigmaDelta,
    Sparse,
    SumPool2d,
)
from neurodeploy.network.network import Reset
from neurodeploy.precision import SignMode, WeightFormat

#: Beyond the range of every column: the widest holds 24 bits.
ABOVE, HUGE = 2**24, 2**62
#: Columns in which −1 may stand; the index columns among all others may not hold it.
SIGNED = ("weight", "formats", "neuron_rows", "bias", "sin_decay", "cos_decay")


def _every_feature() -> Network:
    """Every neuron model with parameters per neuron, every kind of synapse, delays, biases, signs and exponents."""
    random = np.random.default_rng(7)

    def per_neuron(low: int, high: int, count: int) -> Any:
        return random.integers(low, high, count)

    def weights(*shape: int) -> Any:
        return 2 * random.integers(-100, 100, shape, np.int32)

    plane, pooled = (2, 6, 6), (2, 3, 3)
    populations = (
        Population("input", None, plane, axonal_delay=per_neuron(0, 9, 72)),
        Population("pool", CubaLif(1, 2, per_neuron(1, 4, 18), per_neuron(1, 5, 18)), pooled),
        Population("conv", CubaLif(per_neuron(1, 3, 36), per_neuron(0, 3, 36), 5), (4, 3, 3), Bias(np.array(-3), 2)),
        Population(
            "alif",
            Alif(*(per_neuron(0, 3, 6) for _ in range(6))),
            (6,),
            Bias(per_neuron(-9, 9, 6), 1),
            per_neuron(0, 9, 6),
        ),
        Population("delta", Delta(per_neuron(0, 9, 6)), (6,)),
        Population("sigma", Sigma(), (6,)),
        Population("sigma_delta", SigmaDelta(per_neuron(0, 9, 6)), (6,), Bias(random.integers(-9, 9, (5, 6)))),
        Population("ring", ResonateFire(*(per_neuron(1, 9, 6) for _ in range(3))), (6,)),
    )
    mixed, plus = WeightFormat(), WeightFormat(SignMode.EXCITATORY, 8)
    pairs = np.arange(6), np.roll(np.arange(6), 1)
    projections = (
        Projection("input", "pool", SumPool2d(np.full((2, 2), 3, np.int32), (2, 2)), 1, plus),
        Projection("pool", "conv", Conv2d(weights(4, 2, 3, 3), padding=(1, 1)), -1, mixed),
        Projection("conv", "alif", Dense(weights(6, 36)), 0, mixed),
        Projection("alif", "delta", OneToOne(weights(6)), 0, mixed),
        Projection("delta", "sigma", Sparse(weights(6), *pairs, 6), 0, mixed),
        Projection("sigma", "sigma_delta", Dense(weights(6, 6)), 0, mixed),
        Projection("sigma_delta", "ring", Dense(weights(6, 6)), 0, mixed),
        Projection("conv", "ring", Dense(weights(6, 36)), 0, mixed, imaginary=True),
        Projection("alif", "alif", Dense(weights(6, 6)), 0, mixed),
    )
    return Network(populations, projections, reset=Reset(7, 1))


def _from_floats() -> Network:
    """Float weights, which the file keeps beside the integers that they became."""
    random = np.random.default_rng(8)
    populations = (Population("input", None, (5,)), Population("out", CubaLif(1, 2, 3), (4,)))
    return Network(populations, (Projection("input", "out", Dense(random.normal(0, 20, (4, 5)))),))


PROGRAMS = {
    "every feature": program_bytes(compile_network(_every_feature(), CompileOptions("loihi2"))),
    "float source": program_bytes(compile_network(_from_floats())),
}
TABLES = [("every feature", name) for name in decode("program", PROGRAMS["every feature"], "")[1]]
TABLES += [("float source", name) for name in decode("program", PROGRAMS["float source"], "")[1] if "source/" in name]


def _wrong(name: str, array: Array) -> list[tuple[int, float, type[np.generic]]]:
    """Ends of a table with values out of its range there, and the type that the table then has."""
    if array.dtype.kind == "f":
        return [(end, value, np.float64) for end in (0, -1) for value in (np.nan, np.inf, -np.inf)]
    near = [ABOVE, -ABOVE] if name.endswith(SIGNED) else [ABOVE, -1]
    found: list[tuple[int, float, type[np.generic]]] = [(end, value, np.int64) for end in (0, -1) for value in near]
    return [*found, (0, HUGE, np.int64), (-1, -HUGE, np.int64), (0, 2**63 + 1, np.uint64), (-1, np.nan, np.float64)]


def _refused(path: Path) -> bool:
    try:
        load(load_program(path)[0])
    except NeurodeployError:
        return True
    return False


@pytest.mark.parametrize(("program", "name"), TABLES)
def test_a_number_out_of_range_is_refused_when_loaded(program: str, name: str, tmp_path: Path) -> None:
    meta, arrays = decode("program", PROGRAMS[program], program)
    for end, value, kind in _wrong(name, arrays[name]):
        table = np.atleast_1d(np.maximum(arrays[name], 0) if kind is np.uint64 else arrays[name]).astype(kind)
        table.reshape(-1)[end] = value
        path = tmp_path / "damaged.ndp"
        path.write_bytes(encode("program", meta, {**arrays, name: table.reshape(arrays[name].shape)}))
        assert _refused(path), f"{name} with {value} at {end} was loaded"


def test_the_programs_load_as_they_are(tmp_path: Path) -> None:
    for number, data in enumerate(PROGRAMS.values()):
        (tmp_path / f"{number}.ndp").write_bytes(data)
        load(load_program(tmp_path / f"{number}.ndp")[0])


def test_every_table_is_there() -> None:
    tables = {name.split("/")[0] for _, name in TABLES}
    assert tables == {"cores", "axons", "routes", "storage", "network", "source"}
