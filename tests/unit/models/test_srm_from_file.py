"""An SRM network read back from its checkpoint spikes as it did, and its calibration is that of the model itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.errors import NetworkError, OptionError
from neurodeploy.models.formats.options import ReadOptions
from neurodeploy.models.slayer.conversion import convert
from neurodeploy.models.slayer.delays import Delay
from neurodeploy.models.slayer.from_file import read_srm, srm_network
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.plan import TrainingPlan, write_network
from neurodeploy.models.slayer.spiking import SpikingNetwork
from neurodeploy.models.slayer.srm import SrmNeuron
from neurodeploy.spikes.files import read_recording, write_recording
from neurodeploy.spikes.recording import Recording

STEPS, TIMESTEP = 50, 0.5
NEURON = SrmNeuron(10.0, 4.0, 2.0, 15.0)
ARCH = "6x6x2-4c3-2a-12-5"


def trained(path: Path, arch: str = ARCH, delays: bool = True) -> SpikingNetwork:
    """A random network whose checkpoint, with a yaml beside it, is at `path`."""
    plan = TrainingPlan(arch, NEURON, STEPS, TIMESTEP, delays=delays, gain=6.0, seed=2)
    model = plan.network()
    for number, name in enumerate(model.delays.values()):
        delay = model.get_submodule(name)
        assert isinstance(delay, Delay)
        delay.delay.data = torch.linspace(0.0, 3.3 + number, len(delay.delay)).reshape(-1, 1, 1)
    write_network(path, plan, model, overwrite=False)
    return model


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    draw = np.random.default_rng(5)
    lines = ["file,label,split"]
    for number in range(5):
        x, y, polarity = (draw.integers(0, high, 250).astype(np.int32) for high in (6, 6, 2))
        write_recording(folder / f"{number}.bs2", Recording(draw.integers(0, 25_000, 250), x, y, polarity))
        lines.append(f"{number}.bs2,{number},{'train' if number < 3 else 'test'}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder


def options(path: Path) -> ReadOptions:
    return ReadOptions(yaml=path.with_suffix(".yaml"))


@torch.no_grad()
def test_it_spikes_as_the_trained_one(tmp_path: Path, recordings: Path) -> None:
    path = tmp_path / "srm.pt"
    model = trained(path)
    read = read_srm(path, options(path))
    assert (read.timestep_ms, read.steps) == (TIMESTEP, STEPS)
    again = srm_network(read, STEPS)
    data = model.input([read_recording(file) for file in sorted(recordings.glob("*.bs2"))])
    theirs, ours = model.layer_spikes(data), again.layer_spikes(data)
    for name, spikes in theirs.items():
        assert spikes.any()
        assert torch.equal(ours[name], spikes), name
    for name in model.delays.values():
        one, other = (network.get_submodule(name) for network in (model, again))
        assert isinstance(one, Delay)
        assert isinstance(other, Delay)
        assert one.steps().max() >= 6
        assert torch.equal(one.steps(), other.steps())


def test_calibration_from_the_file_is_that_of_the_model(tmp_path: Path, recordings: Path) -> None:
    path = tmp_path / "srm.pt"
    model = trained(path, "6x6x2-12-5", delays=False)
    found = nd.calibrate_srm(path, recordings, yaml=path.with_suffix(".yaml"), split="train", limit=2)
    network, report = convert(model, model.input([read_recording(recordings / f"{n}.bs2") for n in range(2)]))
    assert str(found.report) == str(report)
    for cell, other in zip(found.network.populations[1:], network.populations[1:], strict=True):
        assert cell.neuron is not None
        assert other.neuron is not None
        assert cell.neuron.parameters() == other.neuron.parameters()
    for ours, theirs in zip(found.network.projections, network.projections, strict=True):
        np.testing.assert_allclose(ours.synapse.weight, theirs.synapse.weight, rtol=1e-6)
    assert [(each.name, each.labels) for each in found.answers] == [("SRM, float", (0, 1)), ("CUBA, float", (0, 1))]
    counts = model.output_counts([read_recording(recordings / f"{n}.bs2") for n in range(2)])
    assert found.answers[0].predictions == tuple(counts.argmax(1).tolist())
    tested = nd.calibrate_srm(path, recordings, yaml=path.with_suffix(".yaml"), limit=2, test_split="test")
    assert tested.answers[0].labels == (3, 4)
    assert tested.as_dict()["tested_on"] == "test"
    runs = nd.run(nd.compile(tested.network, weight_bits=8), recordings, "torch", split="test")
    assert isinstance(runs, list)
    assert tested.answers[1].predictions == tuple(run.prediction for run in runs)


def test_what_has_nothing_to_calibrate(tmp_path: Path, recordings: Path) -> None:
    path = tmp_path / "chip.pt"
    plan = TrainingPlan("6x6x2-5", TrainedNeuron(80, 128, 1024, 1, 0), STEPS)
    write_network(path, plan, plan.network(), overwrite=False)
    with pytest.raises(NetworkError, match="has LOIHI neurons"):
        nd.calibrate_srm(path, recordings, yaml=path.with_suffix(".yaml"))
    with pytest.raises(OptionError, match="steps: 0 is less than 1"):
        nd.calibrate_srm(path, recordings, steps=0)
