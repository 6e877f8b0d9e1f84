"""What Lava does not have is refused with the reason; what it has becomes the right kind of process."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.emulator.simulation import Options
from neurodeploy.errors import DataError, NetworkError, OptionError
from neurodeploy.network import (
    Alif,
    Bias,
    Conv2d,
    ConvTranspose2d,
    CubaLif,
    Delta,
    Dense,
    Network,
    Neuron,
    Population,
    Projection,
    Reset,
    SigmaDelta,
    SumPool2d,
)
from neurodeploy.runtime.lava_job import check_network, check_options, check_payload, job
from neurodeploy.spikes.events import Events


def chain(synapse: Any, neuron: Neuron | None = None, bias: Bias | None = None, **settings: Any) -> Network:
    settings = {"delay": 0, "exponent": 0, "reset": None} | settings
    return Network(
        (
            Population("input", shape=(2, 4, 4), axonal_delay=settings["delay"]),
            Population("out", neuron or CubaLif(1024, 128, 80), bias=bias),
        ),
        (Projection("input", "out", synapse, settings["exponent"]),),
        reset=settings["reset"],
    )


KERNEL = Conv2d(np.full((3, 2, 3, 3), 4), padding=(1, 1))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (chain(KERNEL, CubaLif(1024, 128, 80, 2)), "out: refractory delay: is 2, and Lava has no fixed-point neuron"),
        (chain(KERNEL, bias=Bias(np.ones((5, 48), np.int64))), "out: bias: changes from step to step"),
        (chain(KERNEL, Alif(1, 2, 3, 4, 5, 6), reset=Reset(5, 0)), "out: has neurons .* and these are alif"),
        (chain(KERNEL, SigmaDelta(1, corrected=True)), "out: has the corrected sigma-delta neurons, which came after"),
        (chain(KERNEL, Delta(1), Bias(np.array(1))), "out: has a bias, and Lava's delta encoder"),
        (chain(KERNEL, Alif(1, 2, 3, 4, 5, np.arange(48))), "out: has a threshold step per neuron"),
        (chain(Conv2d(np.full((3, 2, 3, 3), 3)), exponent=-1), "are no multiples of 2, as exponent -1 needs"),
        (chain(KERNEL, reset=Reset(5, 5)), "reset: of interval 5 begins as late as step 6"),
    ],
)
def test_refused(network: Network, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        check_network(network)


def test_accepted() -> None:
    check_network(chain(KERNEL, bias=Bias(np.ones(48, np.int64)), reset=Reset(5, 4)))
    check_options(Options("lava-0.10"))


def test_step_0_is_not_skipped() -> None:
    with pytest.raises(OptionError, match="cannot skip step 0"):
        check_options(Options(drop_first_step=True))


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        (chain(KERNEL), "conv"),
        (chain(KERNEL, exponent=3), "conv"),
        (chain(KERNEL, exponent=-2), "conv"),
        (chain(KERNEL, exponent=-3), "sparse"),  # 4 / 8 is no integer
        (chain(KERNEL, delay=3), "sparse"),
        (chain(Conv2d(np.full((1, 2, 4, 4), 254)), exponent=7), "conv"),
        (chain(Conv2d(np.full((1, 2, 4, 4), 2**19)), exponent=0), "sparse"),  # sums of 2^24
        (chain(SumPool2d(np.full((2, 2), 28), (2, 2))), "conv"),
        (chain(SumPool2d(np.full((2, 2), 28), (2, 2), (0, 1, 0, 1))), "sparse"),
        (chain(ConvTranspose2d(np.full((2, 3, 3, 3), 4), (2, 2))), "sparse"),  # Lava has none
    ],
)
def test_kinds(network: Network, kind: str) -> None:
    if network.projections[0].synapse.weight.max() > 255:
        with pytest.raises(NetworkError, match="fit no 8-bit format"):
            job([network])
        return
    header, arrays = job([network])
    row = header["projections"][0]
    assert row["kind"] == kind
    weight = arrays[row["weight"]]
    expected = np.ldexp(network.projections[0].synapse.weight, network.projections[0].weight_exponent)
    assert weight.max() == (expected.max() if kind == "conv" else network.projections[0].synapse.weight.max())


def test_disjoint_networks_are_numbered_through_and_tied() -> None:
    header, _ = job([chain(KERNEL), replace(chain(KERNEL))])
    assert [(p["source"], p["target"]) for p in header["projections"]] == [(0, 1), (2, 3)]
    assert header["tied"] == [1, 3]
    assert job([chain(KERNEL)])[0]["tied"] == []


def test_input_without_projections() -> None:
    neuron = CubaLif(1024, 128, 80)
    populations = (Population("input", shape=(3,)), Population("a", neuron, (2,)), Population("b", neuron))
    network = Network(populations, (Projection("a", "b", Dense(np.ones((2, 2), int))),))
    with pytest.raises(NetworkError, match="input: has no projection, and Lava runs what is connected"):
        check_network(network)


def test_graded_input_beyond_a_convolution() -> None:
    """Kernel sums are 18 · 4 = 72, Lava keeps 2^23 − 1 = 72 · 116,508 + 31."""
    network = chain(KERNEL)
    for payload, fits in ((116_508, True), (116_509, False), (-116_509, False)):
        events = Events(np.array([0]), np.array([0]), np.array([payload]))
        if fits:
            check_payload(network, events)
        else:
            with pytest.raises(DataError, match=f"graded spike of {abs(payload)}, .* adds up to 116508"):
                check_payload(network, events)
    check_payload(chain(KERNEL, delay=3), Events(np.array([0]), np.array([0]), np.array([2**20])))
