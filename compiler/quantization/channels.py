"""Output channels that share a form: a projection is split only where the parts together lose less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.quantization.choice import Form, best_form, forms
from neurodeploy.network import Conv2d, ConvTranspose2d, Dense, Projection, Synapse
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
    wanted: NDArray[np.float64], own: Projection, bits: int | None, per_channel: bool
) -> list[tuple[Form, IntArray | None]]:
    """The forms of a projection and the output channels of each; None: all of them.

    The form of least error is the first; as long as one more takes away a good part of what is still lost, the one
    that takes away most is added, and every channel goes to the form it loses least in.

    Args:
        wanted: weights, in the synapse's own shape.
        own: the projection.
        bits: see `forms`.
        per_channel: whether it may be split.
    """
    single, axis = best_form(wanted, own, bits), channel_axis(own.synapse)
    if not per_channel or axis is None or wanted.shape[axis] < 2:
        return [(single, None)]
    others = tuple(axis_ for axis_ in range(wanted.ndim) if axis_ != axis)
    first = np.sum(single.apart(wanted) ** 2, axis=others)
    if not first.any():
        return [(single, None)]
    tried = list(forms(own, bits))
    table = np.stack([np.sum(form.apart(wanted) ** 2, axis=others) for form in tried])
    chosen, errors = [single], first[None]
    while len(chosen) < MOST_PARTS:
        lost = np.minimum(errors.min(axis=0), table).sum(axis=1)
        best = int(np.argmin(lost))
        if lost[best] >= (1 - WORTHWHILE) * errors.min(axis=0).sum():
            break
        chosen.append(tried[best])
        errors = np.concatenate([errors, table[best][None]])
    member = np.argmin(errors, axis=0)
    used = [k for k in range(len(chosen)) if np.any(member == k)]
    if len(used) == 1:
        return [(chosen[used[0]], None)]
    return [(chosen[k], np.flatnonzero(member == k)) for k in used]


def only(weight: NDArray[np.float64], axis: int, channels: IntArray) -> NDArray[np.float64]:
    """The weights with zeros in all output channels but those given."""
    kept = np.zeros_like(weight)
    index = (slice(None),) * axis + (channels,)
    kept[index] = weight[index]
    return kept
