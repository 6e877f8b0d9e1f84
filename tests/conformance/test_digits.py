"""The digits network: accuracy on the held-out images, and the same counts from training model, reference and C."""

from __future__ import annotations

import numpy as np
import torch

import neurodeploy as nd
from neurodeploy import api
from neurodeploy.models.datasets.digits import record_digits
from neurodeploy.models.slayer.network import output_counts
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.models.zoo.digits.model import load_model
from neurodeploy.runtime.session import Session
from neurodeploy.spikes.events import bin_recording


def test_digits_accuracy_and_equality() -> None:
    program = nd.compile(api.read(CHECKPOINT, yaml=YAML).network)
    assert not any(layer.changed for layer in program.quantization)
    held_out = [digit for digit in record_digits() if digit.split == "test"]
    assert len(held_out) == 898
    network = program.network
    events = [bin_recording(d.recording, network.input.shape or (), network.timestep_ms) for d in held_out]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        trained = output_counts(load_model(), [d.recording for d in held_out])
    finally:
        torch.set_num_threads(threads)
    for backend in ("reference", "emulator"):
        runs = Session(program, backend).run_all(events)
        np.testing.assert_array_equal([run.output_counts for run in runs], trained)
    right = sum(run.prediction == digit.label for run, digit in zip(runs, held_out, strict=True))
    assert right >= 0.95 * len(held_out)
