"""The NIR files of the conformance folder; graphs of snnTorch, norse and sinabs against what these computed.

The frameworks' own runs are recorded (`recorded/nir_frameworks.zip`, what `tests/support/nir_frameworks.py` wrote);
`make evidence` runs the frameworks again.
"""

from __future__ import annotations

import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy import api
from neurodeploy.models.formats.nir.float_graph import FloatGraph, run
from neurodeploy.models.formats.nir.reader import read_float_graph, read_nir
from neurodeploy.models.formats.nir.writer import write_nir
from neurodeploy.models.formats.options import ReadOptions, WriteOptions
from neurodeploy.models.formats.written import Written
from neurodeploy.network import Dense, Network, Projection
from neurodeploy.network.codec import network_to_parts
from neurodeploy.spikes.events import random_events
from tests.conftest import SUMMARY
from tests.support.nir_frameworks import CASES

RECORDED = Path(__file__).with_name("recorded") / "nir_frameworks.zip"
#: snnTorch exports for steps of 1e-4 s; norse steps 1 ms; sinabs counts τ in steps and decays exponentially.
OPTIONS = {
    "snntorch": ReadOptions(dt=0.1),
    "norse": ReadOptions(dt=1.0),
    "sinabs": ReadOptions(dt=1000.0, discretisation="exponential"),
}
FILES = {"lif_norse.nir": 1, "cnn_sinabs.nir": 5, "braille_noDelay_bias_zero.nir": 3}


def same(first: Network, second: Network) -> bool:
    """Whether two networks are equal to the last bit."""
    (meta, arrays), (other_meta, others) = network_to_parts(first, ""), network_to_parts(second, "")
    equal = all(a.dtype == others[k].dtype and np.array_equal(a, others[k]) for k, a in arrays.items() if k in others)
    return meta == other_meta and arrays.keys() == others.keys() and equal


@pytest.mark.parametrize("name", FILES)
def test_files_load_run_and_round_trip(conformance: Path, tmp_path: Path, name: str) -> None:
    loaded = api.read(conformance / "nir" / name, dt=0.1)
    assert loaded.network.latency() == FILES[name]
    program = nd.compile(loaded.network)
    verification = api.verify(program, backends=("reference", "emulator"), rate=0.2, steps=60)
    assert verification.equal
    assert verification.layers[-1]["spikes"]["reference"] > 0
    for network in (loaded.network, program.network):
        written: Written = write_nir(network, "x", WriteOptions())
        path = tmp_path / "x.nir"
        path.write_bytes(written.files[".nir"])
        assert same(read_nir(path, ReadOptions()).network, network)


def test_braille_against_the_float_graph(conformance: Path, record_property: Any) -> None:
    """With the weights of the chip in the float graph, what is left are decays, thresholds and truncation."""
    path = conformance / "nir" / "braille_noDelay_bias_zero.nir"
    loaded = read_nir(path, ReadOptions(dt=0.1))
    network, _ = nd.quantize(loaded.network)
    graph = read_float_graph(path, ReadOptions(dt=0.1))
    events = random_events(12, 256, 0.1, 1)
    raster = np.zeros((256, 12))
    raster[events.step, events.neuron] = 1
    result = nd.run(nd.compile(network), events, steps=256, probes=["lif1_lif.spikes"])
    assert isinstance(result, nd.Run)
    # The input is delayed by one step, so that the biases are there when it comes.
    got = result["lif1_lif.spikes"][1:].astype(bool)
    text = []
    for what, used, most in (("own", graph, 2.0), ("quantized", with_weights(graph, network), 0.1)):
        expected = run(used, raster, hops=True).spikes["lif1.lif"][:-1]
        differ = int((got != expected).sum())
        text.append(f"lif1 with its {what} weights: {expected.sum()} float, {got.sum()} integer, {differ} differ")
        assert differ <= most * expected.sum()
    record_property(SUMMARY, "; ".join(text))


def with_weights(graph: FloatGraph, network: Network) -> FloatGraph:
    """The float graph of the Braille file with the weights and biases of its quantized network."""

    def scaled(projection: Projection) -> Any:
        target = projection.target.replace("_lif", ".lif")
        original = next(p for p in graph.projections if p.target == target).synapse.weight
        first = next(p for p in network.projections if p.target == projection.target)
        unit = np.ldexp(float(np.abs(first.synapse.weight).max()), first.weight_exponent) / np.abs(original).max()
        return np.ldexp(projection.synapse.weight.astype(float), projection.weight_exponent) / unit

    constants = {p.target.replace("_lif", ".lif"): scaled(p) for p in network.projections if p.source == "always"}
    rest = [p for p in network.projections if p.source != "always"]
    projections = [replace(f, synapse=Dense(scaled(p))) for f, p in zip(graph.projections, rest, strict=True)]
    populations = [replace(p, constant=constants.get(p.name, p.constant)) for p in graph.populations]
    return replace(graph, populations=tuple(populations), projections=tuple(projections))


@pytest.mark.parametrize("name", CASES)
def test_recorded_frameworks(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(RECORDED) as recorded:
        recorded.extractall(tmp_path, [f"{name}.nir", f"{name}.npz"])
    spikes, worst = compared(tmp_path, name)
    assert spikes >= 20
    assert worst < 1e-5


@pytest.mark.evidence
def test_live_frameworks(nir_frameworks: Path, tmp_path: Path, record_property: Any) -> None:
    script = Path(__file__).parents[1] / "support" / "nir_frameworks.py"
    subprocess.run([nir_frameworks, script, tmp_path], check=True, capture_output=True, timeout=300)
    text = []
    for name in CASES:
        spikes, worst = compared(tmp_path, name)
        assert worst < 1e-5
        text.append(f"{name}: {spikes} output spikes equal, voltages within {worst:.1e}")
    record_property(SUMMARY, "\n".join(text))


def compared(folder: Path, name: str) -> tuple[int, float]:
    """Fail unless every output spike of a framework is ours; how many, and the worst distance of voltages."""
    graph = read_float_graph(folder / f"{name}.nir", OPTIONS[name.split("_", maxsplit=1)[0]])
    with np.load(folder / f"{name}.npz") as recorded:
        made = run(graph, recorded["input"].astype(np.float64))
        np.testing.assert_array_equal(made.spikes[graph.output], recorded["spikes"].astype(bool))
        if "voltage" not in recorded:
            return int(recorded["spikes"].sum()), 0.0
        distance = np.abs(made.voltages[graph.output] - recorded["voltage"])
        return int(recorded["spikes"].sum()), float(distance.max())
