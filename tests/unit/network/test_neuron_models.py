"""The neuron models besides CUBA LIF: ranges, what a population of them may have, and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.errors import NetworkError
from neurodeploy.network import (
    Alif,
    Bias,
    CubaLif,
    Delta,
    Dense,
    Network,
    Neuron,
    OneToOne,
    Population,
    Projection,
    ResonateFire,
    Sigma,
    SigmaDelta,
)
from neurodeploy.network.file import load_network, save_network
from neurodeploy.network.neurons import NEURONS

EXAMPLES: dict[str, Neuron] = {
    "cuba_lif": CubaLif(1024, 128, np.array([80, 81]), 2),
    "alif": Alif(np.array([1024, 0]), 128, 80, 200, 300, 5),
    "sigma_delta": SigmaDelta(np.array([3, 4]), 5, 7, "identity", cumulative_error=True),
    "delta": Delta(3, 2, 1, True),
    "sigma": Sigma(),
    "resonate_fire": ResonateFire(np.array([-4096, 4096]), -17, 80, True),
}


def _network(neuron: Neuron, bias: Bias | None = None, imaginary: bool = False) -> Network:
    weight = np.array([[2, 4]] * 2)
    return Network(
        (Population("input", shape=(2,)), Population("out", neuron, bias=bias)),
        (Projection("input", "out", Dense(weight), imaginary=imaginary),),
    )


@pytest.mark.parametrize("name", NEURONS)
def test_files_hold_every_model(name: str, tmp_path: Path) -> None:
    network = _network(EXAMPLES[name], imaginary=name == "resonate_fire")
    save_network(network, tmp_path / "n.ndn")
    again = load_network(tmp_path / "n.ndn")
    neuron = again.output.neuron
    assert type(neuron) is NEURONS[name]
    for key, value in EXAMPLES[name].parameters().items():
        np.testing.assert_array_equal(neuron.parameters()[key], value)
    assert again.projections[0].imaginary == (name == "resonate_fire")


@pytest.mark.parametrize(
    ("model", "name", "low", "high"),
    [
        (Alif, "threshold_decay", 0, 4096),
        (Alif, "refractory_decay", 0, 4096),
        (Alif, "threshold_step", 0, 131071),
        (SigmaDelta, "threshold_mantissa", 0, 131071),
        (SigmaDelta, "spike_exponent", 0, 7),
        (Delta, "state_exponent", 0, 7),
        (ResonateFire, "sin_decay", -4096, 4096),
        (ResonateFire, "cos_decay", -4096, 4096),
        (ResonateFire, "threshold_mantissa", 0, 131071),
    ],
)
def test_ranges(model: Any, name: str, low: int, high: int) -> None:
    good = dict.fromkeys(model.RANGES, 1)
    for value in (low, high):
        assert model(**good | {name: value}).parameters()[name] == value
    for value in (low - 1, high + 1):
        with pytest.raises(NetworkError, match=f"{name}: {value} is outside {low} … {high}"):
            model(**good | {name: value})


def test_what_a_model_cannot_be() -> None:
    with pytest.raises(NetworkError, match="'tanh' is unknown; choose identity or relu"):
        SigmaDelta(1, activation="tanh")
    with pytest.raises(NetworkError, match="corrected: has no cumulative error"):
        SigmaDelta(1, cumulative_error=True, corrected=True)
    with pytest.raises(NetworkError, match="cumulative_error: 1 is neither"):
        Delta(1, cumulative_error=1)  # type: ignore[arg-type]
    with pytest.raises(NetworkError, match="izhikevich: 0 is neither"):
        ResonateFire(1, 1, 1, 0)  # type: ignore[arg-type]
    with pytest.raises(NetworkError, match="spike_exponent: differs between"):
        SigmaDelta(1, np.array([1, 2]))  # type: ignore[arg-type]


def test_biases_that_a_model_has_and_has_not() -> None:
    for neuron in (Sigma(), ResonateFire(1, 1, 1)):
        with pytest.raises(NetworkError, match=f"out: bias: is nothing that the model {neuron.NAME} has"):
            _network(neuron, Bias(np.array(1)))
    _network(SigmaDelta(1, 7, 7), Bias(np.array(4095), 5))
    with pytest.raises(NetworkError, match="out: bias: reaches 4293918720 with the exponents of the neuron"):
        _network(SigmaDelta(1, 7, 7), Bias(np.array(-4095), 6))


def test_imaginary_projections_end_in_resonators() -> None:
    _network(ResonateFire(1, 1, 1), imaginary=True)
    with pytest.raises(NetworkError, match="input->out: is imaginary, and the neurons of out have real states only"):
        _network(CubaLif(1, 1, 1), imaginary=True)
    with pytest.raises(NetworkError, match="threshold_mantissa: has 3 values for 2 neurons"):
        Network(
            (Population("input", shape=(2,)), Population("out", Delta(np.array([1, 2, 3])))),
            (Projection("input", "out", OneToOne(np.array([1]))),),
        )
