"""What Lava does not have is refused with the reason; what it has becomes the right kind of process."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from neurodeploy.emulator.simulation import Options
from neurodeploy.errors import NetworkError, OptionError
from neurodeploy.network import (
    Alif,
    Bias,
    Conv2d,
    CubaLif,
    Delta,
    Network,
    Neuron,
    Population,
    Projection,
    Reset,
    SigmaDelta,
    SumPool2d,
)
from neurodeploy.runtime.lava_job import check_network, check_options, job


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
