"""The LOIHI neuron, the weight of pools, and the way back from stored kernels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import NetworkError
from neurodeploy.models.formats.slayer_kernels import Kernel, ref_kernel, srm_kernel
from neurodeploy.models.formats.slayer_neuron import LoihiNeuron
from neurodeploy.models.formats.slayer_recovery import produces, recover

PUBLISHED = LoihiNeuron(80, 128, 1024, 1, 0)


def kernels(neuron: LoihiNeuron) -> tuple[Kernel, Kernel]:
    return (
        srm_kernel(neuron.current_decay, neuron.voltage_decay, neuron.weight_exponent),
        ref_kernel(neuron.threshold_mantissa, neuron.voltage_decay, neuron.refractory_delay),
    )


def test_the_published_pool_weight() -> None:
    assert PUBLISHED.pool_weight() == 28


def test_pool_weights_follow_threshold_and_exponent() -> None:
    # Peak 64 · 2^e with full decays: 2 · rint(0.55 · 64 · 10 / 64) = 2 · rint(5.5) = 12; 2 · rint(2.75) = 6.
    assert LoihiNeuron(10, 4096, 4096, 1, 0).pool_weight() == 12
    assert LoihiNeuron(10, 4096, 4096, 1, 1).pool_weight() == 6


def test_the_neuron_keeps_its_parameters_apart() -> None:
    assert LoihiNeuron(1, 2, 3, 4, 5).cuba().parameters() == {
        "current_decay": 3, "voltage_decay": 2, "threshold_mantissa": 1, "refractory_delay": 4
    }  # fmt: skip


@pytest.mark.parametrize("values", [(131072, 128, 1024, 1, 0), (80, 4097, 1, 1, 0), (80, 1, 1, 0, 0), (80, 1, 1, 1, 8)])
def test_values_the_chip_does_not_have_are_refused(values: tuple[int, int, int, int, int]) -> None:
    with pytest.raises(NetworkError, match="is outside"):
        LoihiNeuron(*values)


def test_the_published_neuron_is_recovered_with_its_interval() -> None:
    found = recover(*kernels(PUBLISHED))
    assert found is not None
    assert found.neuron == PUBLISHED
    assert (found.current_decays, found.voltage_decays) == ((993, 1024), (128, 128))
    assert "iDecay 993 … 1024 give the same kernels and 1024 is taken" in str(found)


@given(
    st.sampled_from([1, 2, 80, 5000, 131071]),
    st.integers(20, 4096),
    st.integers(1, 4096),
    st.integers(1, 63),
    st.integers(-7, 7),
)
@settings(deadline=None, max_examples=60)
def test_what_is_recovered_gives_the_kernels_and_is_the_largest(
    mantissa: int, voltage: int, current: int, refractory: int, exponent: int
) -> None:
    neuron = LoihiNeuron(mantissa, voltage, current, refractory, exponent)
    srm, ref = kernels(neuron)
    found = recover(srm, ref)
    assert found is not None
    assert produces(found.neuron, srm, ref)
    assert found.neuron.current_decay >= current
    assert (found.neuron.threshold_mantissa, found.neuron.refractory_delay) == (mantissa, refractory)
    assert found.neuron.weight_exponent == exponent
    for low, high, name in ((*found.current_decays, "current"), (*found.voltage_decays, "voltage")):
        for value in {low - 1, low, high, high + 1} & set(range(1, 4097)):
            other = LoihiNeuron(**{**vars(found.neuron), f"{name}_decay": value})
            assert produces(other, srm, ref) == (low <= value <= high)


@pytest.mark.parametrize("index", [0, 1, 60, 109])
def test_a_changed_srm_kernel_is_recognized(index: int) -> None:
    srm, ref = kernels(PUBLISHED)
    srm[index] += 0.5
    assert recover(srm, ref) is None
    assert not produces(PUBLISHED, srm, ref)


@pytest.mark.parametrize("index", [0, 1, 60, 180])
def test_a_changed_ref_kernel_is_recognized(index: int) -> None:
    srm, ref = kernels(PUBLISHED)
    ref[index] -= 2
    assert recover(srm, ref) is None


def test_cut_kernels_are_recognized() -> None:
    srm, ref = kernels(PUBLISHED)
    assert recover(srm[:-1], ref) is None
    assert recover(srm, ref[:-1]) is None
    assert recover(srm[:0], ref) is None
    assert recover(srm, ref[:0]) is None


def test_kernels_of_the_float_model_belong_to_no_loihi_neuron() -> None:
    time = np.arange(100) / 10
    srm = (time * np.exp(1 - time)).astype(np.float32)
    assert recover(srm, -20 * srm) is None
