"""The digits from a float SRM network: what conversion, 8 bits, and 4 bits before and after fine-tuning cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.models.formats.slayer_alpha_fit import fit_alpha, judged
from neurodeploy.models.slayer.chip_network import ChipNetwork
from neurodeploy.models.slayer.conversion import ConversionReport, convert
from neurodeploy.models.slayer.fine_tuning import FineTuneOptions, FineTuning
from neurodeploy.models.slayer.spiking import SpikingNetwork
from neurodeploy.models.zoo.digits_srm.train import NEURON, STEPS, binned, held_out, trained, training_data
from neurodeploy.network import CubaLif, Network
from neurodeploy.precision import IntArray
from neurodeploy.runtime.session import Session
from neurodeploy.spikes.events import Events
from tests.conftest import SUMMARY

Right = NDArray[np.bool_]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@dataclass(frozen=True, eq=False)
class Line:
    """Which held-out images each network has right, and what the conversion reported."""

    right: dict[str, Right]
    report: ConversionReport

    def loss(self, network: str, reference: str) -> float:
        """Percentage points that a network loses against another, on the same images."""
        return 100 * float(self.right[reference].mean() - self.right[network].mean())

    def __str__(self) -> str:
        rows = [f"{name}: {right.sum()} of {len(right)}" for name, right in self.right.items()]
        for name, reference in (
            ("8 bits", "CUBA"),
            ("4 bits, tuned", "CUBA"),
            ("4 bits, tuned", "SRM"),
            ("CUBA", "SRM"),
        ):
            ours, theirs = self.right[name], self.right[reference]
            rows.append(f"{name} against {reference}: {(ours & ~theirs).sum()} won, {(theirs & ~ours).sum()} lost")
        return "\n".join([*rows, str(self.report)])


def measure(model: SpikingNetwork, copies: int, epochs: int, limit: int | None = None) -> Line:
    """Convert, quantize and fine-tune one network; held-out images are only ever counted, up to `limit` of them."""
    digits = held_out()[:limit]
    events = binned([digit.recording for digit in digits])
    labels = np.array([digit.label for digit in digits])
    data = training_data(copies)
    cuba, report = convert(model, data.input(range(0, 899, 7)))
    tuning = FineTuning(cuba, data, FineTuneOptions(weight_bits=4, epochs=epochs))
    before = tuning.model.output_counts(events, STEPS)
    for _ in tuning.run():
        pass
    after = tuning.model.output_counts(events, STEPS)
    np.testing.assert_array_equal(emulated(tuning.network, events), after)
    counts = {
        "SRM": model.output_counts([digit.recording for digit in digits]),
        "CUBA, not calibrated": ChipNetwork(_plain(cuba, report), {}).output_counts(events, STEPS),
        "CUBA": ChipNetwork(cuba, {}).output_counts(events, STEPS),
        "8 bits": emulated(nd.quantize(cuba, 8)[0], events),
        "4 bits": before,
        "4 bits, tuned": after,
    }
    np.testing.assert_array_equal(emulated(nd.quantize(cuba, 4)[0], events), before)
    return Line({name: (c.argmax(1) == labels) & c.any(1) for name, c in counts.items()}, report)


def _plain(cuba: Network, report: ConversionReport) -> Network:
    """The converted network with the neurons that one spike's response asks for."""
    fit = fit_alpha(NEURON.synapse)
    populations = [cuba.input]
    for population, layer in zip(cuba.populations[1:], report.layers, strict=True):
        chosen = judged(int(layer.neuron.current_decay), int(layer.neuron.voltage_decay), NEURON.synapse)
        one_spike = int(layer.neuron.threshold_mantissa) / layer.threshold_factor
        mantissa = round(one_spike * fit.gain / chosen.gain)
        populations.append(replace(population, neuron=CubaLif(fit.current_decay, fit.voltage_decay, mantissa)))
    return replace(cuba, populations=tuple(populations))


def emulated(network: Network, events: list[Events]) -> IntArray:
    """Output counts of the compiled network in C; compiling changes no weight."""
    program = nd.compile(network)
    assert not any(layer.changed for layer in program.quantization)
    return np.array([run.output_counts for run in Session(program, "emulator").run_all(events)])


def test_the_whole_way_in_short() -> None:
    line = measure(trained(seed=0, copies=0, count=3), copies=0, epochs=1, limit=300)
    assert line.right["SRM"].mean() > 0.75
    assert line.loss("CUBA", "SRM") < 4
    assert line.loss("8 bits", "CUBA") < 2
    assert line.loss("4 bits, tuned", "CUBA") < 3


@pytest.mark.evidence
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_eight_bits_after_conversion_and_four_after_fine_tuning(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    line = measure(trained(seed), copies=2, epochs=3)
    record_property(SUMMARY, f"seed {seed}\n{line}")
    assert len(line.right["SRM"]) == 898
    assert line.loss("8 bits", "CUBA") <= 0.5
    assert line.loss("4 bits, tuned", "CUBA") <= 1
    assert line.loss("4 bits, tuned", "SRM") <= 1
