"""The writer: nodes that other tools expect, and a record that is only believed while the nodes say the same."""

from __future__ import annotations

from pathlib import Path

import h5py
import nir
import numpy as np
import pytest

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.nir.reader import read_nir
from neurodeploy.models.formats.nir.writer import write_nir
from neurodeploy.models.formats.options import ReadOptions, WriteOptions
from neurodeploy.network import (
    Bias,
    Conv2d,
    CubaLif,
    Dense,
    Network,
    OneToOne,
    Population,
    Projection,
    Reset,
    SigmaDelta,
    SumPool2d,
)

RANDOM = np.random.default_rng(2)
PARTS = (
    Population("input", None, (2, 8, 8), axonal_delay=3),
    Population("conv", CubaLif(1024, 128, 300, 5), bias=Bias(np.asarray(-7), 2)),
    Population("pool", CubaLif(4096, 0, 80), axonal_delay=np.arange(64) % 5),
    Population("last", CubaLif(4096, 512, np.asarray([50, 60, 70]))),
)
NETWORK = Network(
    PARTS,
    (
        Projection("input", "conv", Conv2d(2 * RANDOM.integers(-50, 50, (4, 2, 3, 3)), (1, 1), (1, 1)), -1),
        Projection("conv", "pool", SumPool2d(np.full((2, 2), 28), (2, 2))),
        Projection("pool", "last", Dense(RANDOM.integers(-128, 127, (3, 64)) * 2), 3),
        Projection("last", "last", OneToOne(np.asarray([-20, 0, 4])), 1),
    ),
    0.5,
    100,
    Reset(20, 3),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = write_nir(NETWORK, "x", WriteOptions())
    path = tmp_path / "x.nir"
    path.write_bytes(made.files[".nir"])
    return path


def test_nodes(path: Path) -> None:
    graph = nir.read(path)
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    assert kinds == {
        "input": "Input",
        "input_delay": "Delay",
        "conv": "CubaLIF",
        "conv_conv2d0": "Conv2d",
        "pool": "IF",
        "pool_sumpool2d1": "SumPool2d",
        "pool_scale1": "Scale",
        "pool_delay": "Delay",
        "last": "LIF",
        "last_flatten2": "Flatten",
        "last_linear2": "Linear",
        "last_scale3": "Scale",
        "output": "Output",
    }
    conv = graph.nodes["conv"]
    np.testing.assert_allclose(conv.tau_syn, 4 * 0.5e-3)
    np.testing.assert_allclose(conv.tau_mem, 32 * 0.5e-3)
    np.testing.assert_array_equal(conv.v_threshold, np.full((4, 8, 8), 300.0))
    np.testing.assert_allclose(conv.v_leak, -28 / 64 * 32)
    np.testing.assert_allclose(graph.nodes["input_delay"].delay, np.full((2, 8, 8), 1.5e-3))
    assert ("last", "last_scale3") in graph.edges
    assert ("last_scale3", "last") in graph.edges


def test_notes() -> None:
    notes = " ".join(write_nir(NETWORK, "x", WriteOptions()).notes)
    assert "forward Euler" in notes
    assert "refractory period: that of conv stands in the metadata alone" in notes
    assert "no periodic reset" in notes


def test_a_changed_file_is_read_as_it_is_now(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["node/nodes/last/v_threshold"][0] = 51.0
    with pytest.raises(FormatError, match="give --dt"):
        read_nir(path, ReadOptions())


def test_options_make_the_reader_look_at_the_nodes(path: Path) -> None:
    loaded = read_nir(path, ReadOptions(dt=0.5))
    assert not any("restored exactly" in note for note in loaded.notes)
    assert loaded.network.reset is None
    again = read_nir(path, ReadOptions())
    assert again.network.reset == Reset(20, 3)
    assert any("restored exactly" in note for note in again.notes)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "neurodeploy.nir/9"}', '{"format": "neurodeploy.nir/1"}'])
def test_damaged_records(path: Path, text: str) -> None:
    with h5py.File(path, "r+") as file:
        del file["node/metadata/neurodeploy/description"]
        file["node/metadata/neurodeploy"].create_dataset("description", data=text, dtype=h5py.string_dtype())
    with pytest.raises(FormatError, match="metadata/neurodeploy"):
        read_nir(path, ReadOptions())


def test_uneven_pools_become_convolutions(tmp_path: Path) -> None:
    """Rows of zeros make the padding even; read without the record, the sums are the same."""
    pool = SumPool2d(np.asarray([[2, 4, 6], [8, 10, 12]]), (2, 2), (0, 1, 2, 1))
    network = Network(
        (Population("input", None, (2, 5, 5)), Population("pool", CubaLif(4096, 0, 80))),
        (Projection("input", "pool", pool),),
    )
    path = tmp_path / "x.nir"
    path.write_bytes(write_nir(network, "x", WriteOptions()).files[".nir"])
    plain = read_nir(path, ReadOptions(dt=1.0)).network
    assert plain.output.shape == network.output.shape == (2, 3, 3)
    assert isinstance(plain.projections[0].synapse, Conv2d)


def test_what_nir_cannot_say() -> None:
    own = Network((Population("input", CubaLif(0, 0, 1), (2,)), PARTS[3]), (Projection("input", "last", DENSE),))
    with pytest.raises(FormatError, match="input: has neurons of its own, which NIR cannot say"):
        write_nir(own, "x", WriteOptions())
    other = Network(
        (Population("input", None, (2,)), Population("last", SigmaDelta(1))), (Projection("input", "last", DENSE),)
    )
    with pytest.raises(FormatError, match="last: has sigma_delta neurons, which NIR cannot say"):
        write_nir(other, "x", WriteOptions())
    steps = Bias(np.ones((5, 3), np.int64))
    varying = Network(
        (Population("input", None, (2,)), Population("last", CubaLif(0, 0, 1), bias=steps)),
        (Projection("input", "last", DENSE),),
    )
    with pytest.raises(FormatError, match="last: has a bias per step, which NIR cannot say"):
        write_nir(varying, "x", WriteOptions())


DENSE = Dense(np.full((3, 2), 2))
