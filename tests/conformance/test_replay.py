"""The replay of a gesture: the hand is seen, and the class that leads at the end is the one that `run` answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.replays.page import replay_page
from neurodeploy.runtime.run import Run
from neurodeploy.spikes.files import read_recording
from tests.conformance.cases import program

MOMENTS = (100, 437, 600.4, 1450)


def test_frames_of_a_gesture_equal_the_recording(conformance: Path) -> None:
    """Frames against the file read and binned anew, and against what `run` answers."""
    path = conformance / "datasets/dvs_gesture/2.bs2"
    made = nd.replay(program("gesture", conformance), path, membrane="fc2:1")
    run = nd.run(program("gesture", conformance), path, probes=["fc2.v"])
    assert isinstance(run, Run)
    recording = read_recording(path)
    assert recording.y is not None
    assert recording.polarity is not None
    step = np.rint(recording.time_us / 1000)
    fc2 = run["fc2.spikes"]
    for moment in MOMENTS:
        frame, steps = made.frame(moment), int(moment)
        recent = (step >= steps - 40) & (step < steps)
        for polarity, plane in ((1, frame.on), (0, frame.off)):
            mine = recent & (recording.polarity == polarity)
            events = set(zip(step[mine], recording.y[mine], recording.x[mine], strict=True))
            expected = np.zeros((128, 128), int)
            for _, y, x in events:
                expected[y, x] += 1
            np.testing.assert_array_equal(plane, expected)
        assert frame.counts.tolist() == fc2[:steps].sum(axis=0).tolist()
        assert frame.v is not None
        np.testing.assert_array_equal(frame.v, run["fc2.v"][:steps, 1])
    final = made.frame(1450)
    assert (final.winner, made.names[1]) == (run.prediction, "right hand wave")
    assert final.counts.tolist() == run.output_counts.tolist()
    page = replay_page(made)
    assert "recognised as <b><bdi>right hand wave" in page
    assert "CC BY 4.0" in page
    assert len(page) < 1_000_000


def test_a_hand_is_seen(conformance: Path) -> None:
    """Of a waving hand, events of 40 ms lie close together: half of them on less than a tenth of the picture."""
    made = nd.replay(program("gesture", conformance), conformance / "datasets/dvs_gesture/2.bs2")
    frame = made.frame(600)
    blocks = (frame.on + frame.off).reshape(16, 8, 16, 8).sum(axis=(1, 3)).ravel()
    most = np.sort(blocks)[::-1]
    assert most.sum() > 1000
    assert most[:25].sum() > most.sum() / 2


@pytest.mark.evidence
def test_last_frames_answer_as_the_runs_do(conformance: Path) -> None:
    for number in range(1, 6):
        made = nd.replay(program("gesture", conformance), conformance / f"datasets/dvs_gesture/{number}.bs2")
        assert made.frame(made.end_ms).winner == made.raster.prediction == number - 1


def test_a_row_of_neurons(conformance: Path) -> None:
    """The spike patterns of the Oxford task: 200 inputs in a row."""
    folder = conformance / "slayer_loihi/oxford"
    made = nd.replay(program("oxford", conformance), folder / "input.bs1", steps=300)
    run = nd.run(program("oxford", conformance), folder / "input.bs1", steps=300)
    assert isinstance(run, Run)
    frame = made.frame(250)
    assert frame.on.shape == (1, 200)
    seen = run["input.spikes"][:250]
    assert len(frame.seen_step) == seen.sum()
    np.testing.assert_array_equal(frame.on[0], seen[210:].sum(axis=0))
    assert frame.counts.tolist() == run["fc2.spikes"][:250].sum(axis=0).tolist()
