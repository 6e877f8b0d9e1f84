"""Backend `lava-hw` as far as it goes without a chip: its program on Lava's models for the processor, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Options
from neurodeploy.errors import BackendError, OptionError
from neurodeploy.runtime.backend import Board
from neurodeploy.runtime.lava_client import LavaWorker, worker_command
from neurodeploy.runtime.lava_environment import Environment
from neurodeploy.runtime.lava_hardware import BoardSimulation, check_board
from tests.property.lava_networks import lava_case

BIASED, RESET, PLAIN = 0, 15, 1
BOARDS = [["ncl-1", "oheogulch", "idle"], ["ncl-2", "kapoho", "down*"]]


@pytest.mark.parametrize("seed", [BIASED, RESET, PLAIN])
def test_order_of_steps(lava: Environment, seed: int) -> None:
    """Spikes seen by sinks on the host, biases that start with step 0: in two stretches, equal to the reference."""
    case = lava_case(seed)
    worker = LavaWorker(worker_command(lava.python), 120)
    board = BoardSimulation(case.network, Board(), worker, adapters=False)
    reference = Reference(case.network, Options("lava-0.10"))
    half, spikes = case.steps // 2, 0
    for first, end in ((0, half), (half, case.steps)):
        low, high = (int(i) for i in np.searchsorted(case.events.step, (first, end)))
        events = case.events.between(low, high)
        got, expected = board.advance(events, end - first, [1]), reference.advance(events, end - first)
        assert got.states == {}
        for ours, theirs in zip(expected.spikes, got.spikes, strict=True):
            assert (ours.step.tolist(), ours.neuron.tolist()) == (theirs.step.tolist(), theirs.neuron.tolist())
            spikes += len(ours.step)
    assert spikes > 100
    assert not board.counters().counted
    with pytest.raises(OptionError, match="shows no u and v"):
        board.state(1)
    worker.close()


def test_boards() -> None:
    check_board(True, BOARDS, Board())
    check_board(True, BOARDS, Board("ncl-1", "oheogulch"))
    for board, message in (
        (Board("ncl-2"), "no board ncl-2; it knows ncl-1"),
        (Board(partition="kapoho"), "no partition kapoho; it knows oheogulch"),
    ):
        with pytest.raises(BackendError, match=message):
            check_board(True, BOARDS, board)
    with pytest.raises(BackendError, match="all 1 boards are down"):
        check_board(True, BOARDS[1:], Board())
    with pytest.raises(BackendError, match="knows none"):
        check_board(True, [], Board("ncl-1"))
    with pytest.raises(BackendError, match="lava-loihi is not installed"):
        check_board(False, BOARDS, Board())
