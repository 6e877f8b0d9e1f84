"""ONNX and C exports of random networks against the reference: every spike, u and v, in both profiles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import PROFILES, Options
from neurodeploy.models.formats import ReadOptions, WriteOptions, read_network, written_network
from neurodeploy.models.formats.options import PROFILES as EXPORTED_PROFILES
from neurodeploy.network.codec import network_to_parts
from tests.property.networks import Case, random_case
from tests.support.exports import CExport, Export, OnnxExport, compare

IN_ONNXRUNTIME, IN_EVALUATOR, IN_C = range(25), range(25, 31), range(31, 38)
MANY = range(1000, 2000)


def _compared(case: Case, export: Export, profile: str) -> None:
    stretch = 1 + case.seed % 40
    try:
        compare(export, Reference(case.network, Options(profile)), case.network, case.events, case.steps, stretch)
    except AssertionError as error:
        raise AssertionError(f"random_case({case.seed}), profile {profile}: {error}") from error


def test_profiles_are_those_of_the_emulator() -> None:
    assert EXPORTED_PROFILES == PROFILES


@pytest.mark.parametrize("profile", PROFILES)
def test_onnxruntime(profile: str) -> None:
    for seed in IN_ONNXRUNTIME:
        case = random_case(seed)
        _compared(case, OnnxExport.in_onnxruntime(case.network, profile), profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_reference_evaluator(profile: str) -> None:
    for seed in IN_EVALUATOR:
        case = random_case(seed, steps=25)
        _compared(case, OnnxExport.in_reference_evaluator(case.network, profile), profile)


@pytest.mark.parametrize("profile", PROFILES)
def test_c(profile: str, tmp_path: Path) -> None:
    for seed in IN_C:
        case = random_case(seed)
        with CExport(case.network, profile, tmp_path) as export:
            _compared(case, export, profile)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1), layers=st.integers(1, 3), profile=st.sampled_from(PROFILES), traces=st.booleans()
)
def test_onnx_comes_back_as_it_was(
    seed: int, layers: int, profile: str, traces: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    network = random_case(seed, layers, 20).network
    path = tmp_path_factory.getbasetemp() / "network.onnx"
    path.write_bytes(written_network(network, path, WriteOptions(profile, traces)).files[".onnx"])
    meta, arrays = network_to_parts(read_network(path, ReadOptions()).network, "")
    expected_meta, expected = network_to_parts(network, "")
    assert meta == expected_meta
    assert list(arrays) == list(expected)
    for name, array in arrays.items():
        assert array.dtype == expected[name].dtype
        np.testing.assert_array_equal(array, expected[name])


@pytest.mark.evidence
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("profile", PROFILES)
def test_many_networks(profile: str, tmp_path: Path) -> None:
    for seed in MANY:
        case = random_case(seed)
        _compared(case, OnnxExport.in_onnxruntime(case.network, profile), profile)
        if seed % 10 == 0:
            _compared(case, OnnxExport.in_reference_evaluator(case.network, profile), profile)
        if seed % 4 == 0:
            with CExport(case.network, profile, tmp_path, ("-O0",)) as export:
                _compared(case, export, profile)
