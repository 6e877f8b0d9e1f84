"""An integer network as an ONNX model: one step with its state as inputs and outputs, and a `Scan` over time around it.

Standard integer operators only, so that every runtime that keeps the standard computes the emulator's bits.
"""

from __future__ import annotations

import json
from functools import partial, reduce
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.export import check_exportable
from neurodeploy.models.formats.onnx_arithmetic import STEP, Given
from neurodeploy.models.formats.onnx_graph import INT64, IR_VERSION, OPSET, PREFIX, GraphBuilder, array_info, zeros
from neurodeploy.models.formats.onnx_population import delivered, spike_kind, update, variables
from neurodeploy.models.formats.onnx_synapses import contribution
from neurodeploy.models.formats.options import WriteOptions
from neurodeploy.models.formats.written import Written
from neurodeploy.network import Network, Population, Windowed
from neurodeploy.network.codec import network_to_parts

SCHEMA = "neurodeploy.onnx/1"
#: Key of the metadata that hold everything the graph does not: names, formats, time step, length.
METADATA = "neurodeploy"
#: Protobuf messages end at 2 GiB; this leaves room for nodes and names.
MAX_CONSTANT_BYTES = 2**31 - 2**26

_TIME = "steps"


def write_onnx(network: Network, name: str, options: WriteOptions) -> Written:
    """The `.onnx` file of an integer network; see `step_model`.

    Raises:
        FormatError: float weights, an unknown profile, or more than protobuf can hold.
    """
    model = step_model(network, options.profile, options.traces)
    states = [v for p in network.populations for v in variables(p)]
    notes = (
        f"profile {options.profile}; opset {OPSET}, integer operators only",
        f"inputs: {', '.join(i.name for i in model.graph.input)}; start with {len(states)} states of zeros",
        f"outputs: {', '.join(o.name for o in model.graph.output)}",
    )
    return Written({".onnx": model.SerializeToString(deterministic=True)}, notes)


def step_model(network: Network, profile: str = "loihi", traces: bool = False) -> ModelProto:
    """The model of an integer network.

    Inputs: `step`, the absolute numbers of the steps, int64 (steps,); `NAME.spikes` of the input population, payloads,
    int32 (steps, neurons), unless it has neurons of its own; every state variable (`variables`). Outputs: every state
    variable's `.next`; `NAME.spikes` of the populations with neurons, (steps, neurons), uint8 or, of graded models,
    payloads in int32; with `traces` their `NAME.u.trace` and `NAME.v.trace`, int64 (steps, neurons), sigma decoders
    only the first. A recording may be run in any number of stretches.

    Args:
        network: with integer weights.
        profile: "loihi" or "lava-0.10".
        traces: whether u and v of every step are outputs.

    Raises:
        FormatError: see `write_onnx`.
    """
    check_exportable(network, profile, "ONNX")
    size = constant_bytes(network)
    if size > MAX_CONSTANT_BYTES:
        problem = f"needs {size} bytes of constants, an ONNX file holds {MAX_CONSTANT_BYTES}"
        raise FormatError("network", problem, "split it")
    meta, arrays = network_to_parts(network, PREFIX)
    build = GraphBuilder()
    for key, array in arrays.items():
        build.stored(key, compact(array))
    _add_step(build, network, profile)
    graph = _around(build, network, traces)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="neurodeploy"
    )
    described = {"schema": SCHEMA, "profile": profile, "traces": traces, "network": meta}
    helper.set_model_props(model, {METADATA: json.dumps(described, sort_keys=True)})
    return model


def compact(array: NDArray[Any]) -> NDArray[np.signedinteger[Any]]:
    """The same integers in the smallest signed type that holds them."""
    return array.astype(_fitting(array))


def _fitting(array: NDArray[Any]) -> np.dtype[Any]:
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    kinds = (np.iinfo(kind) for kind in (np.int8, np.int16, np.int32, np.int64))
    return next(kind.dtype for kind in kinds if kind.min <= low and high <= kind.max)


def _add_step(build: GraphBuilder, network: Network, profile: str) -> None:
    """Add one step: what arrives, and the update of every population."""
    given = None if network.input.neuron else f"{network.input.name}.spikes"
    sources = [p.name for p in network.populations if any(q.source == p.name for q in network.projections)]
    driven = {given and network.input.name, *sources} - {None}
    arriving = {
        p.name: delivered(build, p, given if i == 0 else None)
        for i, p in enumerate(network.populations)
        if p.name in driven
    }
    depths = network.depths()
    for population in network.populations:
        if population.neuron is None:
            continue
        parts: dict[bool, list[str]] = {False: [], True: []}
        for i, p in enumerate(network.projections):
            if p.target == population.name:
                shape = network.population(p.source).shape or ()
                parts[p.imaginary].append(contribution(build, i, p, shape, arriving[p.source], profile))
        q = _total(build, parts[False]) or zeros(build, population.neurons)
        imaginary, bias = _total(build, parts[True]), _bias(build, population)
        reset = None if network.reset is None else (network.reset, depths[population.name])
        update(build, population, Given(q, imaginary, bias, reset, profile))


def _total(build: GraphBuilder, parts: list[str]) -> str | None:
    """The sum of tensors, None without any."""
    return reduce(partial(build.step, "Add"), parts) if parts else None


def _bias(build: GraphBuilder, population: Population) -> str | None:
    """A bias in this step; one given per step is looked up by the step's number."""
    if population.bias is None:
        return None
    stored = build.parameter(f"populations/{population.name}/bias", population.bias.mantissa)
    value = build.prepare("Mul", stored, build.constant(1 << population.bias.exponent))
    return value if population.bias.steps is None else build.step("Gather", value, STEP, axis=0)


def _around(build: GraphBuilder, network: Network, traces: bool) -> Any:
    """The `Scan` around the step, and the graph around the `Scan`."""
    states = [v for p in network.populations for v in variables(p)]
    cells = [p for p in network.populations if p.neuron is not None]
    scanned: list[tuple[str, int, tuple[int, ...]]] = [(STEP, INT64, ())]
    if network.input.neuron is None:
        scanned.append((f"{network.input.name}.spikes", TensorProto.INT32, (network.input.neurons,)))
    found: list[tuple[str, int, tuple[int, ...]]] = [(f"{p.name}.spikes", spike_kind(p), (p.neurons,)) for p in cells]
    if traces:
        shown = [v for v in states if v.name.endswith((".u", ".v"))]
        found += [(build.give(f"{v.name}.next", f"{v.name}.trace"), INT64, v.shape) for v in shown]
    held = [array_info(v.name, v.kind, v.shape) for v in states]
    after = [array_info(f"{v.name}.next", v.kind, v.shape) for v in states]
    body = helper.make_graph(
        build.each, "step", [*held, *(array_info(*s) for s in scanned)], [*after, *(array_info(*f) for f in found)]
    )
    scan = helper.make_node(
        "Scan",
        [*(v.name for v in states), *(s[0] for s in scanned)],
        [*(a.name for a in after), *(f[0] for f in found)],
        body=body,
        num_scan_inputs=len(scanned),
    )
    inputs = [*(array_info(n, k, (_TIME, *s)) for n, k, s in scanned), *held]
    outputs = [*(array_info(n, k, (_TIME, *s)) for n, k, s in found), *after]
    return helper.make_graph([*build.once, scan], "neurodeploy", inputs, outputs, list(build.constants.values()))


def constant_bytes(network: Network) -> int:
    """How many bytes the constants of a network's model take, a few small ones aside; nothing is allocated for it."""
    _, arrays = network_to_parts(network, PREFIX)
    size = sum(array.size * _fitting(array).itemsize for array in arrays.values())
    for projection in network.projections:
        synapse = projection.synapse
        if isinstance(synapse, Windowed):
            pixels = synapse.output_shape(network.population(projection.source).shape or ())[1:]
            size += 8 * prod(pixels) * prod(synapse.weight.shape[-2:])
    return size
