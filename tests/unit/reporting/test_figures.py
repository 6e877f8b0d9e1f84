"""The raster: pixels worked out by hand, and an SVG that needs nothing from outside."""

from __future__ import annotations

import re

import numpy as np
import pytest

from neurodeploy.reporting.figures import INK, MAX_PANELS, OFF, ON, WINNER, raster_svg, spike_images
from neurodeploy.runtime.record import LayerSpikes, Raster
from tests.unit.records import raster


def layer(name: str, shape: tuple[int, ...], *pairs: tuple[int, int]) -> LayerSpikes:
    columns = np.array(pairs, np.int64).reshape(-1, 2)
    return LayerSpikes(name, shape, columns[:, 0], columns[:, 1])


def drawn(*layers: LayerSpikes, steps: int = 4, prediction: int | None = None) -> Raster:
    return Raster("a.bs2", 0, prediction, steps, 1.0, layers)


def test_lines_of_a_small_layer() -> None:
    spikes = layer("fc", (3,), (0, 0), (3, 2), (3, 2))
    (image,) = spike_images(spikes, drawn(layer("input", (1,)), spikes), 100)
    rows = image[image.shape[0] // 6 :: image.shape[0] // 3]
    assert rows.shape == (3, 4, 4)
    lit = rows[..., 3] > 0
    np.testing.assert_array_equal(lit, [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]])
    assert rows[2, 3, 3] == 255
    assert 100 < rows[0, 0, 3] < 255
    assert tuple(rows[2, 3, :3]) == INK
    assert not image[image.shape[0] // 3 - 1].any(axis=0)[3]


def test_input_of_two_channels_is_blue_and_red() -> None:
    events = layer("input", (2, 10, 10), (0, 0), (3, 199))
    off, on = spike_images(events, drawn(events, layer("fc", (3,))), 100)
    assert off.shape == on.shape == (100, 4, 4)
    assert np.argwhere(off[..., 3]).tolist() == [[0, 0]]
    assert np.argwhere(on[..., 3]).tolist() == [[99, 3]]
    assert tuple(off[0, 0, :3]) == OFF
    assert tuple(on[0, 0, :3]) == ON


def test_winner_is_green() -> None:
    spikes = layer("fc", (3,), (0, 1), (1, 2))
    others, winner = spike_images(spikes, drawn(layer("input", (1,)), spikes, prediction=2), 100)
    assert tuple(others[0, 0, :3]) == INK
    assert tuple(winner[0, 0, :3]) == WINNER
    assert np.unique(np.argwhere(winner[..., 3])[:, 1]).tolist() == [1]


def test_large_layer_is_binned() -> None:
    spikes = layer("conv", (1000,), *[(step, 999) for step in range(3000)])
    (image,) = spike_images(spikes, drawn(layer("input", (1,)), spikes, steps=3000), 50)
    assert image.shape == (50, 960, 4)
    assert image[49, :, 3].min() > 0
    assert not image[:49, :, 3].any()


def test_svg_stands_alone_and_is_the_same_every_time() -> None:
    svg = raster_svg(raster())
    assert svg.startswith("<svg")
    assert svg.count("<image") == 10  # eight layers, one more for ON, one more for the winner
    assert len(re.findall(r'\bid="raster-', svg)) == len(re.findall(r'\bid="', svg))
    outside = [url for url in re.findall(r'(?:href|src)="([^"]*)"', svg) if not url.startswith(("#", "data:image/png"))]
    assert outside == []
    assert set(re.findall(r'[\w:]{0,20}="https?://', svg)) == {'xmlns="http://', 'xmlns:xlink="http://'}
    assert "time in ms" in svg
    assert svg == raster_svg(raster())


@pytest.mark.parametrize("steps", [0, 1])
def test_empty_recording(steps: int) -> None:
    svg = raster_svg(drawn(layer("input", (2, 3, 3)), layer("fc", (3,)), steps=steps))
    assert "0 of 3" in svg


def test_deep_network_shows_its_first_layers_and_the_last() -> None:
    layers = [layer(f"layer{k}", (50,)) for k in range(MAX_PANELS + 5)]
    svg = raster_svg(drawn(*layers))
    assert f"layer{MAX_PANELS - 2}<" in svg
    assert f"layer{MAX_PANELS - 1}<" not in svg
    assert f"layer{MAX_PANELS + 4}<" in svg


def test_names_cannot_leave_their_place() -> None:
    svg = raster_svg(drawn(layer("<b>&漢$x$", (3,)), layer("n" * 10_000, (3,))))
    assert "&lt;b&gt;&amp;?$x$" in svg
    assert "n" * 20 not in svg
