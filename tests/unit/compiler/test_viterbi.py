"""Lists of axons against every way to cut them, and against what a person would expect."""

from __future__ import annotations

import numpy as np
import pytest

from neurodeploy.compiler.memory import PREFIX_BITS, WORD_BITS, Compression, SynapseFormat
from neurodeploy.compiler.viterbi import Costs, Ragged, best_lists
from neurodeploy.precision import IntArray, SignMode

FORMATS = (
    SynapseFormat(SignMode.MIXED, 8, 0),
    SynapseFormat(SignMode.MIXED, 5, 0),
    SynapseFormat(SignMode.EXCITATORY, 3, 1),
    SynapseFormat(SignMode.MIXED, 6, 0, compression=Compression.SPARSE),
)
INDEX_BITS = 10


def fewest_words(position: IntArray, value: IntArray, formats: tuple[SynapseFormat, ...]) -> int:
    """The fewest words of an axon over every end of its first list and every format of that."""
    least = [0]  # of the last n synapses
    for first in reversed(range(len(value))):
        options = []
        for form in formats:
            holds = form.holds(value)
            for last in range(first, len(value)):
                if not holds[last]:
                    break
                dense = form.compression is Compression.DENSE
                stored = position[last] - position[first] + 1 if dense else last - first + 1
                words = -(-(PREFIX_BITS + int(stored) * form.synapse_bits(INDEX_BITS)) // WORD_BITS)
                options.append(words + least[len(value) - last - 1])
        least.append(min(options))
    return least[-1]


@pytest.mark.parametrize("seed", range(20))
def test_fewest_words_where_lists_take_whole_words(seed: int) -> None:
    """Axons that span no more than a list may hold; narrow weights come in runs, and gaps in between."""
    random = np.random.default_rng(seed)
    axons = []
    for _ in range(12):
        count = int(random.integers(1, 40))
        position = np.sort(random.choice(random.integers(count, 60, endpoint=True), count, replace=False))
        wide = np.repeat(random.random(8) < 0.5, 5)[:count]
        value = np.where(wide, random.integers(-128, 128, count), random.integers(-8, 8, count))
        axons.append((position, np.where(value == 0, 2, value)))
    start = np.cumsum([0, *(len(position) for position, _ in axons)])
    together = Ragged(start, np.concatenate([position for position, _ in axons]))
    lists = best_lists(together, np.concatenate([value for _, value in axons]), FORMATS, Costs(INDEX_BITS, True))
    expected = sum(fewest_words(position, value, FORMATS) for position, value in axons)
    assert lists.memory(INDEX_BITS).nengo_bits == expected * WORD_BITS


def test_a_list_fills_its_words() -> None:
    """14 wide synapses and the prefix take 122 of two words' 128 bits, so that ten narrow ones fit into a third."""
    value = np.array([100] * 14 + [3] * 10)
    lists = best_lists(Ragged(np.array([0, 24]), np.arange(24)), value, FORMATS[:2], Costs(INDEX_BITS, True))
    assert lists.stored.tolist() == [14, 10]
    assert lists.memory(INDEX_BITS).nengo_bits == 3 * WORD_BITS
