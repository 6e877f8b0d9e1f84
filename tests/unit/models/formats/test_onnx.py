"""Spiking ONNX models: what the graph is made of, what is refused, and files that were changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper

from neurodeploy.errors import FormatError
from neurodeploy.models.formats import ReadOptions, WriteOptions, onnx_write, read_network, written_network
from neurodeploy.network import CubaLif, Dense, Network, OneToOne, Population, Projection
from tests.property.model_networks import model_case
from tests.property.networks import Case, random_case

#: The operators that exports may use: integers in, integers out; not those that onnxruntime computes wrongly beyond
#: 32 bits (Clip, Max, Min, Sign).
INTEGER_OPERATORS = {
    "Abs", "Add", "And", "Cast", "Concat", "ConstantOfShape", "Div", "Equal", "Gather", "GatherElements", "Greater",
    "GreaterOrEqual", "Identity", "LessOrEqual", "MatMul", "Mod", "Mul", "Not", "Or", "Reshape", "Scan", "Transpose",
    "ScatterElements", "Slice", "Squeeze", "Sub", "Unsqueeze", "Where",
}  # fmt: skip


def small(weight: float = 2, exponent: int = 0) -> Network:
    populations = (Population("input", shape=(3,)), Population("fc1", CubaLif(1024, 128, 1)))
    dense = Dense(np.full((2, 3), weight, float if weight % 1 else int))
    return Network(populations, (Projection("input", "fc1", dense, exponent),), 0.5, 40)


def model_of(network: Network) -> ModelProto:
    return onnx.load_model_from_string(written_network(network, "n.onnx").files[".onnx"])


@pytest.mark.parametrize("draw", [random_case, model_case])
@pytest.mark.parametrize("seed", range(12))
def test_only_standard_integer_operators(seed: int, draw: Callable[[int], Case]) -> None:
    model = model_of(draw(seed).network)
    onnx.checker.check_model(model, full_check=True)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    (scan,) = (node for node in model.graph.node if node.op_type == "Scan")
    body = next(a.g for a in scan.attribute if a.name == "body")
    assert {node.op_type for node in (*model.graph.node, *body.node)} <= INTEGER_OPERATORS
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    kinds = {i.data_type for i in model.graph.initializer}
    kinds |= {v.type.tensor_type.elem_type for v in (*inferred.graph.value_info, *body.input, *body.output)}
    integers = {TensorProto.INT8, TensorProto.UINT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64}
    assert kinds <= integers | {TensorProto.BOOL}


def test_weights_are_stored_small() -> None:
    stored = {i.name: i.data_type for i in model_of(small()).graph.initializer}
    assert stored["network/projections/0/weight"] == TensorProto.INT8


def test_names_profile_and_time_come_back(tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    path.write_bytes(written_network(small(), path, WriteOptions("lava-0.10")).files[".onnx"])
    loaded = read_network(path)
    assert [p.name for p in loaded.network.populations] == ["input", "fc1"]
    assert (loaded.network.timestep_ms, loaded.network.steps) == (0.5, 40)
    assert loaded.notes == ("written for profile lava-0.10",)


def test_what_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FormatError, match="input->fc1: has float weights, ONNX export takes integers; compile"):
        written_network(small(0.5), "n.onnx")
    with pytest.raises(FormatError, match=r"profile what: is unknown; choose loihi or lava-0\.10"):
        written_network(small(), "n.onnx", WriteOptions("what"))
    monkeypatch.setattr(onnx_write, "MAX_CONSTANT_BYTES", 5)
    with pytest.raises(FormatError, match="network: needs 6 bytes of constants, an ONNX file holds 5; split it"):
        written_network(small(), "n.onnx")


def test_a_population_without_synapses_and_one_without_targets(tmp_path: Path) -> None:
    populations = (*small().populations, Population("alone", CubaLif(1, 1, 1), (4,)))
    path = tmp_path / "n.onnx"
    path.write_bytes(written_network(replace(small(), populations=populations), path).files[".onnx"])
    assert read_network(path).network.output.name == "alone"


def _threshold(model: ModelProto) -> None:
    meta = json.loads(model.metadata_props[0].value)
    meta["network"]["populations"][1]["neuron"]["threshold_mantissa"] = 2
    model.metadata_props[0].value = json.dumps(meta)


def _schema(model: ModelProto) -> None:
    model.metadata_props[0].value = model.metadata_props[0].value.replace("onnx/1", "onnx/2")


def _huge(model: ModelProto) -> None:
    meta = json.loads(model.metadata_props[0].value)
    meta["network"]["populations"][0]["shape"] = [2**60]
    model.metadata_props[0].value = json.dumps(meta)


def _operator(model: ModelProto) -> None:
    next(n for n in model.graph.node if n.op_type == "Mul").op_type = "Add"


def _opset(model: ModelProto) -> None:
    model.opset_import[0].version = 13


def _external(model: ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def _too_short(model: ModelProto) -> None:
    model.graph.initializer[0].dims[0] = 2**40


def _negative(model: ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [-2, -3]


def _twice(model: ModelProto) -> None:
    model.graph.initializer.append(model.graph.initializer[0])


def _text(model: ModelProto) -> None:
    model.graph.initializer[0].data_type = TensorProto.STRING


def _function(model: ModelProto) -> None:
    model.functions.append(helper.make_function("d", "f", [], [], [], []))


def _many_nodes(model: ModelProto) -> None:
    for _ in range(10_001):
        model.graph.node.append(model.graph.node[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_threshold, "its graph is not the one that computes the network in its metadata"),
        (_operator, "its graph is not the one"),
        (_opset, "its graph is not the one"),
        (_schema, "metadata of another schema than neurodeploy.onnx/1"),
        (_huge, "neurons"),
        (_external, "is stored in another file, which is not opened"),
        (_too_short, r"claims the shape \(1099511627776, 3\) and holds 6 values"),
        (_negative, r"claims the shape \(-2, -3\)"),
        (_twice, "is stored twice"),
        (_text, "holds values of type 8"),
        (_function, "defines functions of its own"),
        (_many_nodes, "nodes, more than the 10000"),
    ],
)
def test_changed_files_are_refused(change: Callable[[ModelProto], None], message: str, tmp_path: Path) -> None:
    model = model_of(small())
    change(model)
    path = tmp_path / "n.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(Exception, match=message) as found:
        read_network(path)
    assert type(found.value).__module__ == "neurodeploy.errors"


@pytest.mark.parametrize("content", [b"", b"\x00" * 40, b"what is this", b"\x3a\xff\xff\xff\xff\x0f"])
def test_no_onnx_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "n.onnx"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"n\.onnx: (is no ONNX model|holds no graph)"):
        read_network(path, ReadOptions())


def test_metadata_that_claim_more_than_the_file_holds(tmp_path: Path) -> None:
    """A convolution on huge planes has few weights; its table of windows is not built to see that the file is wrong."""
    model = model_of(small())
    meta = json.loads(model.metadata_props[0].value)
    planes = Network(
        (Population("input", shape=(1, 2**13, 2**13)), Population("fc1", CubaLif(1, 1, 1))),
        (Projection("input", "fc1", OneToOne(np.ones(1, int))),),
    )
    meta["network"]["populations"][0]["shape"] = [1, 2**13, 2**13]
    meta["network"]["populations"][1]["shape"] = list(planes.output.shape or ())
    weight = meta["network"]["projections"][0]["synapse"]["weight"]
    meta["network"]["projections"][0]["synapse"] = {
        "type": "conv2d", "weight": weight, "stride": [1, 1], "padding": [0, 0], "dilation": [1, 1], "groups": 1,
    }  # fmt: skip
    model.graph.initializer[0].dims[:] = [1, 1, 1, 1]
    model.graph.initializer[0].raw_data = b"\x02"
    model.metadata_props[0].value = json.dumps(meta)
    path = tmp_path / "n.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FormatError, match="its graph is not the one"):
        read_network(path)
