"""Output channels that share a form: a projection is split only where the parts together lose less."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.quantization.choice import Form, best_form
from neurodeploy.network import Conv2d, ConvTranspose2d, Dense, Synapse
from neurodeploy.precision import IntArray

#: Parts that one projection is split into at most: each takes a row of a core's sixteen formats, and its axons.
MOST_PARTS = 4
#: Part of the squared error that one more form must take away.
WORTHWHILE = 0.02


def channel_axis(synapse: Synapse) -> int | None:
    """The axis of a synapse's weights that numbers output channels; None where it has none of its own."""
    if isinstance(synapse, (Dense, Conv2d)):
        return 0
    if isinstance(synapse, ConvTranspose2d) and synapse.groups == 1:
        return 1
    return None


def channel_forms(
    wanted: NDArray[np.float64], axis: int | None, tried: Sequence[Form]
) -> list[tuple[Form, IntArray | None]]:
    """The forms of a projection and the output channels of each; None: all of them.

    The form of least error is the first; as long as one more takes away a good part of what is still lost, the one
    that takes away most is added, and every channel goes to the form it loses least in.

    Args:
        wanted: weights, in the synapse's own shape.
        axis: that numbers its output channels; None: it may not be split.
        tried: the forms, those first that are taken among equals.
    """
    single, lost = best_form(wanted, tried)
    if axis is None or wanted.shape[axis] < 2 or not lost:
        return [(single, None)]
    others = tuple(k for k in range(wanted.ndim) if k != axis)
    table = np.stack([np.sum(form.apart(wanted) ** 2, axis=others) for form in tried])
    chosen = [tried.index(single)]
    while len(chosen) < MOST_PARTS:
        now = table[chosen].min(axis=0)
        after = np.minimum(now, table).sum(axis=1)
        best = int(np.argmin(after))
        if after[best] >= (1 - WORTHWHILE) * now.sum():
            break
        chosen.append(best)
    member = np.argmin(table[chosen], axis=0)
    parts = [(tried[k], np.flatnonzero(member == i)) for i, k in enumerate(chosen)]
    used = [(form, channels) for form, channels in parts if len(channels)]
    return [*used] if len(used) > 1 else [(used[0][0], None)]


def only(weight: NDArray[np.float64], axis: int, channels: IntArray) -> NDArray[np.float64]:
    """The weights with zeros in all output channels but those given."""
    kept = np.zeros_like(weight)
    index = (slice(None),) * axis + (channels,)
    kept[index] = weight[index]
    return kept
