"""A frame is what the data say of its moment."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodeploy.errors import OptionError
from neurodeploy.replays.replay import Frame, Replay, Showing
from neurodeploy.runtime.record import LayerSpikes, Raster
from tests.support.replays import made, spikes

TIMES = st.floats(-10, 130)


def _expected(replay: Replay, steps: int) -> tuple[Counter[tuple[int, int, int]], Counter[int]]:
    """Events of the window by polarity, row and column, and output spikes by class, counted one by one."""
    height, width = replay.plane
    seen: Counter[tuple[int, int, int]] = Counter()
    for step, neuron in zip(replay.input.step.tolist(), replay.input.neuron.tolist(), strict=True):
        if steps - replay.window <= step < steps:
            place = neuron % (height * width)
            polarity = neuron // (height * width) if replay.has_polarity else 1
            seen[polarity, place // width, place % width] += 1
    outputs = zip(replay.output.step.tolist(), replay.output.neuron.tolist(), strict=True)
    return seen, Counter(neuron // replay.votes for step, neuron in outputs if step < steps)


def _seen(frame: Frame) -> Counter[tuple[int, int, int]]:
    return Counter(
        {
            (polarity, int(y), int(x)): int(plane[y, x])
            for polarity, plane in ((0, frame.off), (1, frame.on))
            for y, x in zip(*np.nonzero(plane), strict=True)
        }
    )


@settings(max_examples=40, deadline=None)
@given(time=TIMES, shape=st.sampled_from([(2, 6, 8), (1, 5, 5), (3, 4, 4), (30,)]), classes=st.sampled_from([None, 2]))
def test_a_frame_equals_the_data(time: float, shape: tuple[int, ...], classes: int | None) -> None:
    replay = made(shape, classes=classes)
    frame = replay.frame(time)
    steps = int(np.clip(np.floor(time / 2 + 1e-6), 0, 50))
    seen, counts = _expected(replay, steps)
    assert frame.steps == steps
    assert _seen(frame) == seen
    assert frame.counts.tolist() == [counts[k] for k in range(classes or 4)]
    assert frame.winner == (None if not counts else min(counts, key=lambda k: (-counts[k], k)))
    shown = replay.layer.step < steps
    np.testing.assert_array_equal(frame.raster_step, replay.layer.step[shown])
    np.testing.assert_array_equal(frame.raster_neuron, replay.layer.neuron[shown])
    assert replay.membrane is not None
    np.testing.assert_array_equal(frame.v, replay.membrane.v[:steps])


def test_events_fade_over_the_window() -> None:
    """Window of 4 steps: an event weighs 1 in its own step, then 3/4, 1/2, 1/4, and is gone."""
    layer = LayerSpikes("input", (2, 2, 3), np.array([10]), np.array([6 + 4]))
    output = LayerSpikes("fc", (2,), np.array([20]), np.array([1]))
    replay = Replay(Raster("r", None, 1, 30, 2.0, (layer, output)), showing=Showing(window_ms=8))
    lights = [float(replay.frame(2.0 * steps).on_light[1, 1]) for steps in range(10, 17)]
    assert lights == [0, 1, 0.75, 0.5, 0.25, 0, 0]
    assert not replay.frame(22).off_light.any()


def test_the_last_frame_has_the_prediction_of_the_run() -> None:
    for readout in ("count", "first", "average"):
        for seed in range(1, 4):
            replay = made(outputs=4 * seed, classes=4, readout=readout)
            assert replay.frame(replay.end_ms).winner == replay.raster.prediction


def test_first_spike_wins_for_good() -> None:
    output = LayerSpikes("fc", (3,), np.array([4, 4, 5, 6, 7]), np.array([1, 2, 0, 0, 0]))
    layers = (spikes("input", (2, 3, 3), 10, 5, 0), output)
    winners = [Replay(Raster("r", None, 1, 10, 1.0, layers), None, "first").frame(t).winner for t in (4, 5, 10)]
    assert winners == [None, 1, 1]
    assert Replay(Raster("r", None, 0, 10, 1.0, layers)).frame(10).winner == 0


def test_order_in_the_raster_does_not_matter() -> None:
    replay = made()
    mixed = np.random.default_rng(1).permutation(replay.input.step.size)
    given_layers = replay.raster.populations
    shuffled = LayerSpikes("input", given_layers[0].shape, given_layers[0].step[mixed], given_layers[0].neuron[mixed])
    raster = Raster("r", None, 1, 50, 2.0, (shuffled, *given_layers[1:]))
    np.testing.assert_array_equal(Replay(raster).frame(40).on, replay.frame(40).on)


def test_times_of_whole_steps_are_whole() -> None:
    """0.1 ms does not divide 0.3 in binary: the frame at 3 steps shows 3 steps."""
    replay = made(timestep_ms=0.1)
    assert [replay.frame(k * 0.1).steps for k in range(51)] == list(range(51))


def test_what_cannot_be_shown_is_refused() -> None:
    with pytest.raises(OptionError, match="layer fc9"):
        made(showing=Showing(layer="fc9"))
    with pytest.raises(OptionError, match="are 2 for 4 classes"):
        made(showing=Showing(names=("a", "b")))
    with pytest.raises(OptionError, match="window"):
        Showing(window_ms=float("nan"))
    assert made(showing=Showing(layer="fc1")).layer.name == "fc1"
