"""Files of networks in continuous time."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.errors import FormatError
from neurodeploy.models.forward_prop.file import load_forward, save_forward
from neurodeploy.models.forward_prop.network import ForwardNetwork
from neurodeploy.spikes.latency import Latency

LATENCY = Latency((0.0, -1.0), (1.0, 2.5), 0.1, 2.0, largest_first=True, complement=True, bias_ms=0.9)


def _network(recurrent: bool = True) -> ForwardNetwork:
    rng = np.random.default_rng(3)
    own = (rng.normal(size=(4, 4)), None) if recurrent else None
    weights = (rng.normal(size=(5, 4)), rng.normal(size=(4, 3)))
    return ForwardNetwork(weights, 1.1, 0.7, 0.9, 3.5, refractory_ms=0.25, recurrent=own)


def test_a_network_comes_back_bit_for_bit_with_its_latency(tmp_path: Path) -> None:
    path, network = tmp_path / "net.npz", _network()
    save_forward(network, LATENCY, path)
    found, latency = load_forward(path)
    assert latency == LATENCY
    for name in ("synapse_rate", "membrane_rate", "threshold", "horizon_ms", "refractory_ms"):
        assert getattr(found, name) == getattr(network, name)
    for mine, theirs in zip(found.weights, network.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert found.recurrent is not None
    assert network.recurrent is not None
    assert found.recurrent[1] is None
    np.testing.assert_array_equal(found.recurrent[0], network.recurrent[0])


def test_equal_networks_give_equal_bytes_and_nothing_is_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    save_forward(_network(False), replace(LATENCY, bias_ms=0.0), path)
    before = path.read_bytes()
    with pytest.raises(FormatError, match="exists already"):
        save_forward(_network(False), LATENCY, path)
    save_forward(_network(False), replace(LATENCY, bias_ms=0.0), path, overwrite=True)
    assert path.read_bytes() == before
    assert load_forward(path)[0].recurrent is None


def test_a_coding_of_other_inputs_and_another_suffix_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="codes 4 inputs, the network has 5"):
        save_forward(_network(), replace(LATENCY, bias_ms=None), tmp_path / "net.npz")
    with pytest.raises(FormatError, match="suffix"):
        save_forward(_network(), LATENCY, tmp_path / "net.ndn")


@pytest.mark.parametrize(
    ("member", "value", "problem"),
    [
        ("version", np.float64(2), "version 2"),
        ("threshold", np.float64(0), "threshold: is 0.0"),
        ("membrane_rate", np.float64(np.nan), "membrane rate: is nan"),
        ("weights_2", np.zeros((5, 3)), "layer 2: has 5 inputs"),
        ("weights_1", np.full((5, 4), np.inf), "layer 1"),
        ("weights_1", np.zeros(5), "shape"),
        ("latency_low", np.array([3.0, 0.0]), "feature 0: ranges from 3.0 to 1.0"),
        ("latency_low", np.array([np.nan, 0.0]), "feature 0"),
        ("latency_early_ms", np.float64(-1), "spikes from -1.0"),
        ("latency_complement", np.float64(2), "complement"),
        ("latency_complement", np.float64(0), "codes 3 inputs"),
        ("nonsense", np.float64(0), "means nothing"),
        ("threshold", None, "lacks threshold"),
        ("version", np.array(["x"], dtype=object), "no plain numbers"),
    ],
)
def test_members_are_checked(tmp_path: Path, member: str, value: np.ndarray | None, problem: str) -> None:
    path, wrong = tmp_path / "net.npz", tmp_path / "wrong.npz"
    save_forward(_network(), LATENCY, path)
    with np.load(path) as file:
        members = dict(file) | {member: value}
    np.savez(wrong, **{name: array for name, array in members.items() if array is not None})
    with pytest.raises(FormatError, match=problem):
        load_forward(wrong)


def test_damage_and_packed_members_are_refused(tmp_path: Path) -> None:
    path, wrong = tmp_path / "net.npz", tmp_path / "wrong.npz"
    save_forward(_network(), LATENCY, path)
    data = bytearray(path.read_bytes())
    for damaged in (data[:-30], data[:100] + bytes([data[100] ^ 1]) + data[101:], b"", b"PK"):
        wrong.write_bytes(bytes(damaged))
        with pytest.raises(FormatError):
            load_forward(wrong)
    with zipfile.ZipFile(wrong, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("weights_1.npy", bytes(10**6))
    with pytest.raises(FormatError, match="packs"):
        load_forward(wrong)
