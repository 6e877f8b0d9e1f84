"""A network as JSON-ready meta data and named arrays, and back: what `.ndn` and `.ndp` files hold.

A per-neuron parameter is a number in the meta data, or the name of an array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from neurodeploy.arrays import Array, Arrays
from neurodeploy.errors import FormatError
from neurodeploy.network.convolutions import Conv2d, ConvTranspose2d, SumPool2d
from neurodeploy.network.network import Bias, Network, Population, Projection, Reset
from neurodeploy.network.neurons import NEURONS, PerNeuron
from neurodeploy.network.synapses import Dense, OneToOne, Sparse, Synapse
from neurodeploy.precision import SignMode, WeightFormat
from neurodeploy.spikes.latency import Latency

Meta = dict[str, Any]

_SYNAPSES: dict[str, type[Synapse]] = {
    "dense": Dense,
    "conv2d": Conv2d,
    "conv_transpose2d": ConvTranspose2d,
    "sum_pool2d": SumPool2d,
    "one_to_one": OneToOne,
    "sparse": Sparse,
}
_ARRAYS = ("weight", "source", "target")


def network_to_parts(network: Network, prefix: str) -> tuple[Meta, dict[str, Array]]:
    """The meta data of a network, and its arrays with names that start with `prefix`."""
    arrays: dict[str, Array] = {}

    def store(name: str, value: PerNeuron | Array) -> int | str:
        if isinstance(value, int):
            return value
        arrays[f"{prefix}/{name}"] = value
        return f"{prefix}/{name}"

    meta: Meta = {
        "timestep_ms": network.timestep_ms,
        "steps": network.steps,
        "reset": network.reset and {"interval": network.reset.interval, "offset": network.reset.offset},
        "populations": [_population_meta(p, store) for p in network.populations],
        "projections": [_projection_meta(i, p, store) for i, p in enumerate(network.projections)],
    } | ({} if network.classes is None else {"classes": network.classes})
    return meta | ({} if network.coding is None else {"coding": asdict(network.coding)}), arrays


def network_from_parts(meta: Any, arrays: Arrays, where: str) -> Network:
    """The network that `network_to_parts` stored.

    Raises:
        FormatError: meta data that describe no network, or arrays that are missing.
        NetworkError: a network that breaks a rule.
    """
    try:
        keys = {"timestep_ms", "steps", "reset", "populations", "projections"}
        _demand(meta, keys | ({"classes", "coding"} & set(meta)))
        return Network(
            populations=tuple(_population(p, arrays) for p in meta["populations"]),
            projections=tuple(_projection(p, arrays) for p in meta["projections"]),
            timestep_ms=float(meta["timestep_ms"]),
            steps=_optional_int(meta["steps"]),
            reset=None if meta["reset"] is None else Reset(**_ints(meta["reset"])),
            classes=_optional_int(meta.get("classes")),
            coding=None if meta.get("coding") is None else _coding(meta["coding"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise FormatError(where, f"describes no network ({error!r})", "write the file again") from error


def _population_meta(population: Population, store: Callable[[str, PerNeuron | Array], int | str]) -> Meta:
    at = f"populations/{population.name}"
    neuron = bias = None
    if population.neuron is not None:
        neuron = Meta({"type": population.neuron.NAME})
        for field in fields(population.neuron):
            value = getattr(population.neuron, field.name)
            neuron[field.name] = store(f"{at}/{field.name}", value) if field.name in population.neuron.RANGES else value
    if population.bias is not None:
        bias = {"exponent": population.bias.exponent, "mantissa": store(f"{at}/bias", population.bias.mantissa)}
    return {
        "name": population.name,
        "shape": list(population.shape or ()),
        "neuron": neuron,
        "bias": bias,
        "axonal_delay": store(f"{at}/axonal_delay", population.axonal_delay),
    }


def _population(meta: Any, arrays: Arrays) -> Population:
    _demand(meta, {"name", "shape", "neuron", "bias", "axonal_delay"})
    neuron = bias = None
    if meta["neuron"] is not None:
        cls: Any = NEURONS[meta["neuron"]["type"]]
        _demand(meta["neuron"], {"type"} | {f.name for f in fields(cls)})
        values = {f.name: meta["neuron"][f.name] for f in fields(cls)}
        neuron = cls(**{name: _per_neuron(v, arrays) if name in cls.RANGES else v for name, v in values.items()})
    if meta["bias"] is not None:
        _demand(meta["bias"], {"exponent", "mantissa"})
        mantissa = arrays[meta["bias"]["mantissa"]]
        bias = Bias(mantissa, **_ints({"exponent": meta["bias"]["exponent"]}))  # type: ignore[arg-type]
    shape = tuple(_int(n) for n in meta["shape"])
    return Population(str(meta["name"]), neuron, shape, bias, _per_neuron(meta["axonal_delay"], arrays))


def _projection_meta(index: int, projection: Projection, store: Callable[[str, PerNeuron | Array], int | str]) -> Meta:
    kind = next(name for name, cls in _SYNAPSES.items() if isinstance(projection.synapse, cls))
    synapse: Meta = {"type": kind}
    for field in fields(projection.synapse):
        value = getattr(projection.synapse, field.name)
        stored = store(f"projections/{index}/{field.name}", value) if field.name in _ARRAYS else value
        synapse[field.name] = list(stored) if isinstance(stored, tuple) else stored
    form = projection.weight_format
    return {
        "source": projection.source,
        "target": projection.target,
        "synapse": synapse,
        "weight_exponent": projection.weight_exponent,
        "weight_format": form and {"sign_mode": form.sign_mode.value, "bits": form.bits},
        "weight_grid": projection.weight_grid,
    } | ({"imaginary": True} if projection.imaginary else {})


def _projection(meta: Any, arrays: Arrays) -> Projection:
    keys = {"source", "target", "synapse", "weight_exponent", "weight_format", "weight_grid"}
    _demand(meta, keys | ({"imaginary"} & set(meta)))
    cls = _SYNAPSES[meta["synapse"]["type"]]
    _demand(meta["synapse"], {"type"} | {f.name for f in fields(cls)})
    values = {f.name: _synapse_value(f.name, meta["synapse"][f.name], arrays) for f in fields(cls)}
    form = meta["weight_format"]
    return Projection(
        source=str(meta["source"]),
        target=str(meta["target"]),
        synapse=cls(**values),
        weight_exponent=_int(meta["weight_exponent"]),
        weight_format=None if form is None else WeightFormat(SignMode(form["sign_mode"]), _int(form["bits"])),
        weight_grid=_optional_int(meta["weight_grid"]),
        imaginary=_bool(meta.get("imaginary", False)),
    )


def _synapse_value(name: str, value: Any, arrays: Arrays) -> Any:
    if name in _ARRAYS:
        return arrays[value]
    if name == "learned":
        return _bool(value)
    return tuple(_int(v) for v in value) if isinstance(value, list) else _int(value)


def _coding(meta: Any) -> Latency:
    _demand(meta, {f.name for f in fields(Latency)})
    return Latency(
        low=tuple(_real(value) for value in meta["low"]),
        high=tuple(_real(value) for value in meta["high"]),
        early_ms=_real(meta["early_ms"]),
        late_ms=_real(meta["late_ms"]),
        largest_first=_bool(meta["largest_first"]),
        complement=_bool(meta["complement"]),
        bias_ms=None if meta["bias_ms"] is None else _real(meta["bias_ms"]),
    )


def _per_neuron(value: Any, arrays: Arrays) -> PerNeuron:
    return arrays.integers(value, None).astype(np.int64) if isinstance(value, str) else _int(value)


def _int(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no whole number")
    return value


def _real(value: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _bool(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError(f"{value!r} is neither true nor false")
    return value


def _optional_int(value: Any) -> int | None:
    return None if value is None else _int(value)


def _ints(meta: Mapping[str, Any]) -> dict[str, int]:
    return {name: _int(value) for name, value in meta.items()}


def _demand(meta: Any, keys: set[str]) -> None:
    if not isinstance(meta, dict) or set(meta) != keys:
        raise ValueError(f"expected the keys {', '.join(sorted(keys))}")
