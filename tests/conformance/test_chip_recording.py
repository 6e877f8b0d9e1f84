"""A real chip's recording: input, hidden and output spikes and four voltages over 499 steps, without exception."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from tests.conformance.cases import BACKENDS, chip_recording_events, chip_recording_network

SPIKES = {
    "input": (674, "loihiInputSpikes.txt"),
    "hidden": (639, "loihiHiddenSpikes.txt"),
    "output": (2, "loihiOutputSpikes.txt"),
}
VOLTAGES = {
    ("hidden", 0): "loihiHiddenVoltage.txt",
    ("hidden", 23): "loihiHiddenVoltage23.txt",
    ("hidden", 24): "loihiHiddenVoltage24.txt",
    ("output", 0): "loihiOutputVoltage.txt",
}


@pytest.mark.parametrize("backend", BACKENDS)
def test_chip_recording(backend: str, conformance: Path) -> None:
    folder = conformance / "slayer_loihi" / "chip_recording"
    program = nd.compile(chip_recording_network(folder))
    run = nd.run(program, chip_recording_events(folder), backend, probes=["hidden.v", "output.v"], spike_display="128")
    assert not isinstance(run, list)
    for population, (count, file) in SPIKES.items():
        neuron, number = np.loadtxt(folder / file, ndmin=2).astype(int).T
        recorded = np.zeros_like(run[f"{population}.spikes"])
        recorded[number - 1, neuron] = 1  # the chip numbers a spike of step t as t + 1
        assert recorded.sum() == count
        np.testing.assert_array_equal(run[f"{population}.spikes"], recorded)
    for (population, neuron), file in VOLTAGES.items():
        recorded = np.loadtxt(folder / file).astype(int)
        assert recorded.shape == (499,)
        np.testing.assert_array_equal(run[f"{population}.v"][:, neuron], recorded)
