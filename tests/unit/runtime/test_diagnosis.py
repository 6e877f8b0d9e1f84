"""The likely cause of a first difference: each hypothesis on a fault made for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from neurodeploy.emulator.cells import Input, Output
from neurodeploy.emulator.cells.arithmetic import decay
from neurodeploy.emulator.cells.cuba_lif import CubaLifCells
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Chunk, Options, Simulation, Spikes, State
from neurodeploy.network import Bias, Conv2d, CubaLif, Dense, Network, Population, Projection, Reset
from neurodeploy.precision import IntArray
from neurodeploy.runtime.backend import Backend
from neurodeploy.runtime.compare import Verification, Verifier
from neurodeploy.runtime.decay_fit import fit_decay
from neurodeploy.runtime.reference import ReferenceBackend
from neurodeploy.spikes.events import Events
from tests.property.faults import SubtractingBackend
from tests.support.programs import one_core_program

STEPS = 120
DRAW = np.random.default_rng(5)
RASTER = np.random.default_rng(6).random((STEPS, 16)) < 0.15
KERNEL = 2 * DRAW.integers(-10, 40, (2, 1, 3, 3))
WEIGHT = 2 * DRAW.integers(-20, 40, (5, 32))
NEURON = CubaLif(1024, 256, 60)


def honest() -> Network:
    """4 × 4 pixels, a convolution, a dense layer."""
    return Network(
        (
            Population("input", shape=(1, 4, 4)),
            Population("conv1", NEURON, axonal_delay=3, bias=Bias(np.arange(32) - 16, 2)),
            Population("fc1", CubaLif(1024, 256, 4000, 3)),
        ),
        (Projection("input", "conv1", Conv2d(KERNEL, padding=(1, 1))), Projection("conv1", "fc1", Dense(WEIGHT))),
        reset=Reset(50, 20),
    )


def with_population(place: int, **changes: object) -> Network:
    network = honest()
    populations = list(network.populations)
    populations[place] = replace(populations[place], **changes)  # type: ignore[arg-type]
    return replace(network, populations=tuple(populations))


def with_neuron(place: int, **changes: object) -> Network:
    neuron = honest().populations[place].neuron
    assert neuron is not None
    return with_population(place, neuron=replace(neuron, **changes))  # type: ignore[arg-type]


def with_projection(place: int, **changes: object) -> Network:
    network = honest()
    projections = list(network.projections)
    projections[place] = replace(projections[place], **changes)  # type: ignore[arg-type]
    return replace(network, projections=tuple(projections))


def with_kernel(kernel: IntArray) -> Network:
    return with_projection(0, synapse=Conv2d(kernel, padding=(1, 1)))


def one(values: int, neurons: int, neuron: int, value: int) -> IntArray:
    """The same value for all but one neuron."""
    result = np.full(neurons, values)
    result[neuron] = value
    return result


def raised(weight: IntArray, at: tuple[int, ...], change: int) -> IntArray:
    result = weight.copy()
    result[at] += change
    return result


FAULTS: dict[str, tuple[str, Callable[[], Network]]] = {
    "kernel flipped": ("kernel_orientation", lambda: with_kernel(KERNEL[..., ::-1, ::-1])),
    "rows flipped": ("kernel_orientation", lambda: with_kernel(KERNEL[..., ::-1, :])),
    "kernel transposed": ("kernel_orientation", lambda: with_kernel(np.swapaxes(KERNEL, 2, 3))),
    "kernel turned": ("kernel_orientation", lambda: with_kernel(np.rot90(KERNEL, axes=(2, 3)))),
    "tap": ("weight", lambda: with_kernel(raised(KERNEL, (1, 0, 2, 0), 2))),
    "synapse": ("weight", lambda: with_projection(1, synapse=Dense(raised(WEIGHT, (3, 5), -2)))),
    "synapse far off": ("weight", lambda: with_projection(1, synapse=Dense(raised(WEIGHT, (3, 5), 40)))),
    "all weights": ("weight", lambda: with_projection(1, synapse=Dense(WEIGHT // 8 * 8))),
    "exponent above": ("exponent", lambda: with_projection(1, weight_exponent=1)),
    "exponent below": ("exponent", lambda: with_projection(0, weight_exponent=-1)),
    "delay lost": ("delay", lambda: with_population(1, axonal_delay=0)),
    "delay longer": ("delay", lambda: with_population(1, axonal_delay=5)),
    "delay of one": ("delay", lambda: with_population(1, axonal_delay=one(3, 32, 7, 1))),
    "current decay": ("decay", lambda: with_neuron(1, current_decay=1025)),
    "current decay of one": ("decay", lambda: with_neuron(2, current_decay=one(1024, 5, 2, 900))),
    "voltage decay": ("decay", lambda: with_neuron(2, voltage_decay=250)),
    "voltage decay of one": ("decay", lambda: with_neuron(1, voltage_decay=one(256, 32, 9, 300))),
    "threshold": ("threshold", lambda: with_neuron(1, threshold_mantissa=50)),
    "threshold of one": ("threshold", lambda: with_neuron(2, threshold_mantissa=one(4000, 5, 1, 4300))),
    "bias for all": ("bias", lambda: with_population(2, bias=Bias(np.array(40)))),
    "bias for one": ("bias", lambda: with_population(2, bias=Bias(one(0, 5, 3, 30)))),
    "bias lost": ("bias", lambda: with_population(1, bias=None)),
    "bias exponent": ("bias", lambda: with_population(1, bias=Bias(np.arange(32) - 16, 3))),
    "bias once": ("bias", lambda: with_population(2, bias=Bias(np.outer(np.arange(STEPS) == 30, np.full(5, 50))))),
    "held longer": ("reset", lambda: with_neuron(2, refractory_delay=6)),
    "not held": ("reset", lambda: with_neuron(2, refractory_delay=1)),
    "no periodic reset": ("reset", lambda: replace(honest(), reset=None)),
    "another periodic reset": ("reset", lambda: replace(honest(), reset=Reset(40, 13))),
}


def between(network: Network, one_side: Backend, other: Backend, raster: IntArray | None = None) -> Verification:
    verifier = Verifier(one_core_program(network), {"left": one_side, "right": other})
    verifier.compare(RASTER if raster is None else raster)
    return verifier.result()


def runs(network: Network, profile: str = "loihi") -> Backend:
    return ReferenceBackend(one_core_program(network), Options(profile))


def cause(result: Verification) -> str:
    assert result.first_difference is not None
    return result.first_difference.likely_cause


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_called_by_its_name(name: str) -> None:
    expected, faulty = FAULTS[name]
    assert cause(between(honest(), runs(honest()), runs(faulty()))) == expected


@pytest.mark.parametrize("name", ["synapse", "kernel flipped", "threshold"])
def test_the_yardstick_may_be_the_one_that_deviates(name: str) -> None:
    expected, faulty = FAULTS[name]
    assert cause(between(honest(), runs(faulty()), runs(honest()))) == expected


@pytest.mark.parametrize("place", [1, 2])
def test_threshold_taken_from_v_instead_of_clearing_it(place: int) -> None:
    assert cause(between(honest(), runs(honest()), SubtractingBackend(honest(), place))) == "reset"


@dataclass(frozen=True)
class Patched:
    """The reference, with u and v of the last population changed after every step."""

    network: Network
    change: Callable[[IntArray, IntArray, IntArray], tuple[IntArray, IntArray]]

    def simulation(self) -> Simulation:
        simulation = Reference(self.network, Options())
        cells = simulation._cells[-1]
        assert isinstance(cells, CubaLifCells)
        inner = cells.update

        def update(given: Input, profile: str) -> Output:
            before = cells.v
            result = inner(given, profile)
            cells.u, cells.v = self.change(cells.u, cells.v, before)
            return result

        cells.update = update  # type: ignore[method-assign]
        return simulation


def strong(weight: int) -> Network:
    """16 synapses of one huge weight each, a current without memory, v without decay."""
    return Network(
        (Population("input", shape=(16,)), Population("fc1", CubaLif(4096, 0, 131071), shape=(2,))),
        (Projection("input", "fc1", Dense(np.full((2, 16), weight)), weight_exponent=7),),
    )


def test_current_corrected_once_instead_of_wrapped() -> None:
    network = strong(254)
    result = between(network, runs(network), runs(network, "lava-0.10"), np.ones((10, 16), np.int64))
    assert cause(result) == "wrap"
    assert result.first_difference is not None
    assert (result.first_difference.values[1] - result.first_difference.values[0]) % 2**24 == 0


def test_voltage_that_is_not_clipped() -> None:
    network = strong(-100)
    raster = np.tile(np.arange(16) < 5, (20, 1)).astype(np.int64)

    def unclipped(u: IntArray, v: IntArray, before: IntArray) -> tuple[IntArray, IntArray]:
        return u, decay(before, np.zeros(2, np.int64)) + u

    assert cause(between(network, runs(network), Patched(network, unclipped), raster)) == "clip"


def test_what_nothing_explains_is_unknown() -> None:
    noise = np.random.default_rng(1)

    def noisy(u: IntArray, v: IntArray, before: IntArray) -> tuple[IntArray, IntArray]:
        return u + noise.integers(-5000, 5000, len(u)), v

    assert cause(between(honest(), runs(honest()), Patched(honest(), noisy))) == "unknown"


@dataclass(frozen=True)
class Late:
    """A backend whose clock runs some steps late: everything happens, and is told, so much later."""

    network: Network
    steps: int

    def simulation(self) -> Simulation:
        return _LateSimulation(Reference(self.network, Options()), self.steps)


class _LateSimulation:
    def __init__(self, inner: Reference, late: int) -> None:
        self.inner, self.late = inner, late
        self.state, self.counters = inner.state, inner.counters

    def advance(self, events: Events, steps: int, states: Sequence[int] = ()) -> Chunk:
        chunk = self.inner.advance(events, steps, states)
        spikes = (chunk.spikes[0], *(self._later(s, steps) for s in chunk.spikes[1:]))
        traces = {i: State(self._moved(t.u), self._moved(t.v)) for i, t in chunk.states.items()}
        return replace(chunk, spikes=spikes, states=traces)

    def _later(self, spikes: Spikes, steps: int) -> Spikes:
        kept = spikes.step < steps - self.late
        return Spikes(spikes.step[kept] + self.late, spikes.neuron[kept])

    def _moved(self, trace: IntArray) -> IntArray:
        return np.concatenate((np.zeros_like(trace[: self.late]), trace[: -self.late]))


@pytest.mark.parametrize("steps", [1, 4])
def test_a_clock_that_runs_late_is_an_offset(steps: int) -> None:
    result = between(honest(), runs(honest()), Late(honest(), steps))
    assert cause(result) == "offset"
    assert result.offset_steps == {"left": 0, "right": steps}
    assert not result.equal
    early = between(honest(), Late(honest(), steps), runs(honest()))
    assert early.offset_steps == {"left": 0, "right": -steps}


def test_no_offset_without_an_offset() -> None:
    result = between(honest(), runs(honest()), runs(FAULTS["delay longer"][1]()))
    assert result.offset_steps == {"left": 0, "right": 0}


def test_first_difference_after_several_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault seen only in a later stretch of steps, with what came before it."""
    monkeypatch.setattr("neurodeploy.runtime.compare.CHUNK_VALUES", 1)
    monkeypatch.setattr("neurodeploy.runtime.compare.CHUNK_STEPS", 16)
    for name in ("another periodic reset", "synapse", "delay of one", "bias once", "held longer"):
        expected, faulty = FAULTS[name]
        assert cause(between(honest(), runs(honest()), runs(faulty()))) == expected


def test_fitted_decays_are_exactly_those_that_explain() -> None:
    draw = np.random.default_rng(2)
    before = draw.integers(-(2**20), 2**20, (3, 40)) >> draw.integers(0, 20, 40)
    decays = draw.integers(0, 4097, 40)
    after = decay(before, decays)
    fit = fit_decay(before, after)
    for neuron in range(40):
        explaining = [
            d for d in range(4097) if np.array_equal(decay(before[:, neuron], np.full(3, d)), after[:, neuron])
        ]
        assert (fit.low[neuron], fit.high[neuron]) == (explaining[0], explaining[-1])
    assert fit.alone()
    assert fit.together(decays)
    assert not fit_decay(before, after + 2**22).alone()
