"""Each neuron model step by step, worked out by hand, in the reference and in the C core; and its tables checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from neurodeploy.api import run, verify
from neurodeploy.compiler import CompileOptions, Program, compile_network
from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Chunk, Options
from neurodeploy.errors import DoesNotFitError, FormatError, OptionError
from neurodeploy.network import (
    Alif,
    Bias,
    CubaLif,
    Delta,
    Network,
    Neuron,
    OneToOne,
    Population,
    Projection,
    Reset,
    ResonateFire,
    Sigma,
    SigmaDelta,
)
from neurodeploy.precision import SignMode, WeightFormat
from neurodeploy.runtime.session import Session
from neurodeploy.spikes.events import Events
from tests.support.programs import edited

ONE = WeightFormat(SignMode.EXCITATORY)


def network(neuron: Neuron, imaginary: bool = False, **more: Any) -> Network:
    """One neuron behind weights of 1: a payload s gives q = 64 s. A second input drives the imaginary part."""
    bias, reset = more.pop("bias", None), more.pop("reset", None)
    weight = OneToOne(np.ones(1, np.int32))
    return Network(
        (Population("input", None, (1,)), Population("out", neuron, (1,), bias)),
        (Projection("input", "out", weight, 0, ONE, imaginary=imaginary),),
        reset=reset,
    )


def both(given: Network, payloads: list[int], options: Options | None = None) -> Chunk:
    """What the two emulators do with a payload per step; fails unless they agree."""
    raster = np.array(payloads)[:, None]
    emulators = (Reference(given, options), Emulator(load(compile_network(given, CompileOptions("loihi2"))), options))
    one, other = (e.advance(Events.from_raster(raster), len(payloads), (1,)) for e in emulators)
    assert shown(one) == shown(other)
    return one


def shown(chunk: Chunk) -> tuple[list[int], list[int], list[tuple[int, int]]]:
    """u, v, and the step and payload of every spike."""
    spikes = chunk.spikes[1]
    pairs = list(zip(spikes.step.tolist(), spikes.payloads.tolist(), strict=True))
    return chunk.states[1].u[:, 0].tolist(), chunk.states[1].v[:, 0].tolist(), pairs


def test_sigma_delta() -> None:
    # σ = 5, 2, 2, -7; relu; θ = 1 << 2; message = out >> 1
    # δ: 5 -> out 5, message 2; 2 - 5 = -3 kept; 2 - 2 - 3 = -3 kept; 0 - 2 - 3 = -5 -> out -5, message -5 >> 1 = -3
    chunk = both(network(SigmaDelta(1, 1, 1)), [5, -3, 0, -9])
    assert shown(chunk) == ([5, 2, 2, -7], [5, 2, 2, 0], [(0, 2), (3, -3)])


def test_sigma_delta_of_the_identity_with_bias() -> None:
    # bias 3 << 2 = 12: a = 17, 14, 5; δ = 17, -3, -12
    chunk = both(network(SigmaDelta(1, 1, 1, "identity"), bias=Bias(np.array(3))), [5, -3, -9])
    assert shown(chunk) == ([5, 2, -7], [17, 14, 5], [(0, 8), (2, -6)])


def test_sigma_delta_that_keeps_what_it_sent() -> None:
    # a is what was sent: 5 -> message 2, a 4; then 2 - 4 = -2 below θ 4; then 11 - 4 = 7 -> message 3, a 10
    chunk = both(network(SigmaDelta(1, 1, 1, corrected=True)), [5, -3, 9])
    assert shown(chunk) == ([5, 2, 11], [4, 4, 10], [(0, 2), (2, 3)])


def test_cumulative_error() -> None:
    # θ 4, δ counts what was kept: 3; then e = 3 + (1 + 3) = 7 reaches 4: out = δ = 4; then δ = 0
    chunk = both(network(SigmaDelta(1, 1, 1, cumulative_error=True)), [3, 1, 0])
    assert shown(chunk) == ([3, 4, 4], [3, 4, 4], [(1, 2)])


def test_delta() -> None:
    # a' = x << 3; θ = 2 << 3; changes 24, -24 (with nothing kept), 8 kept, 8 more: 16 reaches θ
    chunk = both(network(Delta(2, 2, 1)), [3, 0, 1, 2])
    assert shown(chunk) == ([0, 0, 8, 0], [24, 0, 8, 16], [(0, 12), (1, -12), (3, 8)])


def test_sigma() -> None:
    chunk = both(network(Sigma()), [4, -4, 0, -2, 0])
    assert shown(chunk) == ([4, 0, 0, -2, -2], [4, 0, 0, -2, -2], [(0, 4), (3, -2), (4, -2)])


def test_states_of_32_bits() -> None:
    largest = 2**23
    chunk = both(network(Sigma()), [largest] * 260)
    assert shown(chunk)[0][255] == -(2**31)
    assert shown(chunk)[0][254] == 255 * 2**23
    counters = Reference(network(Sigma()))
    counters.advance(Events.from_raster(np.full((3, 1), largest)), 3)
    assert counters.counters().current_wraps.tolist() == [0, 3]


def test_resonate_fire() -> None:
    # a quarter turn a step: (64 s, 0) -> (0, 64 s) -> (-64 s, 0) -> (0, -64 s) -> (64 s, 0): fires as imag crosses 0
    chunk = both(network(ResonateFire(4096, 0, 9)), [9, 0, 0, 0, 0, 0])
    assert shown(chunk) == ([576, 0, -576, 0, 576, 0], [0, 576, 0, -576, 0, 576], [(4, 1)])
    assert not len(both(network(ResonateFire(4096, 0, 10)), [9, 0, 0, 0, 0]).spikes[1].step)


def test_products_of_a_resonator_truncate_one_by_one() -> None:
    # real 64, imag 0 -> real 64 * 65 / 4096 = 1.01 -> 1, imag -64 * 129 / 4096 = -2.01 -> -2;
    # then real 1 * 65 / 4096 - (-2 * -129) / 4096 = 0 - 0, imag 0 + 0
    chunk = both(network(ResonateFire(-129, 65, 100)), [1, 0, 0])
    assert shown(chunk) == ([64, 1, 0], [0, -2, 0], [])


def test_izhikevich_and_the_imaginary_part() -> None:
    # imag = 640 reaches 10 * 64: real 0, imag 639; the next step turns it back to real -639
    chunk = both(network(ResonateFire(4096, 0, 10, izhikevich=True), imaginary=True), [10, 0])
    assert shown(chunk) == ([0, -639], [639, 0], [(0, 1)])
    chunk = both(network(ResonateFire(4096, 0, 0, izhikevich=True)), [0, 0])
    # θ 0 is reached at rest: imag -1 turns to real 1 and imag 0, which reaches it again
    assert shown(chunk) == ([0, 0], [-1, -1], [(0, 1), (1, 1)])


def test_alif() -> None:
    # no memory in u, all of it in v; θ0 = 64 rises by 128 and halves its rise, r keeps a half
    # step 0: v 64 >= 64 + 0: fires; r = 128, θ = 192; step 1: θ = 128, r = 64, v 128 < 192
    # step 2: θ = 96, r = 32, v 192 >= 128: fires; r = 32 + 192 = 224, θ = 224; step 3: θ 144, r 112, v 256 >= 256
    chunk = both(network(Alif(4096, 0, 1, 2048, 2048, 2)), [1, 1, 1, 1])
    assert shown(chunk) == ([64] * 4, [64, 128, 192, 256], [(0, 1), (2, 1), (3, 1)])


def test_alif_at_threshold_0_fires_at_rest() -> None:
    # r stays 0, θ rises by 64 and forgets it
    assert shown(both(network(Alif(0, 0, 0, 4096, 4096, 1)), [0, 0, 0]))[2] == [(0, 1), (1, 1), (2, 1)]


@pytest.mark.parametrize("neuron", [SigmaDelta(1), Delta(1), Sigma(), ResonateFire(4000, 3, 9), Alif(9, 9, 1, 1, 1, 1)])
def test_reset_clears_every_state(neuron: Neuron) -> None:
    payloads = [40, 3, -5, 7]
    long = both(network(neuron, reset=Reset(4, 3)), payloads * 2)
    alone = both(network(neuron), payloads)
    for name in "uv":
        first, second = (getattr(chunk.states[1], name)[:, 0] for chunk in (long, alone))
        np.testing.assert_array_equal(first[4:], second)


def test_payloads_are_shown_compared_and_kept() -> None:
    program = compile_network(network(SigmaDelta(1, 1, 1)), CompileOptions("loihi2"))
    found = run(program, np.array([[5], [-3], [0], [-9]]))
    assert not isinstance(found, list)
    assert found["out.spikes"][:, 0].tolist() == [2, 0, 0, -3]
    assert found["input.spikes"][:, 0].tolist() == [5, -3, 0, -9]
    assert verify(program, np.array([[5], [-3], [0], [-9]])).equal


def test_only_loihi2_holds_them() -> None:
    with pytest.raises(DoesNotFitError) as caught:
        compile_network(network(SigmaDelta(1)))
    message = "out: has neurons of the model sigma_delta, loihi1 holds cuba_lif only; use --target loihi2."
    assert str(caught.value) == message


def test_backend_torch_has_cuba_lif_only() -> None:
    program = compile_network(network(Sigma()), CompileOptions("loihi2"))
    with pytest.raises(OptionError, match="has no neurons of the model sigma, as out has; use backend reference"):
        Session(program, "torch")


PROGRAMS: dict[str, Neuron] = {
    "alif": Alif(1, 2, 3, 4, 5, 6),
    "sigma_delta": SigmaDelta(1, 2, 3, "relu"),
    "delta": Delta(1, 2, 3),
    "sigma": Sigma(),
    "resonate_fire": ResonateFire(-5, 6, 7, True),
    "cuba_lif": CubaLif(1, 2, 3),
}


@pytest.mark.parametrize(
    ("model", "column", "low", "high", "name"),
    [
        ("alif", 2, 0, 4096, "refractory decay"),
        ("alif", 3, 0, 4096, "threshold decay"),
        ("alif", 4, 0, 131071, "threshold step"),
        ("sigma_delta", 0, 0, 7, "spike exponent"),
        ("sigma_delta", 1, 0, 7, "state exponent"),
        ("sigma_delta", 2, 0, 1, "activation"),
        ("sigma_delta", 3, 0, 1, "cumulative error"),
        ("sigma_delta", 4, 0, 1, "corrected"),
        ("delta", 2, 0, 1, "cumulative error"),
        ("sigma", 0, 0, 0, "unused column 0"),
        ("resonate_fire", 0, -4096, 4096, "sin decay"),
        ("resonate_fire", 1, -4096, 4096, "cos decay"),
        ("resonate_fire", 2, 0, 1, "izhikevich"),
    ],
)
def test_rows_out_of_range_are_refused(model: str, column: int, low: int, high: int, name: str) -> None:
    program = compile_network(network(PROGRAMS[model]), CompileOptions("loihi2"))
    for value in (low, high):
        load(edited(program, "cores", "neuron_rows", (0, column), value))
    for value in (low - 1, high + 1):
        with pytest.raises(FormatError, match=f"{name} {value} in row 0 is outside {low} … {high}"):
            load(edited(program, "cores", "neuron_rows", (0, column), value))


def test_thresholds_out_of_range_are_refused() -> None:
    def program(model: str) -> Program:
        return compile_network(network(PROGRAMS[model]), CompileOptions("loihi2"))

    for model in ("alif", "sigma_delta", "delta", "resonate_fire", "cuba_lif"):
        with pytest.raises(FormatError, match="threshold mantissa 131072 in row 0 is outside 0 … 131071"):
            load(edited(program(model), "cores", "thresholds", 0, 131072))
    with pytest.raises(FormatError, match="threshold mantissa 1 in row 0 is outside 0 … 0"):
        load(edited(program("sigma"), "cores", "thresholds", 0, 1))
