"""Any loaded network in torch and back: the emulator's spikes, weights that compile unchanged, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.errors import NetworkError
from neurodeploy.models.slayer.chip_network import ChipNetwork
from neurodeploy.network import (
    Bias,
    Conv2d,
    ConvTranspose2d,
    CubaLif,
    Dense,
    Network,
    OneToOne,
    Population,
    Projection,
    Reset,
    SumPool2d,
)

STEPS = 50


def planes(seed: int = 0, *, whole: bool = False) -> Network:
    """Every kind of synapse, a projection that skips a layer, exponents, thresholds and decays of their own, delays."""
    random = np.random.default_rng(seed)

    def weights(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        drawn = random.normal(6, 30, shape)
        return np.rint(drawn / 4) * 4 if whole else drawn

    populations = (
        Population("input", shape=(2, 7, 6), axonal_delay=np.repeat([0, 3], 42)),
        Population("conv", CubaLif(1024, 128, 60), axonal_delay=np.repeat([2, 0, 5], 42)),
        Population("pool", CubaLif(900, 200, 80, 2), axonal_delay=1),
        Population("up", CubaLif(4096, 300, 40)),
        Population("fc1", CubaLif(500, 500, 200, 3), axonal_delay=np.arange(9)),
        Population("fc2", CubaLif(1024, 128, 90)),
    )
    projections = (
        Projection("input", "conv", Conv2d(weights(3, 2, 3, 3), padding=(1, 1)), weight_exponent=1),
        Projection("conv", "pool", SumPool2d(np.full((2, 2), 28.0), (2, 2), (0, 1, 0, 0))),
        Projection("pool", "up", ConvTranspose2d(weights(3, 2, 2, 2), (2, 2))),
        Projection("up", "fc1", Dense(weights(9, 96))),
        Projection("fc1", "fc2", Dense(weights(4, 9)), weight_exponent=-2),
        Projection("conv", "fc2", Dense(weights(4, 126)), weight_exponent=-1),
    )
    network = Network(populations, projections, steps=STEPS)
    if not whole:
        return network
    return replace(network, projections=tuple(_integer(p) for p in projections))


def _integer(projection: Projection) -> Projection:
    weight = projection.synapse.weight.astype(np.int32)
    return replace(projection, synapse=replace(projection.synapse, weight=weight))


def rasters(network: Network, count: int = 3) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.random.default_rng(1).random((count, STEPS, *(network.input.shape or ()))) < 0.15


def everywhere(network: Network, bits: int) -> dict[str, int]:
    return {p.target: bits for p in network.projections if p.synapse.learned}


@pytest.mark.parametrize(
    ("bits", "whole", "backend"),
    [(4, False, "emulator"), (8, False, "emulator"), (2, True, "emulator"), (None, True, "emulator"),
     (None, False, "torch")],
)  # fmt: skip
def test_backends_give_its_spikes(bits: int | None, whole: bool, backend: str) -> None:
    """In every layer; float networks on backend torch, trained ones compiled without a changed weight."""
    network = planes(whole=whole)
    model = ChipNetwork(network, {} if bits is None else everywhere(network, bits))
    assert (model.precision == torch.float64) == (backend == "torch")
    trained = model.trained()
    program = nd.compile(trained)
    if backend == "emulator":
        assert not any(layer.changed for layer in program.quantization)
    inputs = rasters(network)
    with torch.no_grad():
        ours = model.layer_spikes(torch.from_numpy(inputs).transpose(0, 1).float())
    names = [p.name for p in network.populations[1:]]
    for index, raster in enumerate(inputs):
        run = nd.run(program, raster, backend=backend, steps=STEPS, probes=[f"{name}.spikes" for name in names])
        assert isinstance(run, nd.Run)
        for name in names:
            spikes = ours[name][:, index]
            flat = spikes.permute(0, 3, 1, 2).flatten(1) if spikes.ndim == 4 else spikes
            np.testing.assert_array_equal(run[f"{name}.spikes"], flat.numpy(), err_msg=name)
    assert all(ours[name].sum() > 5 for name in names)


def test_lists_and_rasters_are_the_same_input() -> None:
    network = planes()
    inputs = rasters(network)
    events = [nd.Events(*np.nonzero(raster.reshape(STEPS, -1))) for raster in inputs]
    for bits in ({}, everywhere(network, 4)):
        model = ChipNetwork(network, bits)
        with torch.no_grad():
            by_list = model(model.input(events, STEPS))
            by_raster = model(torch.from_numpy(inputs).transpose(0, 1).float())
        assert torch.equal(by_list, by_raster)
        np.testing.assert_array_equal(model.output_counts(events, STEPS, 2), by_list.sum(0).numpy())


def test_trained_weights_are_those_of_the_layers() -> None:
    """A step of the grid moves a stored weight by the step of the format, and only in its own layer."""
    network = planes()
    model = ChipNetwork(network, {"fc2": 4})
    before = model.trained()
    name = {p.name: str(number) for number, p in enumerate(network.projections)}
    weight = model.synapses[name["fc1->fc2"]].weight
    assert isinstance(weight, torch.Tensor)
    weight.data[2, 3] = weight.data[2, 3].round() + (1 if weight.data[2, 3] < 5 else -1)
    weight.data[0, 0] = 1e6
    model.clamp_weights()
    assert float(weight.data[0, 0].item()) == 7
    after = {p.name: p for p in model.trained().projections}
    for projection in before.projections:
        moved = after[projection.name].synapse.weight - projection.synapse.weight
        assert np.count_nonzero(moved) == {"fc1->fc2": 2}.get(projection.name, 0)
    assert after["fc1->fc2"].weight_format is not None
    assert after["fc1->fc2"].weight_format.bits == 4
    step = after["fc1->fc2"].weight_format.step
    assert abs(after["fc1->fc2"].synapse.weight[2, 3] - before.into("fc2")[0].synapse.weight[2, 3]) == step


def test_only_learned_weights_with_bits_are_trained() -> None:
    network = planes()
    trained = [number for number, p in enumerate(network.projections) if p.target == "fc2"]
    model = ChipNetwork(network, {"fc2": 4})
    names = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert names == {f"synapses.{number}.weight" for number in trained}


def test_classes_are_means_of_their_outputs() -> None:
    network = replace(planes(), classes=2)
    model = ChipNetwork(network, everywhere(network, 8))
    raster = torch.from_numpy(rasters(network)).transpose(0, 1).float()
    with torch.no_grad():
        out, spikes = model(raster), model.layer_spikes(raster)["fc2"]
    assert out.shape == (STEPS, 3, 2)
    assert torch.equal(out[..., 0], (spikes[..., 0] + spikes[..., 1]) / 2)
    assert torch.equal(out[..., 1], (spikes[..., 2] + spikes[..., 3]) / 2)


def _with(network: Network, index: int, **changes: object) -> Network:
    populations = list(network.populations)
    populations[index] = replace(populations[index], **changes)  # type: ignore[arg-type]
    return replace(network, populations=tuple(populations))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: replace(n, reset=Reset(10)), "reset: is not part of training"),
        (lambda n: _with(n, 5, bias=Bias(np.array(3))), "fc2: has a bias"),
        (lambda n: _with(n, 4, neuron=CubaLif(500, 500, np.arange(9) + 7)), "fc1: has neurons of 9 different values"),
        (lambda n: _with(n, 1, axonal_delay=np.arange(126) % 60), "conv: has delays that differ within a channel"),
        (lambda n: _with(n, 5, neuron=CubaLif(500, 0, 90)), "fc2: voltage_decay: 0 is not above 0"),
        (lambda n: replace(n, projections=(*n.projections, Projection("fc2", "fc1", Dense(np.ones((9, 4)))))),
         "fc2->fc1: leads back"),
        (lambda n: replace(n, projections=(*n.projections, Projection("fc2", "fc2", OneToOne(np.ones(4))))),
         "fc2->fc2: leads back"),
        (lambda n: replace(n, projections=n.projections[:1]), "pool: has no synapses"),
    ],
)  # fmt: skip
def test_what_training_does_not_have(change: Callable[[Network], Network], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        ChipNetwork(change(planes()), {})


def test_synapses_that_training_does_not_have() -> None:
    neuron = CubaLif(1000, 100, 90)
    for synapse, message in (
        (OneToOne(np.ones(48)), "has onetoone synapses"),
        (Conv2d(np.ones((1, 3, 2, 3))), "has a kernel of 2x3"),
        (SumPool2d(np.ones((2, 2)), (1, 1)), "is a pool whose windows overlap"),
        (SumPool2d(np.arange(4.0).reshape(2, 2), (2, 2)), "has a pool of different weights"),
        (ConvTranspose2d(np.ones((3, 1, 2, 2)), (2, 2), output_padding=(1, 1)), "has output padding"),
        (ConvTranspose2d.unpooling(np.ones((2, 2)), 3, (1, 1)), "is an unpooling that overlaps"),
    ):
        network = Network(
            (Population("input", shape=(3, 4, 4)), Population("out", neuron)), (Projection("input", "out", synapse),)
        )
        with pytest.raises(NetworkError, match=f"input->out: {message}"):
            ChipNetwork(network, {})
