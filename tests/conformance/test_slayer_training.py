"""What training writes is what runs: counts of the model and of the emulator; the Oxford pattern's two figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import neurodeploy as nd
from neurodeploy.models.formats.notation import parse_architecture
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.slayer.spiking import Extras, build_network
from neurodeploy.models.zoo.oxford.train import build, learn, pattern, score
from neurodeploy.network import Network
from neurodeploy.spikes.events import Events
from tests.conftest import SUMMARY

YAML = """
simulation: {Ts: 0.5, tSample: 40}
neuron: {type: LOIHI, vThMant: 80, vDecay: 128, iDecay: 1024, refDelay: 2, wgtExp: 0, tauRho: 1, scaleRho: 1}
"""


@pytest.mark.parametrize(
    ("arch", "delays"),
    [
        ("30-20-8", True),
        ("11x9x2-4c3z-2a-6c3-2a-20-7", False),
        ("9x7x2-2a-4c3-12-5", True),
        ("4x3x2-2u-3t3s2p1-2a-7", True),
        ("6x5x2-4c3-2u-3t3s2p1-9", True),
    ],
)
def test_emulator_gives_the_models_spikes(tmp_path: Path, arch: str, delays: bool) -> None:
    neuron = TrainedNeuron(80, 128, 1024, 2, 0)
    steps = 80
    model = build_network(parse_architecture(arch), neuron, steps, 0.5, Extras(delayed=delays, gain=3, seed=3))
    for name, parameter in model.named_parameters():
        if name.endswith("delay"):
            parameter.data.uniform_(0, 12, generator=model.generator)
    torch.save(model.state_dict(), tmp_path / "net.pt")
    (tmp_path / "net.yaml").write_text(YAML)
    network = nd.load(tmp_path / "net.pt", arch=arch, yaml=tmp_path / "net.yaml")
    assert isinstance(network, Network)
    program = nd.compile(network)
    random = np.random.default_rng(0)
    raster = random.random((4, steps, *model.input_shape)) < 0.15
    with torch.no_grad():
        ours = model(torch.from_numpy(raster).transpose(0, 1).float()).numpy()
    name = model.names[-1]
    for index, recording in enumerate(raster):
        found = nd.run(program, recording, backend="emulator", steps=steps, probes=[f"{name}.spikes"])
        assert isinstance(found, nd.Run)
        np.testing.assert_array_equal(found[f"{name}.spikes"], ours[:, index])
    assert ours.sum() > 20


def test_the_oxford_patterns_figures(conformance: Path) -> None:
    spikes, loss, desired = pattern(conformance / "slayer_loihi" / "oxford")
    model = build(0)
    checkpoint = conformance / "slayer_loihi" / "oxford" / "oxfordNet.pt"
    model.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True))
    assert int(desired.sum()) == 10_355
    with torch.no_grad():
        out = model(spikes)
        assert loss(out, desired).item() == pytest.approx(20_284.4, abs=0.1)
        assert loss(torch.zeros_like(out), desired).item() == pytest.approx(374_102, abs=1)


def test_events_and_rasters_are_the_same_input() -> None:
    model = build_network(parse_architecture("5x4x2-3c3-6"), TrainedNeuron(80, 128, 1024, 1, 0), 20)
    raster = np.random.default_rng(0).random((20, 2, 4, 5)) < 0.3
    from neurodeploy.models.slayer.sparse import event_spikes

    lists = event_spikes([Events.from_raster(raster)], (2, 4, 5), 20)
    dense = torch.from_numpy(raster)[:, None].float()
    assert torch.equal(model(lists), model(dense))


@pytest.mark.evidence
@pytest.mark.timeout(7200)
def test_the_oxford_pattern_is_learned_from_random_weights(
    conformance: Path, record_property: Callable[[str, object], None]
) -> None:
    folder = conformance / "slayer_loihi" / "oxford"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        values = [(number, value, model) for number, value, model in learn(folder)]
    finally:
        torch.set_num_threads(threads)
    end = score(values[-1][2], folder)
    reached = next(number for number, value, _ in values if value <= 20_285)
    record_property(
        SUMMARY, f"Oxford pattern: {end:.1f} after {len(values)} updates, first at most 20,285 in {reached}"
    )
    assert end <= 20_285
