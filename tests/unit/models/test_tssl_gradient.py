"""The backward pass of TSSL-BP beside eq. (7 … 17), written out with loops over steps, neurons and pairs of spikes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from neurodeploy.models.formats.notation import parse_architecture
from neurodeploy.models.slayer.layers import Conv, Dense
from neurodeploy.models.tssl.loss import TraceLoss
from neurodeploy.models.tssl.network import TsslNetwork
from neurodeploy.models.tssl.neuron import TsslNeuron

Floats = NDArray[np.float64]
STEPS = 6


class Slow:
    """One layer: a matrix from all inputs to all neurons, run and differentiated term by term."""

    def __init__(self, weight: Floats, spikes: Floats, neuron: TsslNeuron) -> None:
        self.weight, self.neuron = weight, neuron
        self.synapse, self.membrane = 1 - 1 / neuron.tau_synapse, 1 - 1 / neuron.tau_membrane
        self.arriving = self.traces(spikes)
        self.u = np.zeros((len(spikes), len(weight)))
        self.s = np.zeros_like(self.u)
        self.rise = np.zeros_like(self.u)
        for t in range(len(spikes)):
            for i in range(len(weight)):
                before = self.u[t - 1, i] if t and not self.s[t - 1, i] else 0.0
                self.u[t, i] = self.membrane * before + weight[i] @ self.arriving[t]
                self.rise[t, i] = self.u[t, i] - before
                self.s[t, i] = self.u[t, i] > neuron.threshold

    def traces(self, spikes: Floats) -> Floats:
        """a = ε ∗ s, eq. (1)."""
        return np.stack([sum(self.epsilon(t - k) * spikes[k] for k in range(t + 1)) for t in range(len(spikes))])

    def epsilon(self, n: int) -> float:
        return float(self.synapse**n / self.neuron.tau_synapse) if n >= 0 else 0.0

    def phi(self, k: int, m: int, i: int) -> float:
        """∂a[t_k] / ∂u[t_m] of neuron i, eq. (13 … 17); a spike at t_k itself counts as one after t_m."""
        nxt = next((p for p in range(m + 1, k + 1) if self.s[p, i]), None)
        if not self.s[m, i]:
            if not self.neuron.leak or nxt is None:
                return 0.0
            return self.membrane ** (nxt - m) * self.phi(k, nxt, i)
        time_by_u = -min(1 / self.rise[m, i], self.neuron.bound)
        trace_by_time = -self.epsilon(k - m) / self.neuron.tau_synapse
        value = trace_by_time * time_by_u
        if nxt is not None:
            n = nxt - m
            reset_by_time = self.u[m, i] * self.membrane**n - self.u[m, i] * self.membrane ** (n - 1)
            value += self.phi(k, nxt, i) * reset_by_time * time_by_u
        return float(value)

    def delta(self, errors: Floats) -> Floats:
        """δ[t_m] = Σ_k φ(t_k, t_m) e[t_k]."""
        steps, neurons = self.u.shape
        return np.array(
            [
                [sum(self.phi(k, m, i) * errors[k, i] for k in range(m, steps)) for i in range(neurons)]
                for m in range(steps)
            ]
        )


def slow_gradients(matrices: list[Floats], spikes: Floats, desired: Floats, neuron: TsslNeuron) -> list[Floats]:
    """∂L/∂W of every layer's matrix, eq. (8, 12)."""
    layers: list[Slow] = []
    for matrix in matrices:
        layers.append(Slow(matrix, layers[-1].s if layers else spikes, neuron))
    last = layers[-1]
    errors = last.traces(last.s) - last.traces(desired)
    gradients: list[Floats] = []
    for layer in reversed(layers):
        delta = layer.delta(errors)
        gradients.insert(0, sum(np.outer(delta[m], layer.arriving[m]) for m in range(len(delta))))  # type: ignore[arg-type]
        errors = delta @ layer.weight
    return gradients


def matrix_of(network: TsslNetwork, name: str, source: tuple[int, ...]) -> Floats:
    """What a layer is as a matrix from neurons in the order C, H, W, found by sending one spike at a time."""
    inputs = int(np.prod(source))
    spikes = torch.eye(inputs, dtype=torch.float64).reshape(1, inputs, *source)
    planes = spikes.permute(0, 1, 3, 4, 2) if len(source) == 3 else spikes
    with torch.no_grad():
        sums = network.layer(name)(planes)
    sums = sums.permute(0, 1, 4, 2, 3) if sums.ndim == 5 else sums
    return np.asarray(sums.flatten(2)[0].T.numpy())


def shapes(network: TsslNetwork) -> list[tuple[int, ...]]:
    """Shape of what every layer reads, (C, H, W) or (neurons,)."""
    out: list[tuple[int, ...]] = [network.input_shape]
    for name in network.names[:-1]:
        shape = network.layer(name).shape
        out.append((shape[2], *shape[:2]) if len(shape) == 3 else shape)
    return out


CASES = {
    "dense": ("6-7-5-8", 2.5),
    "conv": ("5x4x2-3c3-2c2z-8", 2.5),
    "pool": ("6x5x2-2c2-2a-8", 2.5),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("leak", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_backward_pass_is_equation_17(case: str, leak: bool, seed: int) -> None:
    arch, gain = CASES[case]
    # A bound that some spikes reach and others do not; no warm-up, which is not part of the equations.
    neuron = TsslNeuron(bound=4.0, window=0, leak=leak)
    network = TsslNetwork(parse_architecture(arch), neuron, STEPS, gain=gain, seed=seed).double()
    draw = np.random.default_rng(seed)
    spikes = (draw.random((STEPS, int(np.prod(network.input_shape)))) < 0.6).astype(float)
    desired = torch.from_numpy((draw.random((STEPS, 8)) < 0.4).astype(float))

    matrices = [matrix_of(network, name, shape) for name, shape in zip(network.names, shapes(network), strict=True)]
    expected = slow_gradients(matrices, spikes, desired.numpy(), neuron)
    loss = TraceLoss(neuron)(network(torch.from_numpy(spikes)[:, None]), desired[:, None])
    loss.backward()  # type: ignore[no-untyped-call]

    for name, gradient, shape in zip(network.names, expected, shapes(network), strict=True):
        layer = network.layer(name)
        if isinstance(layer, Dense | Conv):
            assert layer.weight.grad is not None
            assert np.abs(gradient).max() > 1e-3
            wanted = _to_weight(layer, gradient, shape)
            np.testing.assert_allclose(
                layer.weight.grad.squeeze(-1).reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-9
            )


def _to_weight(layer: Dense | Conv, gradient: Floats, source: tuple[int, ...]) -> Floats:
    """A matrix's gradient, summed over the places that share a weight."""
    if isinstance(layer, Dense):
        return gradient
    rows, columns, channels = layer.shape
    _, height, width = source
    k, pad = layer.layer.kernel, layer.layer.padding[0]
    table = gradient.reshape(channels, rows, columns, *source)
    result = np.zeros((channels, source[0], k, k))
    for y in range(rows):
        for x in range(columns):
            for dy in range(k):
                for dx in range(k):
                    at = (y + dy - pad, x + dx - pad)
                    if 0 <= at[0] < height and 0 <= at[1] < width:
                        result[:, :, dy, dx] += table[:, y, x, :, at[0], at[1]]
    return result
