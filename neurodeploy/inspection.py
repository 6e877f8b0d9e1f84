"""What a network is made of, in numbers: the object of `inspect --json`."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurodeploy.network import Network, Population, Projection
from neurodeploy.precision import WEIGHT_BITS, IntArray

SCHEMA = "neurodeploy.inspect/1"


def inspect(network: Network) -> dict[str, Any]:
    """The numbers of a network, schema `neurodeploy.inspect/1`.

    Weights are counted as the forward pass of training uses them, each kernel once; pools are not learned.
    `outside_bits` says for each width how many learned weights, in units of their layer's own step (the largest
    power of two that divides them all), lie outside a signed number of so many bits; float weights that no grid
    was trained for are left out of it.
    """
    learned = [p for p in network.projections if p.synapse.learned]
    weights = [p.trained_weights() for p in learned]
    units = [_units(w) for w, p in zip(weights, learned, strict=True) if p.is_integer or p.weight_grid is not None]
    return {
        "schema": SCHEMA,
        "learned_weights": sum(w.size for w in weights),
        "zeros": sum(int(np.count_nonzero(w == 0)) for w in weights),
        "outside_bits": {str(bits): sum(_outside(u, bits) for u in units) for bits in WEIGHT_BITS},
        "integer": network.is_integer,
        "populations": [_population(network, p) for p in network.populations],
        "projections": [_projection(p) for p in network.projections],
        "timestep_ms": network.timestep_ms,
        "steps": network.steps,
        "latency_steps": network.latency(),
    }


def _units(weights: np.ndarray[Any, np.dtype[np.float64]]) -> IntArray:
    scaled = np.ldexp(weights, 7).astype(np.int64)  # the smallest exponent is -7
    step = int(np.bitwise_or.reduce(np.abs(scaled).reshape(-1), initial=0))
    units: IntArray = scaled // max(step & -step, 1)
    return units


def _outside(units: IntArray, bits: int) -> int:
    half = 1 << (bits - 1)
    return int(np.count_nonzero((units < -half) | (units >= half)))


def _population(network: Network, population: Population) -> dict[str, Any]:
    neuron = population.neuron
    return {
        "name": population.name,
        "shape": list(population.shape or ()),
        "neurons": population.neurons,
        "model": neuron and neuron.NAME,
        "neuron": neuron and {name: _span(value) for name, value in neuron.parameters().items()},
        "axonal_delay": _span(population.axonal_delay),
        "bias": population.bias is not None,
        "learned_weights": sum(p.synapse.weight.size for p in network.into(population.name) if p.synapse.learned),
    }


def _projection(projection: Projection) -> dict[str, Any]:
    weight = projection.synapse.weight
    form = projection.weight_format
    return {
        "name": projection.name,
        "kind": type(projection.synapse).__name__.lower(),
        "weight_shape": list(weight.shape),
        "weight_min": float(weight.min()) if weight.size else None,
        "weight_max": float(weight.max()) if weight.size else None,
        "weight_exponent": projection.weight_exponent,
        "weight_grid": projection.weight_grid,
        "weight_format": form and f"{form.bits}-bit {form.sign_mode.name.lower()}",
    }


def _span(value: int | IntArray) -> int | list[int]:
    """One number, or the least and the largest of one per neuron."""
    return value if isinstance(value, int) else [int(value.min()), int(value.max())]
