"""Images as bit planes: the spikes, and that the chip's currents are exactly W · image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import neurodeploy
from neurodeploy.errors import DataError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.spikes.bit_planes import bit_plane_rows, bit_planes
from neurodeploy.spikes.events import Events, bin_recording
from neurodeploy.spikes.files import read_recording


@given(st.integers(1, 8), st.integers(0, 2**31))
def test_bits_are_put_together_to_the_image(planes: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 2**planes, (2, 3, 4))
    raster = bit_planes(image, planes, 3)
    assert raster.shape == (3, 2 * planes, 3, 4)
    whole = np.einsum("tkcyx,k->tcyx", raster.reshape(3, planes, 2, 3, 4).astype(int), 2 ** np.arange(planes))
    np.testing.assert_array_equal(whole, np.stack([image] * 3))


def test_the_currents_of_the_chip_are_the_weights_times_the_image() -> None:
    draw = np.random.default_rng(5)
    weight, image = 2 * draw.integers(-127, 128, (6, 7)), draw.integers(0, 17, 7)
    projections = []
    for plane in range(5):
        wide = np.zeros((6, 5 * 7), np.int32)
        wide[:, plane * 7 : plane * 7 + 7] = weight
        projections.append(Projection("input", "fc1", Dense(wide), plane))
    silent = CubaLif(current_decay=4096, voltage_decay=4095, threshold_mantissa=2**17 - 1)
    network = Network((Population("input", shape=(35,)), Population("fc1", silent)), tuple(projections))
    program = neurodeploy.compile(network)
    for backend in ("emulator", "reference"):
        run = neurodeploy.run(program, bit_planes(image, 5, 4), backend, probes=["fc1.u"])
        assert isinstance(run, neurodeploy.Run)
        currents: NDArray[np.int64] = np.asarray(run.traces["fc1.u"])
        np.testing.assert_array_equal(currents, np.stack([64 * weight @ image] * 4))


def test_a_recording_holds_the_same_spikes(tmp_path: Path) -> None:
    image = np.random.default_rng(1).integers(0, 17, (1, 8, 8))
    np.save(tmp_path / "image.npy", bit_plane_rows(image, 5, 5, timestep_ms=2.0))
    events = bin_recording(read_recording(tmp_path / "image.npy"), (5, 8, 8), 2.0)
    expected = Events.from_raster(bit_planes(image, 5, 5))
    np.testing.assert_array_equal(events.step, expected.step)
    np.testing.assert_array_equal(events.neuron, expected.neuron)


@pytest.mark.parametrize("value", [np.nan, np.inf, -1, 0.5, 32])
def test_what_has_no_bits_is_refused(value: float) -> None:
    with pytest.raises(DataError, match="no whole number in 0 … 31"):
        bit_planes([1.0, value], 5, 3)


@pytest.mark.parametrize(
    ("shape", "planes", "steps"), [((2, 2), 5, 3), ((0,), 5, 3), ((3,), 0, 3), ((3,), 9, 3), ((3,), 5, 0)]
)
def test_shapes_planes_and_steps_are_checked(shape: tuple[int, ...], planes: int, steps: int) -> None:
    with pytest.raises(DataError, match="image"):
        bit_planes(np.zeros(shape), planes, steps)
