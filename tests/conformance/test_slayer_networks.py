"""Networks trained by SLAYER's authors, on real recordings, against lava-nc and their own recorded output."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import neurodeploy as nd
from neurodeploy.api import firing_rates
from neurodeploy.compiler.checker import check, replay
from neurodeploy.compiler.flows import Flows
from neurodeploy.runtime.run import Run
from tests.conformance.cases import BACKENDS, CASES, network, program

GESTURE_COUNTS = [211, 20, 37, 24, 45, 56, 9, 11, 14, 17, 46]
POPULATIONS = ("pool1", "conv1", "pool2", "conv2", "pool3", "fc1", "fc2")


def _one(run: Run | list[Run]) -> Run:
    assert isinstance(run, Run)
    return run


@pytest.mark.parametrize("backend", BACKENDS)
def test_gesture_equals_lava(backend: str, conformance: Path) -> None:
    """Every spike of fc1 and fc2, and every layer's u and v after step 1448."""
    lava = np.load(conformance / "slayer_loihi/dvs_gesture_cnn/lava_trace_1.npz")
    probes = [f"{name}.{variable}@1448" for name in POPULATIONS for variable in "uv"]
    recording = conformance / "datasets/dvs_gesture/1.bs2"
    run = _one(nd.run(program("gesture", conformance), recording, backend, probes=probes))
    assert (run.steps, run.prediction) == (1450, 0)
    assert run.output_counts.tolist() == GESTURE_COUNTS
    for name in ("fc1", "fc2"):
        spikes = lava[f"{name}_s"]
        assert len(spikes) == 1450
        np.testing.assert_array_equal(run[f"{name}.spikes"][:-1], spikes[1:])
    for name in POPULATIONS:
        for variable in "uv":
            final = lava[f"{name}_{variable}_final"]
            flat = np.moveaxis(final, -1, 0).reshape(-1) if final.ndim == 3 else final.reshape(-1)
            np.testing.assert_array_equal(run[f"{name}.{variable}@1448"][0], flat)


def test_gesture_classes(conformance: Path) -> None:
    runs = nd.run(program("gesture", conformance), conformance / "datasets/dvs_gesture", threads=2)
    assert isinstance(runs, list)
    assert [run.prediction for run in runs] == [0, 1, 2, 3, 4]
    assert [run.file for run in runs] == [f"{n}.bs2" for n in range(1, 6)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("number", [1, 60001, 60002])
def test_nmnist_equals_lava(backend: str, number: int, conformance: Path) -> None:
    """Every spike, u and v of both layers in every step."""
    lava = np.load(conformance / f"slayer_loihi/nmnist_mlp/lava_trace_{number}.npz")
    probes = [f"{name}.{variable}" for name in ("fc1", "fc2") for variable in ("u", "v", "spikes")]
    recording = conformance / f"datasets/nmnist/{number}.bs2"
    run = _one(nd.run(program("nmnist", conformance), recording, backend, probes=probes))
    assert run.steps == 300
    for probe in probes:
        expected = lava[probe.replace(".spikes", "_s").replace(".", "_")]
        np.testing.assert_array_equal(run[probe][:-1], expected[1:])
    assert run["fc1.spikes"].sum() > 100


def test_nmnist_all_right(conformance: Path) -> None:
    runs = nd.run(program("nmnist", conformance), conformance / "datasets/nmnist", threads=2)
    assert isinstance(runs, list)
    assert len(runs) == 650
    assert all(run.prediction == run.label for run in runs)
    ranked = np.sort([run.output_counts for run in runs], axis=1)
    assert np.all(ranked[:, -1] > ranked[:, -2]), "a tie"


@pytest.mark.parametrize("backend", BACKENDS)
def test_oxford_reproduces_the_authors_output(backend: str, conformance: Path) -> None:
    """10,456 spikes, numbered by the step in which they arrive."""
    folder = conformance / "slayer_loihi/oxford"
    neuron, arrival = np.loadtxt(folder / "OxfordOut.txt").astype(int).T
    expected = np.zeros((1900, 200), int)
    expected[arrival - 1, neuron] = 1
    run = _one(nd.run(program("oxford", conformance), folder / "input.bs1", backend, steps=1900))
    assert expected.sum() == 10456
    np.testing.assert_array_equal(run["fc2.spikes"], expected)


@pytest.mark.parametrize("name", CASES)
def test_mapping_is_correct(name: str, conformance: Path) -> None:
    """The independent checker finds every limit kept, and random activity reaches every neuron as it should."""
    mapped = program(name, conformance)
    assert check(mapped) == ()
    assert replay(mapped, seed=1, trials=2) is None


def test_packets_of_gestures_travel_few_links(conformance: Path) -> None:
    """Recording 1, input left out: at most 45 % of packets x links of the same cores in order, four to a router."""
    given, recording = network("gesture", conformance), conformance / "datasets/dvs_gesture/1.bs2"
    rates = firing_rates(given, recording)
    made = nd.compile(given, rates=rates)
    assert len(made.cores) == 33
    flows = Flows.of(made, rates)

    def links(router: NDArray[np.integer]) -> int:
        here, there = router[flows.source], router[flows.destination]
        apart = np.abs(here // 4 - there // 4) + np.abs(here % 4 - there % 4)
        return int(np.sum(apart * flows.packets))

    ours, in_order = links(np.asarray(made.cores.slot) // 4), links(np.arange(33) // 4)
    assert ours == np.sum(made.placement.hops(flows.source, flows.destination) * flows.packets)
    assert ours <= 0.45 * in_order
