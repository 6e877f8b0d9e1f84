"""Which decay constants explain a state and the one after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.precision import DECAY_ONE, IntArray


@dataclass(frozen=True, eq=False)
class DecayFit:
    """For every neuron the interval of decays that explain all its steps, empty where low > high; (neurons,) each."""

    low: IntArray
    high: IntArray

    def alone(self) -> bool:
        """Whether each neuron has a decay of its own that explains it."""
        return bool(np.all(self.low <= self.high))

    def together(self, decay: IntArray) -> bool:
        """Whether all neurons are explained by one change of their decays, the same for all.

        Args:
            decay: what they should be, (neurons,).
        """
        return bool(np.max(self.low - decay) <= np.min(self.high - decay))


def fit_decay(before: IntArray, after: IntArray) -> DecayFit:
    """Decays d with `after` = sgn(before) · ((|before| · (4096 − d)) >> 12) in every row.

    Args:
        before: the state, (rows, neurons); 0 in both where there is no evidence.
        after: what is left of it one step later.
    """
    size, left = np.abs(before), np.abs(after)
    # left ≤ size · k / 4096 < left + 1 for k = 4096 − d
    low = -(-left * DECAY_ONE // np.maximum(size, 1))
    high = -(-(left + 1) * DECAY_ONE // np.maximum(size, 1)) - 1
    idle = size == 0
    low, high = np.where(idle, 0, low), np.where(idle, DECAY_ONE, np.minimum(high, DECAY_ONE))
    impossible = (after != 0) & (np.sign(after) != np.sign(before))
    low = np.where(impossible, DECAY_ONE + 1, low)
    return DecayFit(DECAY_ONE - high.min(axis=0), DECAY_ONE - low.max(axis=0))
