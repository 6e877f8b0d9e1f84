"""What TSSL-BP's two practical measures are good for, its losses, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from neurodeploy.errors import DataError, NetworkError, NeurodeployError, OptionError
from neurodeploy.models.formats.notation import parse_architecture
from neurodeploy.models.slayer.train import Rasters, Trainer
from neurodeploy.models.slayer.training_options import TrainingOptions
from neurodeploy.models.tssl.lif import filtered, tssl_lif
from neurodeploy.models.tssl.loss import ClassTrainLoss, TraceLoss
from neurodeploy.models.tssl.network import TsslNetwork
from neurodeploy.models.tssl.neuron import TsslNeuron
from neurodeploy.models.tssl.plan import TsslPlan


def patterns(classes: int = 4, inputs: int = 24) -> tuple[Tensor, Tensor]:
    """A pattern per class with noise, as rasters (recordings, steps, inputs), and labels."""
    draw = torch.Generator().manual_seed(1)
    base = torch.rand(classes, inputs, generator=draw) < 0.3
    labels = torch.arange(40) % classes
    flipped = torch.rand(40, 5, inputs, generator=draw) < 0.05
    return (base[labels][:, None] ^ flipped).to(torch.uint8), labels


def trained(neuron: TsslNeuron, gain: float, optimizer: str = "adam", rate: float = 0.02) -> tuple[float, float]:
    """Loss at the end, and share of recordings that are right."""
    rasters, labels = patterns()
    network = TsslNetwork(parse_architecture("24-20-4"), neuron, 5, gain=gain)
    options = TrainingOptions(12, 10, rate, optimizer=optimizer, schedule="constant")
    trainer = Trainer(network, Rasters(rasters, labels), ClassTrainLoss(neuron), options)
    loss = 0.0
    for update in trainer.run():
        loss = update.loss
    with torch.no_grad():
        counts = network(rasters.transpose(0, 1).float()).sum(0)
    right = (counts.argmax(1) == labels) & counts.any(1)
    return loss, right.float().mean().item()


def test_silent_networks_learn_with_the_warm_up_alone() -> None:
    silent = 0.02  # at these weights no neuron fires
    assert trained(TsslNeuron(), silent)[1] >= 0.95
    assert trained(TsslNeuron(window=0), silent)[1] == 0


@pytest.mark.parametrize(("window", "warm"), [(0, ()), (1, (0, 2, 3, 4)), (3, (0, 4)), (None, ())])
def test_the_warm_up_is_the_sigmoids_derivative_where_the_window_was_silent(
    window: int | None, warm: tuple[int, ...]
) -> None:
    """A spike in step 1 of 5, u = 0.5 in all others."""
    neuron = TsslNeuron(tau_membrane=1.0, tau_synapse=1.0, window=window, sigmoid=0.4, leak=False)
    current = torch.full((5, 1), 0.5)
    current[1] = 2.0
    (gradient,) = torch.autograd.grad(tssl_lif(current.requires_grad_(), neuron).sum(), current)
    high = 1 / (1 + math.exp((1.0 - 0.5) / 0.4))
    expected = [high * (1 - high) / 0.4 if step in warm else 0.0 for step in range(5)]
    expected[1] = 1 / (2.0 - 0.5)  # eq. (13 … 15), ε being 1 in its own step alone, behind a u of 0.5
    assert gradient.flatten().tolist() == pytest.approx(expected)


def test_a_neuron_silent_all_through_is_warm_in_every_window() -> None:
    for window in (1, 3, None):
        current = torch.full((5, 1), 0.1, requires_grad=True)
        (gradient,) = torch.autograd.grad(tssl_lif(current, TsslNeuron(tau_synapse=1.0, window=window)).sum(), current)
        assert (gradient > 0).all()


def test_initial_weights_are_in_thresholds_by_the_root_of_the_inputs() -> None:
    neuron = TsslNeuron(tau_synapse=4.0, threshold=3.0)
    weight = TsslNetwork(parse_architecture("100-100"), neuron, 5, gain=0.5).layer("fc1").weight
    assert weight.std().item() == pytest.approx(0.5 * 4 * 3 / 10, rel=0.05)


def test_counts_are_wanted_of_half_of_the_steps_and_a_twentieth() -> None:
    spikes = torch.zeros(20, 1, 2)
    spikes[:10, 0, 1] = spikes[0, 0, 0] = 1
    wanted = TsslPlan("6-2", steps=20, loss="count").criterion()
    assert wanted(spikes, torch.tensor([1])).item() == pytest.approx(0)
    assert wanted(spikes, torch.tensor([0])).item() > 0


def test_an_update_across_a_spike_at_the_threshold_is_bounded() -> None:
    """A neuron that creeps to the threshold: its derivative is some 10^-4, and the gradient without a bound 10^4."""
    neuron = TsslNeuron(tau_membrane=4000.0, tau_synapse=1.0, window=0)
    current = torch.zeros(6, 1, requires_grad=True)
    with torch.no_grad():
        current[0], current[1] = 0.9999, 5e-4
    gradients = []
    for bound in (8.0, math.inf):
        spikes = tssl_lif(current, replace(neuron, bound=bound))
        assert spikes.flatten().tolist() == [0, 1, 0, 0, 0, 0]
        (gradient,) = torch.autograd.grad(spikes.sum(), current)
        gradients.append(float(gradient[1]))
    assert gradients[0] == pytest.approx(8.0)
    assert gradients[1] > 1000


def creeping(bound: float) -> tuple[list[float], float]:
    """Train a neuron that fires in step 1 because it creeps across the threshold, and should in step 3: its spikes then
    and the largest weight."""
    neuron = TsslNeuron(tau_membrane=4000.0, tau_synapse=1.0, bound=bound)
    network = TsslNetwork(parse_architecture("3-1"), neuron, 5)
    with torch.no_grad():
        network.layer("fc1").weight.copy_(torch.tensor([0.9999, 5e-4, 0.05]).reshape(1, 3, 1, 1, 1))
    raster = torch.zeros(5, 1, 3)
    raster[[0, 1, 3], 0, [0, 1, 2]] = 1
    desired = torch.tensor([0.0, 0, 0, 1, 0])[:, None, None]
    assert network(raster).flatten().tolist() == [0, 1, 0, 0, 0]
    optimizer = torch.optim.SGD(network.parameters(), lr=0.02)
    for _ in range(50):
        optimizer.zero_grad()
        TraceLoss(neuron)(network(raster), desired).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return network(raster).flatten().tolist(), float(network.layer("fc1").weight.detach().abs().max())


def test_a_training_across_a_spike_at_the_threshold_needs_the_bound() -> None:
    spikes, largest = creeping(8.0)
    assert spikes == [0, 0, 0, 1, 0]
    assert largest < 2
    spikes, largest = creeping(math.inf)
    assert not any(spikes)  # thrown far below the threshold, where no sigmoid brings it back
    assert largest > 10


def driven(weight: Tensor, neuron: TsslNeuron) -> tuple[list[float], Tensor]:
    """Spikes in 3 steps of a neuron that should be silent, with an input in every step, and its loss."""
    spikes = tssl_lif(weight.expand(3).reshape(3, 1, 1), neuron)
    return spikes.flatten().tolist(), TraceLoss(neuron)(spikes, torch.zeros(3, 1, 1))


def test_the_sign_of_equation_14_is_the_one_that_makes_the_loss_fall() -> None:
    """The case of docs/tssl.md: more weight is an earlier spike, and more of its trace in the run."""
    neuron = TsslNeuron(window=0)
    found = [driven(torch.tensor(w), neuron) for w in (0.5, 0.75, 0.9, 1.5)]
    assert [spikes for spikes, _ in found] == [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1]]
    assert [loss.item() for _, loss in found] == [0, 0.125, 0.15625, 0.40625]
    weight = torch.tensor(0.75, requires_grad=True)
    (gradient,) = torch.autograd.grad(driven(weight, neuron)[1], weight)
    assert gradient.item() == pytest.approx(0.4825, abs=1e-4)
    for sign, spikes, loss in ((1, [0, 0, 0], 0.0), (-1, [1, 1, 1], 0.7890625)):
        weight = torch.tensor(0.75, requires_grad=True)
        for _ in range(60):
            value = driven(weight, neuron)[1]
            if not value:
                break
            (gradient,) = torch.autograd.grad(value, weight)
            weight = (weight - sign * 0.1 * gradient).detach().requires_grad_()
        reached = driven(weight, neuron)
        assert (reached[0], reached[1].item()) == (spikes, loss)


def test_the_trace_loss_is_equation_4() -> None:
    neuron = TsslNeuron(tau_synapse=2.0)
    spikes = torch.tensor([0.0, 1.0, 0.0])[:, None, None]
    # a = 0, ½, ¼ and a_d = ½, ¼, ⅛
    expected = (0.5**2 + 0.25**2 + 0.125**2) / 2
    assert TraceLoss(neuron)(spikes, spikes.roll(-1, 0)).item() == pytest.approx(expected)
    np.testing.assert_allclose(filtered(spikes, neuron).flatten(), [0, 0.5, 0.25])


def test_classes_are_the_trains_of_the_paper() -> None:
    loss = ClassTrainLoss(TsslNeuron())
    ideal = torch.zeros(5, 2, 3)
    ideal[[1, 3, 4], 0, 2] = 1
    ideal[[1, 3, 4], 1, 0] = 1
    labels = torch.tensor([2, 0])
    assert loss(ideal, labels).item() == 0
    assert loss(ideal, labels.flip(0)).item() > 1


def test_a_lone_spike_passes_a_pool_in_its_own_step_and_once() -> None:
    network = TsslNetwork(parse_architecture("4x4x1-2a"), TsslNeuron(), 8)
    raster = torch.zeros(8, 1, 1, 4, 4)
    raster[2, 0, 0, 1, 3] = 1
    assert network(raster).nonzero().tolist() == [[2, 0, 1]]


def test_the_threshold_itself_does_not_fire() -> None:
    spikes = tssl_lif(torch.tensor([[1.0, 1.0001]]), TsslNeuron(tau_synapse=1.0))
    assert spikes.tolist() == [[0, 1]]


def test_a_silent_output_has_a_finite_loss_and_a_gradient() -> None:
    network = TsslNetwork(parse_architecture("6-3"), TsslNeuron(), 5, gain=1e-3)
    out = network(torch.ones(5, 2, 6))
    assert not out.any()
    loss = ClassTrainLoss(network.neuron)(out, torch.tensor([0, 1]))
    loss.backward()  # type: ignore[no-untyped-call]
    gradient = network.layer("fc1").weight.grad
    assert gradient is not None
    assert gradient.isfinite().all()


@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": 0.0}, {"threshold": math.nan}, {"tau_membrane": 0.5}, {"tau_synapse": math.nan},
        {"tau_membrane": 4096.0}, {"bound": 0.0}, {"bound": math.nan}, {"sigmoid": 0.0}, {"window": -1},
    ],
)  # fmt: skip
def test_neurons_that_make_no_sense_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(NetworkError, match=next(iter(changes)).replace("_", " ")):
        TsslNeuron(**changes)  # type: ignore[arg-type]  # a window too


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "has 0 steps"),
        ({"timestep_ms": 0.0}, "steps of 0.0 ms"),
        ({"desired": "0101"}, "have 4 steps, the run has 5"),
        ({"desired": "01x11"}, "is no train"),
        ({"desired": "00000"}, "the true class more spikes"),
        ({"desired": "01011", "loss": "count"}, "mean nothing to the loss count"),
        ({"loss": "sharpe"}, "is unknown"),
        ({"epochs": 0}, "epochs 0 is not above 0"),
        ({"learning_rate": math.nan}, "learning_rate nan"),
    ],
)
def test_plans_that_make_no_sense_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        TsslPlan("6-3", **changes)  # type: ignore[arg-type]  # mixed keywords


@pytest.mark.parametrize(
    ("arch", "planes", "message"),
    [("6-2u-3", 0, "of kind unpool"), ("6-2a-3", 0, "needs planes before it"), ("6-3", 9, "outside 0 … 8")],
)
def test_networks_that_cannot_be_built_are_refused(arch: str, planes: int, message: str) -> None:
    with pytest.raises(NeurodeployError, match=message):
        TsslPlan(arch, planes=planes).network()


def test_desired_spikes_of_another_shape_or_nan_are_refused() -> None:
    loss = TraceLoss(TsslNeuron())
    with pytest.raises(DataError, match="have shape"):
        loss(torch.zeros(5, 1, 2), torch.zeros(4, 1, 2))
    with pytest.raises(DataError, match="not all finite"):
        loss(torch.zeros(5, 1, 2), torch.full((5, 1, 2), math.nan))
    with pytest.raises(DataError, match="have 5 steps, the run has 6"):
        ClassTrainLoss(TsslNeuron())(torch.zeros(6, 1, 2), torch.tensor([0]))
