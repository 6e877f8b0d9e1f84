"""The yaml of a training: read as data, nothing passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.notation import ConvLayer, DenseLayer, InputLayer, PoolLayer
from neurodeploy.models.formats.slayer_alpha import AlphaNeuron
from neurodeploy.models.formats.slayer_neuron import LoihiNeuron
from neurodeploy.models.formats.slayer_yaml import SlayerYaml, read_slayer_yaml

SIMULATION = "simulation: {Ts: 1.0, tSample: 300, nSample: 12}\n"
NEURON = "neuron: {type: LOIHI, vThMant: 80, vDecay: 128, iDecay: 1024, refDelay: 1, wgtExp: 0, tauRho: 1}\n"
ALPHA = "neuron: {type: SRMALPHA, theta: 10, tauSr: 10, tauRef: 1, scaleRef: 2, tauRho: 1, scaleRho: 1}\n"


def read(path: Path, text: str) -> SlayerYaml:
    file = path / "network.yaml"
    file.write_text(text, encoding="utf-8")
    return read_slayer_yaml(file)


def layers(path: Path, *entries: str) -> SlayerYaml:
    return read(path, SIMULATION + NEURON + "layer:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries))


def test_the_chip_recording(conformance: Path) -> None:
    config = read_slayer_yaml(conformance / "slayer_loihi" / "chip_recording" / "network.yaml")
    assert (config.timestep_ms, config.steps) == (0.1, 500)
    assert config.neuron == LoihiNeuron(80, 128, 1024, 1, 0)
    assert config.architecture is not None
    assert config.architecture.input == InputLayer((250,))
    assert config.architecture.layers == (DenseLayer(25), DenseLayer(1))


def test_every_parameter_lands_in_its_place(tmp_path: Path) -> None:
    neuron = "neuron: {type: LOIHI, vThMant: 1, vDecay: 2, iDecay: 3, refDelay: 4, wgtExp: -5, theta: 64}\n"
    config = read(tmp_path, "simulation: {Ts: 0.5, tSample: 7}\n" + neuron + "training: {error: {type: NumSpikes}}\n")
    assert (config.timestep_ms, config.steps, config.architecture) == (0.5, 14, None)
    assert config.neuron == LoihiNeuron(1, 2, 3, 4, -5)


def test_alpha_neurons_have_their_times_in_steps(tmp_path: Path) -> None:
    config = read(tmp_path, "simulation: {Ts: 0.5}\n" + ALPHA)
    assert config.neuron == AlphaNeuron(threshold=10, synapse=20, refractory=2, depth=20)


def test_a_length_is_optional(tmp_path: Path) -> None:
    assert read(tmp_path, "simulation: {Ts: 1}\n" + NEURON).steps is None


def test_layers_are_slayers(tmp_path: Path) -> None:
    entries = ('dim: "30x20x2", wScale: 0.5', "dim: 16c5, wScale: 0.5, delay: false", "dim: 2a, sigma: 0", "dim: 10")
    architecture = layers(tmp_path, *entries).architecture
    assert architecture is not None
    assert architecture.input == InputLayer((2, 20, 30))
    assert architecture.layers == (ConvLayer(16, 5, padding=(2, 2)), PoolLayer(2), DenseLayer(10))


def test_convolutions_take_their_options(tmp_path: Path) -> None:
    entry = "dim: 16c5, stride: 2, padding: [0, 1], dilation: 3, groups: 2"
    architecture = layers(tmp_path, "dim: 9x9x2", entry, "dim: 16c3z").architecture
    assert architecture is not None
    assert architecture.layers == (ConvLayer(16, 5, (2, 2), (0, 1), (3, 3), 2), ConvLayer(16, 3, padding=(1, 1)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds None instead of named values"),
        ("[1]", "holds a list"),
        (NEURON, "simulation: holds None"),
        (SIMULATION, "neuron: holds None"),
        (SIMULATION + NEURON + "hardware: 1", "'hardware' is not understood"),
        ("simulation: {Ts: 1, tSmaple: 3}\n" + NEURON, "simulation: 'tSmaple' is not understood"),
        ("simulation: {tSample: 3}\n" + NEURON, "simulation: has no Ts"),
        ("simulation: {Ts: 0}\n" + NEURON, "Ts is 0, no positive number"),
        ("simulation: {Ts: .nan}\n" + NEURON, "Ts is nan"),
        ("simulation: {Ts: .inf}\n" + NEURON, "Ts is inf"),
        ("simulation: {Ts: true}\n" + NEURON, "Ts is True"),
        ("simulation: {Ts: 1e-1}\n" + NEURON, "Ts is '1e-1'"),
        ("simulation: {Ts: 1, tSample: 0.5}\n" + NEURON, "tSample / Ts is 0.5 steps"),
        ("simulation: {Ts: 0.001, tSample: 9999999999}\n" + NEURON, "tSample / Ts is 1e.13 steps"),
        (SIMULATION + NEURON.replace("LOIHI", "SRMALPHA"), "neuron: has no theta"),
        (SIMULATION + ALPHA.replace("tauSr: 10", "tauSr: 0"), "tauSr is 0, no positive number"),
        (SIMULATION + ALPHA.replace("tauRho", "vThMant"), "'vThMant' is not understood"),
        (SIMULATION + NEURON.replace("LOIHI", "CUBA"), "type 'CUBA' is unknown"),
        (SIMULATION + NEURON.replace("vDecay: 128", "vDecay: 128.5"), "vDecay is 128.5, no integer"),
        (SIMULATION + NEURON.replace("vDecay: 128", "vDecay: 5000"), "voltage_decay: 5000 is outside 0 … 4096"),
        (SIMULATION + NEURON.replace("wgtExp: 0", "wgtExp: 9"), "wgtExp: 9 is outside"),
        (SIMULATION + NEURON.replace("iDecay: 1024, ", ""), "has no iDecay"),
        (SIMULATION + NEURON.replace("tauRho", "thDecay"), "'thDecay' is not understood"),
        (SIMULATION + NEURON.replace("tauRho: 1", "theta: 80"), "theta is not 64 · vThMant"),
        (SIMULATION + NEURON.replace("80", "0x" + "f" * 5000), "vThMant is a huge number"),
        (SIMULATION + NEURON.replace("80", "9" * 5000), "is no valid yaml"),
        (SIMULATION + NEURON + "layer: {dim: 3}", "no list of at least two layers"),
        (SIMULATION + NEURON + SIMULATION, "a key is no name or is given twice"),
        (SIMULATION + NEURON + "training: &a {x: *a}", "aliases are not read"),
        (SIMULATION + NEURON + "training: !!python/object:os.system {}", "is no valid yaml"),
        ("a: [", "is no valid yaml in line"),
        ("a: \x00", "is no valid yaml"),
        ("[" * 50000, "is no valid yaml"),
        ("{[1]: 2}", "a key is no name"),
        ("x" * 2**20 + "x", "1048577 bytes, more than the 1048576"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(tmp_path, text)


def test_layers_with_delays_are_told(tmp_path: Path) -> None:
    config = layers(tmp_path, "dim: 20, delay: true", "dim: 12, delay: true, maxDelay: 62", "dim: 10")
    assert config.delayed == (f"{config.path}: layer 1", f"{config.path}: layer 2")
    assert layers(tmp_path, "dim: 20", "dim: 10, delay: false").delayed == ()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("dim: 512, delay: 5", "layer 2: delay is 5; write true or false"),
        ("dim: 512, neuron: {type: LOIHI}", "layer 2: has a neuron of its own"),
        ("dim: 512, stride: 2", "layer 2: 'stride' is not understood"),
        ("dim: 2a, padding: 1", "layer 2: 'padding' is not understood"),
        ("dim: avg10", "'avg10' is a read-out"),
        ("dim: 5x5x5", "layer 2, '5x5x5': is no layer"),
        ("dim: -5", "layer 2, '-5': is no layer"),
        ("dim: 1.5", "dim is 1.5"),
        ("stride: 1", "dim is None"),
        ("dim: 16c5z, padding: 1", "gives a padding and the suffix z"),
        ("dim: 16c5, stride: 0", "stride is 0"),
        ("dim: 16c5, stride: [1, 2, 3]", "stride is a list"),
        ("dim: 16c5, padding: 0.5", "padding is 0.5"),
        ("dim: 16c5, groups: two", "groups is 'two', no integer"),
    ],
)
def test_layers_that_cannot_be_honoured_are_refused(tmp_path: Path, entry: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        layers(tmp_path, "dim: 9x9x2", entry)
