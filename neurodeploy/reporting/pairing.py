"""Two runs of the same recordings, told recording by recording: what one gets right and the other does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import compress, repeat
from operator import eq, is_not, ne

Answer = int | str | None


def sign_test(fewer: int, more: int) -> float:
    """Exact two-sided p-value that two kinds of difference are equally likely (McNemar 1947 in its exact form).

    Args:
        fewer: differences of one kind, at least 0.
        more: of the other; the order means nothing.

    Returns:
        min(1, 2 · P(X ≤ the smaller)), X binomial of all of them with p = 1/2; 1 without any.
    """
    total, smaller = fewer + more, min(fewer, more)
    term = tail = 1
    for k in range(smaller):
        term = term * (total - k) // (k + 1)
        tail += term
    return min(1.0, float(Fraction(2 * tail, 1 << total)))


@dataclass(frozen=True)
class Pairing:
    """Answers of two runs to the same recordings.

    Attributes:
        recordings: how many; same: how many were answered alike, silence being an answer.
        changed: positions of the others.
        both, neither, only_first, only_second: labelled recordings by who is right.
    """

    recordings: int
    changed: tuple[int, ...]
    both: int
    neither: int
    only_first: int
    only_second: int

    @classmethod
    def of(cls, first: Sequence[Answer], second: Sequence[Answer], labels: Sequence[Answer]) -> Pairing:
        """Pair answers by position; None is silence, which is wrong, and a label that is unknown."""
        right = zip(map(eq, first, labels), map(eq, second, labels), strict=True)
        rights = Counter(compress(right, map(is_not, labels, repeat(None))))
        return cls(
            recordings=len(labels),
            changed=tuple(compress(range(len(labels)), map(ne, first, second))),
            both=rights[True, True],
            neither=rights[False, False],
            only_first=rights[True, False],
            only_second=rights[False, True],
        )

    @property
    def same(self) -> int:
        """Recordings that were answered alike."""
        return self.recordings - len(self.changed)

    @property
    def labelled(self) -> int:
        """Recordings with a label."""
        return self.both + self.neither + self.only_first + self.only_second

    @property
    def p_value(self) -> float | None:
        """Of the sign test of who is right alone; None without labels."""
        return sign_test(self.only_first, self.only_second) if self.labelled else None
