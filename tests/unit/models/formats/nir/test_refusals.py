"""What the representation cannot hold is refused in one sentence that names the node, the value and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import FormatError, NeurodeployError, OptionError
from neurodeploy.models.formats.nir.reader import network_of, read_nir
from neurodeploy.models.formats.options import ReadOptions
from tests.support.nir_files import MS, chain, cuba, graph, nir_file, node, tree

IF = node("IF", r=[1.0], v_threshold=[0.5])
EYE = node("Linear", weight=np.eye(2))
LI = node("LI", tau=[4e-3], r=[1.0], v_leak=[0.0])
DELAYS = node("Delay", delay=[0.0, 1e-3])


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ([node("Spike", r=[1.0])], "node a (Spike): is of a type that is not known"),
        ([node("IF", r=[1.0])], "lacks v_threshold"),
        ([IF | {"t_ref": np.asarray([2e-3])}], "has unknown fields t_ref"),
        ([cuba(tau_syn=0.5e-3)], "has tau_syn 0.0005, shorter than the step of 0.001"),
        ([cuba(tau_mem=-1.0)], "has tau_mem -1, which is not positive"),
        ([cuba(r=np.nan)], "r holds NaN or infinite values"),
        ([cuba(w_in=-4.0)], "node a: has gain -1"),
        (
            [cuba(v_threshold=1.0, v_reset=1.5)],
            "node a: has a v_threshold -0.5 relative to v_reset, below which it lies",
        ),
        ([cuba(v_threshold=[1.0, 2.0, 3.0])], "has v_threshold of shape (3,) for neurons of shape (2,)"),
        ([LI, EYE, IF], "node a (LI): passes its voltage on to c; only spikes can be sent"),
        ([node("Linear", weight=np.eye(3)), IF], "dense weight has 3 columns, the source 2 has 2 neurons"),
        ([node("Linear", weight=np.ones(2)), IF], "has weights of shape (2,)"),
        ([node("Affine", weight=np.eye(2), bias=np.ones(3)), IF], "has 3 biases for 2 outputs"),
        ([node("Delay", delay=[70e-3]), IF], "delays by 0.07, 70 steps; a neuron can delay 0 … 62"),
        ([node("Delay", delay=[-1e-3]), IF], "delays by -0.001, -1 steps"),
        ([EYE, DELAYS, IF], "has 2 different delays behind weights"),
        ([*[node("Delay", delay=[40e-3])] * 2, IF], "is delayed by 80 steps in all"),
        ([node("Affine", weight=np.eye(2), bias=np.ones(2)), node("Delay", delay=[1e-3]), IF], "delays a bias"),
        ([node("SumPool2d", kernel_size=[2, 2], stride=[2, 2]), IF], "pooling needs a source"),
        ([node("Flatten", start_dim=0, end_dim=-3), IF], "flattens axes 0 … -3"),
        ([node("Flatten", start_dim=0, end_dim=[]), IF], "has end_dim ()"),
        ([node("Flatten", start_dim=[1, 1], end_dim=-1), IF], "has start_dim (1, 1)"),
    ],
)
def test_nodes(nodes: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(NeurodeployError) as caught:
        network_of(chain([2], *nodes), MS)
    assert says in str(caught.value)


PLANE = {"i": node("Input", shape=[2]), "o": node("Output", shape=[2])}


@pytest.mark.parametrize(
    ("nodes", "edges", "says"),
    [
        (PLANE | {"n": IF}, [("i", "n"), ("n", "x")], "names no node x"),
        (PLANE | {"n": IF, "m": IF}, [("i", "n"), ("n", "o")], "node m (IF): is not reached from the input"),
        ({"i": PLANE["i"], "n": IF}, [("i", "n")], "graph: has 0 nodes of type Output"),
        (PLANE | {"j": PLANE["i"]}, [("i", "o")], "graph: has 2 nodes of type Input"),
        (PLANE | {"n": IF}, [("i", "n"), ("n", "o"), ("n", "i")], "ends in the input"),
        (PLANE | {"n": EYE}, [("i", "n"), ("n", "n"), ("n", "o")], "lies on a cycle without neurons"),
        (PLANE | {"n": IF}, [("i", "n")], "is not reached"),
        (
            PLANE | {"n": IF, "d": DELAYS, "m": IF},
            [("i", "n"), ("n", "d"), ("d", "m"), ("n", "m"), ("m", "o")],
            "node n (IF): is delayed by different times on different ways",
        ),
        (
            PLANE | {"g": graph({"i": PLANE["i"]}, []), "n": IF},
            [("i", "n"), ("n", "o")],
            "g: has 0 nodes of type Output",
        ),
    ],
)
def test_graphs(nodes: dict[str, Any], edges: list[tuple[str, str]], says: str) -> None:
    with pytest.raises(FormatError) as caught:
        network_of(tree(nodes, edges), MS)
    assert says in str(caught.value)


@pytest.mark.parametrize("shape", [[0], [2, 2, 2, 2], [2**12, 2**12], [-4]])
def test_shapes(shape: list[int]) -> None:
    with pytest.raises(FormatError, match="give 1 to 3 positive sizes"):
        network_of(chain(shape, IF), MS)


def test_sizes_are_checked_before_they_are_taken() -> None:
    wide = node("Conv2d", weight=np.ones((64, 2, 1, 1)))
    with pytest.raises(FormatError, match="up to 4,194,304 neurons"):
        network_of(chain([2, 1024, 1024], wide, IF), MS)
    dense = node("Linear", weight=np.ones((3000, 20000)))
    with pytest.raises(FormatError, match="become 60,000,000 weights"):
        network_of(chain([2, 100, 100], node("SumPool2d", kernel_size=1, stride=1), node("Flatten"), dense, IF), MS)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (ReadOptions(), "has time constants or delays but no time step; give --dt in milliseconds"),
        (ReadOptions(dt=0.0), "dt 0.0: is no length of a step"),
        (ReadOptions(dt=1.0, time_unit="us"), "time unit us: is unknown; choose s or ms"),
        (ReadOptions(dt=1.0, discretisation="zoh"), "discretisation zoh: is unknown; choose euler or exponential"),
    ],
)
def test_options(options: ReadOptions, says: str) -> None:
    with pytest.raises((FormatError, OptionError)) as caught:
        network_of(chain([2], cuba()), options)
    assert says in str(caught.value)


def test_a_graph_of_if_neurons_needs_no_step() -> None:
    loaded = network_of(chain([2], IF), ReadOptions())
    assert loaded.network.timestep_ms == 1.0
    assert any("no node depends on the time step" in note for note in loaded.notes)


def test_files(tmp_path: Path) -> None:
    """Through the parser of foreign files: version and lists of edges as exporters store them."""
    path = nir_file(tmp_path / "a.nir", chain([2], node("Affine", weight=np.eye(2), bias=[0.0, 0.0]), cuba()))
    loaded = read_nir(path, MS)
    assert loaded.format == "NIR 1.0.8"
    assert [p.name for p in loaded.network.populations] == ["input", "b"]
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(FormatError):
        read_nir(path, MS)
