"""Which instruction set the core uses, and what a silent network costs it."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.emulator.engine import INSTRUCTIONS_VARIABLE, Emulator, chosen_instructions, instruction_sets, load
from neurodeploy.emulator.sharing import shared
from neurodeploy.errors import OptionError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.spikes.events import Events
from tests.support.programs import one_core_program

SILENT = 2**17 - 1


def test_every_machine_has_the_baseline_first() -> None:
    assert instruction_sets()[0] == "baseline"
    assert len(set(instruction_sets())) == len(instruction_sets())


def test_the_fastest_is_chosen_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(INSTRUCTIONS_VARIABLE, raising=False)
    assert chosen_instructions() == instruction_sets()[-1]
    monkeypatch.setenv(INSTRUCTIONS_VARIABLE, "baseline")
    assert chosen_instructions() == "baseline"
    assert chosen_instructions(instruction_sets()[-1]) == instruction_sets()[-1]


def test_an_unknown_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(INSTRUCTIONS_VARIABLE, "mmx")
    with pytest.raises(OptionError, match="mmx"):
        chosen_instructions()


@pytest.mark.parametrize("name", instruction_sets())
@pytest.mark.parametrize("keep", [0, 1, 2, 100, 2047, 2048, 4095, 4096])
def test_decays_of_24_bits_are_exact(name: str, keep: int) -> None:
    """u · keep / 4096 toward zero for values with all their bits, through the fast path: v = u behind one step."""
    values = np.random.default_rng(keep).integers(-(2**17) + 1, 2**17, 200)
    populations = (Population("input", None, (200,)), Population("out", CubaLif(4096 - keep, 4096, SILENT), (200,)))
    network = Network(populations, (Projection("input", "out", Dense(np.eye(200, dtype=np.int32))),))
    run = Emulator(load(one_core_program(network)), instructions=name)
    events = Events(np.zeros(200, np.int64), np.arange(200), values)
    u = run.advance(events, 4, [1]).states[1].u
    expected = values * 64
    for step in range(4):
        assert u[step].tolist() == expected.tolist()
        expected = np.sign(expected) * (np.abs(expected) * keep >> 12)


def test_equal_stretches_share_and_others_do_not() -> None:
    table = np.array([[1] * 8, [2] * 8, [1] * 8, [2] * 8, [1] * 8, [3] * 8, [1] * 8], np.int8)
    place, kept = shared(table, np.array([0, 2, 4, 6]), np.array([2, 2, 2, 1]))
    assert kept.tolist() == [0, 1, 4, 5, 6]
    assert place.tolist() == [0, 0, 2, 4]
