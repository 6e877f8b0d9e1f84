"""From the discretised graph to integer neurons: what is folded, rounded, scaled and noted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.compiler.quantize import quantize
from neurodeploy.emulator.reference import Reference
from neurodeploy.models.formats.hdf5_tree import Group
from neurodeploy.models.formats.nir.reader import network_of
from neurodeploy.network import CubaLif, Network
from neurodeploy.spikes.events import Events
from tests.support.nir_files import MS, chain, cuba, node, steps, tree

RANDOM = np.random.default_rng(4)
#: On a grid of 8 bits, so that quantization loses nothing and only the decays' truncation is seen.
GRID = 0.0173
WEIGHTS = GRID * RANDOM.integers(-126, 127, (6, 8))
WEIGHTS[0, 0] = 127 * GRID
CONSTANTS = GRID * RANDOM.integers(-126, 127, 6)


def compared(root: Group, bits: int = 8, rate: float = 0.4, length: int = 60) -> tuple[Network, Any, Any]:
    """Output voltages in units of the file: of the float graph with the chip's hops, and of the quantized network."""
    loaded = network_of(root, MS)
    network, _ = quantize(loaded.network)
    given = RANDOM.random((length, network.input.neurons)) < rate
    built, made = steps(root, given)
    events = Events(*np.nonzero(given))
    last = len(network.populations) - 1
    chunk = Reference(network).advance(events, length, [last])
    unit = float(next(n for n in loaded.notes if n.startswith(f"{network.output.name}: one")).split()[6])
    neuron = built.populations[-1].neuron
    assert neuron is not None
    gain = neuron.current_gain * neuron.voltage_gain
    return network, made.voltages[built.output], chunk.states[last].v / 64 * unit * gain + neuron.reset


def test_powers_of_two_are_kept_exactly() -> None:
    root = chain([2], node("Linear", weight=[[0.5, -0.25]]), cuba(v_threshold=6.25))
    neuron = network_of(root, MS).network.output.neuron
    network, float_voltage, voltage = compared(root)
    assert isinstance(neuron, CubaLif)
    assert (neuron.current_decay, neuron.voltage_decay, neuron.threshold_mantissa) == (1024, 512, 6.25 * 2**12)
    (projection,) = network.projections
    assert np.ldexp(projection.synapse.weight, projection.weight_exponent).tolist() == [[2**11, -(2**10)]]
    np.testing.assert_allclose(voltage, float_voltage, atol=5e-3)


def test_whole_numbers_stay_as_they_are() -> None:
    root = chain([2], node("Linear", weight=[[200.0, -126.0]]), cuba(v_threshold=900.0))
    network, _, _ = compared(root)
    assert isinstance(network.output.neuron, CubaLif)
    assert network.output.neuron.threshold_mantissa == 900
    assert network.projections[0].synapse.weight.tolist() == [[200, -126]]


def test_a_sum_without_leak_lasts() -> None:
    """60 steps of every input, which a finer unit would not hold; and a note of what it holds."""
    root = chain([3], node("Linear", weight=[[1.0, 2.0, -1.0], [0.5, 1.0, 3.0]]), node("I", r=[1.0]))
    loaded = network_of(root, MS)
    network, _ = quantize(loaded.network)
    events = Events(*np.nonzero(np.ones((60, 3))))
    chunk = Reference(network).advance(events, 62, [1])
    np.testing.assert_allclose(chunk.states[1].v[-1] / 64 / 64, np.asarray([2.0, 4.5]) * 60)
    assert any("holds up to 2047.98 of the file's units" in note for note in loaded.notes), loaded.notes


@pytest.mark.parametrize("gains", [{}, {"w_in": 0.5, "r": 3.0}, {"r": np.linspace(1, 16, 6)}])
def test_gains_go_into_thresholds(gains: dict[str, Any]) -> None:
    root = chain([8], node("Linear", weight=WEIGHTS), cuba(v_threshold=40.0, **gains))
    _, expected, voltage = compared(root)
    np.testing.assert_allclose(voltage, expected, atol=0.005 * np.abs(expected).max())


def test_bias_and_leak_without_filter() -> None:
    lif = node("LIF", tau=[8e-3], r=[2.0], v_leak=[0.5], v_threshold=[40.0])
    root = chain([8], node("Affine", weight=WEIGHTS, bias=CONSTANTS), lif)
    network, expected, voltage = compared(root)
    assert network.output.bias is not None
    np.testing.assert_allclose(voltage, expected, atol=0.005 * np.abs(expected).max())


def test_reset_is_shifted() -> None:
    """The chip starts at v_reset where NIR starts at 0; behind the first spike the two agree."""
    root = chain([8], node("Linear", weight=np.abs(WEIGHTS)), cuba(v_threshold=2.0, v_reset=-0.5))
    network, expected, voltage = compared(root, length=40, rate=0.2)
    assert network.output.bias is not None
    np.testing.assert_allclose(voltage[20:], expected[20:], atol=0.1)


def test_constant_current_through_the_filter_is_exact_from_the_first_step() -> None:
    root = chain([8], node("Affine", weight=WEIGHTS, bias=CONSTANTS), cuba(v_threshold=1e3))
    network, expected, voltage = compared(root, rate=0.0)
    assert [p.name for p in network.populations] == ["input", "always", "b"]
    assert network.input.delays().tolist() == [1] * 8
    np.testing.assert_allclose(voltage[1:], expected[:-1], atol=0.005 * np.abs(expected).max())


def test_layers_behind_get_their_constant_when_their_input_comes() -> None:
    fires = node("IF", r=[1.0], v_threshold=[0.9])
    affine = node("Affine", weight=WEIGHTS, bias=CONSTANTS)
    root = chain([8], fires, affine, cuba(v_threshold=1e3))
    network, expected, voltage = compared(root, rate=0.0)
    assert network.input.delays().tolist() == [0] * 8
    np.testing.assert_allclose(voltage[1:], expected[:-1], atol=0.005 * np.abs(expected).max())


def test_notes_say_what_was_rounded() -> None:
    neuron = cuba(tau_syn=3e-3, tau_mem=7e-3, v_threshold=0.37)
    notes = network_of(chain([8], node("Linear", weight=WEIGHTS), neuron), MS).notes
    assert any("b: current decay rounded by up to 8.1e-05, to 1365 of 4096" in note for note in notes)
    assert any("b: voltage decay rounded by up to 3.5e-05, to 585 of 4096" in note for note in notes)
    assert any(note.startswith("b: threshold rounded by up to") for note in notes)
    assert any("time constants are seconds, the step is 1 ms; forward Euler" in note for note in notes)


def test_a_threshold_out_of_reach_of_the_weights_is_noted() -> None:
    notes = network_of(chain([8], node("Linear", weight=WEIGHTS), cuba(v_threshold=1e6)), MS).notes
    assert any("b: threshold or bias is so far above the weights" in note for note in notes)


def test_names_that_clash() -> None:
    fires = node("IF", r=[1.0], v_threshold=[0.5])
    nodes = {"input": node("Input", shape=[1]), "a.b": fires, "a_b": fires, "output": node("Output")}
    network = network_of(tree(nodes, [("input", "a.b"), ("a.b", "a_b"), ("a_b", "output")]), MS).network
    assert [p.name for p in network.populations] == ["input", "a_b", "a_b_2"]


def test_the_worst_sum_stays_in_range() -> None:
    """All inputs at once for ever: neither the accumulator nor u leaves the confirmed range."""
    root = chain([64], node("Linear", weight=RANDOM.normal(size=(4, 64)) ** 2), cuba(v_threshold=1e3))
    network, _ = quantize(network_of(root, MS).network)
    simulation = Reference(network)
    step, neuron = np.divmod(np.arange(200 * 64), 64)
    simulation.advance(Events(step, neuron), 200)
    counters = simulation.counters()
    assert not counters.current_wraps.any()
    assert not counters.accumulator_overflows.any()
