"""The gesture and N-MNIST networks exported as ONNX and C, against the emulator on real recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from neurodeploy.emulator.engine import Emulator, load
from neurodeploy.spikes.events import Events, bin_recording
from neurodeploy.spikes.files import read_recording
from tests.conformance.cases import network, program
from tests.conftest import SUMMARY
from tests.support.exports import CExport, OnnxExport, compare

Record = Callable[[str, object], None]

FAST = ("-O1",)


def _events(name: str, file: Path, conformance: Path, steps: int) -> Events:
    known = network(name, conformance)
    return bin_recording(read_recording(file), known.input.shape or (), known.timestep_ms).within(steps)[0]


def _compare(name: str, files: list[str], steps: int, conformance: Path, folder: Path) -> str:
    """Run both exports on recordings, `steps` steps of each; what was compared."""
    known = network(name, conformance)
    image = load(program(name, conformance))
    in_onnx, in_c = OnnxExport.in_onnxruntime(known), CExport(known, "loihi", folder, FAST)
    counts = [0, 0]
    for file in files:
        events = _events(name, conformance / file, conformance, steps)
        counts[0] += compare(in_onnx.rest(), Emulator(image), known, events, steps, 50)
        with in_c as export:
            counts[1] += compare(export, Emulator(image), known, events, steps, 50)
    return f"{name}: {len(files)} recordings of {steps} steps, {counts[0]} spikes equal in ONNX, {counts[1]} in C"


def test_nmnist(conformance: Path, tmp_path: Path, record_property: Record) -> None:
    record_property(SUMMARY, _compare("nmnist", ["datasets/nmnist/1.bs2"], 300, conformance, tmp_path))


def test_gesture(conformance: Path, tmp_path: Path, record_property: Record) -> None:
    record_property(SUMMARY, _compare("gesture", ["datasets/dvs_gesture/1.bs2"], 100, conformance, tmp_path))


@pytest.mark.evidence
@pytest.mark.timeout(7200)
def test_nmnist_recordings(conformance: Path, tmp_path: Path, record_property: Record) -> None:
    files = sorted((conformance / "datasets/nmnist").glob("*.bs2"))
    names = [str(f.relative_to(conformance)) for f in files]
    record_property(SUMMARY, _compare("nmnist", names, 300, conformance, tmp_path))


@pytest.mark.evidence
@pytest.mark.timeout(7200)
def test_gesture_recordings(conformance: Path, tmp_path: Path, record_property: Record) -> None:
    files = [f"datasets/dvs_gesture/{n}.bs2" for n in range(1, 6)]
    record_property(SUMMARY, _compare("gesture", files, 1450, conformance, tmp_path))
