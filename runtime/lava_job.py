"""What the Lava worker is sent: networks as JSON and arrays, and why Lava cannot run some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.emulator.simulation import Options
from neurodeploy.errors import DataError, NetworkError, OptionError
from neurodeploy.network import (
    Alif,
    Conv2d,
    CubaLif,
    Delta,
    Dense,
    Network,
    Population,
    Projection,
    SigmaDelta,
    SumPool2d,
    connections,
)
from neurodeploy.precision import SignMode, WeightFormat
from neurodeploy.spikes.events import Events

#: Lava's convolution keeps 24 bits of a sum; what may exceed them is written out as sparse synapses.
_CONV_LIMIT = 2**23

Arrays = dict[str, NDArray[Any]]


def check_options(options: Options) -> None:
    """Whether Lava computes so.

    Raises:
        OptionError: it does not.
    """
    if options.drop_first_step:
        raise OptionError("backend lava", "cannot skip step 0", "leave --drop-first-step out")


def check_network(network: Network) -> None:
    """Whether Lava's fixed-point models have all that the network uses.

    Raises:
        NetworkError: naming the population and the feature.
    """
    for population in network.populations:
        neuron = population.neuron
        if neuron is not None and not isinstance(neuron, CubaLif):
            _check_model(network, population)
        if isinstance(neuron, CubaLif) and np.any(np.asarray(neuron.refractory_delay) > 1):
            delay = int(np.max(neuron.refractory_delay))
            raise NetworkError(
                f"{population.name}: refractory delay",
                f"is {delay}, and Lava has no fixed-point neuron that holds",
                "use 1, or another backend",
            )
        if population.bias is not None and population.bias.steps is not None:
            raise NetworkError(
                f"{population.name}: bias",
                "changes from step to step, and a Lava neuron's is constant",
                "use a constant bias, or another backend",
            )
    if not any(p.source == network.input.name for p in network.projections) and network.input.neuron is None:
        raise NetworkError(network.input.name, "has no projection, and Lava runs what is connected", "remove it")
    for projection in network.projections:
        lost = -projection.weight_exponent
        if lost > 0 and np.any(projection.synapse.weight.astype(np.int64) % (1 << lost)):
            raise NetworkError(
                f"{projection.name}: weights",
                f"are no multiples of {1 << lost}, as exponent {-lost} needs, and Lava rounds sums in its own way",
                "quantize the network",
            )
    if network.reset is not None:
        deepest = max(network.depths().values())
        if network.reset.offset + deepest > network.reset.interval:
            raise NetworkError(
                "reset",
                f"of interval {network.reset.interval} begins as late as step {network.reset.offset + deepest}, "
                "and Lava's begins in the first interval",
                "use a smaller offset, or another backend",
            )


def _check_model(network: Network, population: Population) -> None:
    """What Lava has of the other models: no reset, no later corrections, no bias of an encoder, one threshold step."""
    neuron = population.neuron
    problem = None
    if network.reset is not None:
        problem = f"has neurons that Lava resets only if they are CUBA LIF, and these are {neuron and neuron.NAME}"
    elif isinstance(neuron, SigmaDelta) and neuron.corrected:
        problem = "has the corrected sigma-delta neurons, which came after lava-nc 0.10"
    elif isinstance(neuron, Delta) and population.bias is not None:
        problem = "has a bias, and Lava's delta encoder takes what its source sends only"
    elif isinstance(neuron, Alif) and not isinstance(neuron.threshold_step, int):
        problem = "has a threshold step per neuron, and Lava's neurons share one"
    if problem:
        raise NetworkError(population.name, problem, "use another backend")


def check_payload(network: Network, events: Events) -> None:
    """Whether graded input keeps the sums of Lava's convolutions in their 24 bits.

    Raises:
        DataError: it may not.
    """
    largest = 1 if events.payload is None else int(np.abs(events.payload).max(initial=1))
    for projection in network.projections:
        if projection.source != network.input.name or largest == 1 or network.input.delays().any():
            continue
        if isinstance(projection.synapse, (Conv2d, SumPool2d)):
            kernel = _kernel(projection, (network.input.shape or ())[0])
            most = None if kernel is None else (_CONV_LIMIT - 1) // max(_most(kernel), 1)
            if most is not None and largest > most:
                problem = f"has a graded spike of {largest}, and Lava's convolution adds up to {most} in its 24 bits"
                raise DataError(f"{projection.name}: input", problem, "use another backend")


def _most(kernel: NDArray[Any]) -> int:
    """The largest sum of a kernel (out, in / groups, H, W) over spikes of 1."""
    return int(np.abs(kernel).sum(axis=(1, 2, 3)).max())


def job(networks: Sequence[Network]) -> tuple[dict[str, Any], Arrays]:
    """The networks as one Lava program.

    Args:
        networks: integer ones that `check_network` accepts; their populations are numbered through.

    Returns:
        The header of the worker's "load" message, and its arrays.
    """
    populations: list[dict[str, Any]] = []
    projections: list[dict[str, Any]] = []
    arrays: Arrays = {}
    tied = []
    for network in networks:
        first = len(populations)
        for population in network.populations:
            populations.append(_population(network, population, len(populations), arrays))
        for projection in network.projections:
            row = _projection(network, projection, f"w{len(projections)}", arrays)
            projections.append(
                row
                | {
                    "source": first + network.index(projection.source),
                    "target": first + network.index(projection.target),
                }
            )
        pieces = _pieces(network)
        if len(networks) > 1 or len(pieces) > 1 or network.input.neuron is not None:
            tied += [first + piece[-1] for piece in pieces]
    return {"do": "load", "populations": populations, "projections": projections, "tied": tied}, arrays


def _pieces(network: Network) -> list[list[int]]:
    """Positions of the populations that projections join, piece by piece; the last of each has neurons."""
    pieces = {i: [i] for i in range(len(network.populations))}
    for projection in network.projections:
        one, other = pieces[network.index(projection.source)], pieces[network.index(projection.target)]
        if one is not other:
            one += other
            pieces |= dict.fromkeys(other, one)
    return [sorted(piece) for i, piece in pieces.items() if min(piece) == i]


def _population(network: Network, population: Population, number: int, arrays: Arrays) -> dict[str, Any]:
    row: dict[str, Any] = {"neurons": population.neurons, "shape": population.shape, "neuron": None, "reset": None}
    if population.neuron is None:
        return row
    neuron = population.neuron
    for name, value in neuron.parameters().items():
        arrays[f"{number}.{name}"] = np.asarray(value)
    arrays[f"{number}.bias"] = population.bias.mantissa if population.bias else np.zeros((), np.int64)
    if network.reset is not None:
        row["reset"] = [network.reset.interval, network.reset.offset + network.depths()[population.name]]
    graded = {"graded": True} if neuron.GRADED else {}
    return row | graded | {"neuron": neuron.NAME, "bias_exponent": population.bias.exponent if population.bias else 0}


def _projection(network: Network, projection: Projection, name: str, arrays: Arrays) -> dict[str, Any]:
    source = network.population(projection.source)
    synapse, form = projection.synapse, _format(projection)
    row = {
        "exponent": projection.weight_exponent,
        "bits": form.bits,
        "sign_mode": form.sign_mode.value,
        "weight": f"{name}.weight",
        "delay": f"{name}.delay" if source.delays().any() else None,
        "imaginary": projection.imaginary,
    }
    if row["delay"]:
        arrays[f"{name}.delay"] = source.delays()
    elif isinstance(synapse, (Conv2d, SumPool2d)) and not (source.neuron and source.neuron.GRADED):
        kernel = _kernel(projection, (source.shape or ())[0])
        if kernel is not None:
            arrays[f"{name}.weight"] = kernel
            return row | {
                "kind": "conv",
                "stride": synapse.stride,
                "padding": synapse.padding[::2] if isinstance(synapse, SumPool2d) else synapse.padding,
                "dilation": getattr(synapse, "dilation", (1, 1)),
                "groups": getattr(synapse, "groups", (source.shape or ())[0]),
            }
    if isinstance(synapse, Dense):
        arrays[f"{name}.weight"] = synapse.weight
        return row | {"kind": "dense"}
    listed = connections(synapse, source.shape or ())
    arrays[f"{name}.weight"], arrays[f"{name}.source"] = listed.weight, listed.source
    arrays[f"{name}.target"] = listed.target
    return row | {
        "kind": "sparse",
        "source_of": f"{name}.source",
        "target_of": f"{name}.target",
        "size": [network.population(projection.target).neurons, source.neurons],
    }


def _kernel(projection: Projection, channels: int) -> NDArray[Any] | None:
    """The kernel (out, in / groups, H, W) that Lava's Conv can use, its exponent multiplied in; None if it cannot.

    Lava's Conv ignores weight exponents, pads both sides alike, and keeps 24 bits of its sums.
    """
    synapse, exponent = projection.synapse, projection.weight_exponent
    assert isinstance(synapse, (Conv2d, SumPool2d))
    weight = synapse.weight.astype(np.int64)
    if isinstance(synapse, SumPool2d):
        top, bottom, left, right = synapse.padding
        if (top, left) != (bottom, right):
            return None
        weight = np.broadcast_to(weight, (channels, 1, *weight.shape))
    if exponent < 0 and np.any(weight % (1 << -exponent)):
        return None
    weight = weight << exponent if exponent >= 0 else weight >> -exponent
    return weight if _most(weight) < _CONV_LIMIT else None


def _format(projection: Projection) -> WeightFormat:
    """The format of the weights, or the first that holds those of a network that was not quantized."""
    if projection.weight_format is not None:
        return projection.weight_format
    weight = projection.synapse.weight.astype(np.int64)
    for mode in SignMode:
        if WeightFormat(mode).holds(weight):
            return WeightFormat(mode)
    raise NetworkError(f"{projection.name}: weights", "fit no 8-bit format", "quantize the network")
