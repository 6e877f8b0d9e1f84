"""Two runs of the same recordings: answers, output spikes, and the layers where both records hold them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from neurodeploy.precision import IntArray
from neurodeploy.reporting.pairing import Pairing
from neurodeploy.reporting.side_by_side import Chosen, Named, PairView
from neurodeploy.runtime.agreement import LayerAgreement, agreements, first_apart, spike_counts
from neurodeploy.runtime.outputs import Outputs
from neurodeploy.runtime.record import LayerSpikes


def pair_view(first: Named, second: Named, labels: Sequence[int | str | None]) -> PairView:
    """Two runs over the common recordings; see `PairView`.

    Args:
        first: name of a run, and its common recordings.
        second: of the other one.
        labels: of the recordings.
    """
    (name, left), (other_name, right) = first, second
    pairing = Pairing.of(left.predictions, right.predictions, labels)
    changed = tuple(
        {"file": left.keys[i][0], "label": labels[i], "predictions": [left.predictions[i], right.predictions[i]]}
        for i in pairing.changed
    )
    return _with_raster(PairView((name, other_name), pairing, changed, _outputs_alike(left, right)), left, right)


def _outputs_alike(first: Chosen, second: Chosen) -> LayerAgreement | None:
    """Equal output spikes of all common recordings."""
    if first.outputs is None or second.outputs is None:
        return None
    steps = max(int(first.outputs.steps.max()), int(second.outputs.steps.max()))
    width = max(first.outputs.neurons, second.outputs.neurons)
    places = [_places(each.outputs, steps, width) for each in (first, second) if each.outputs]
    both = np.sort(np.concatenate(places), kind="stable")  # of two sorted parts, merged in one go
    equal = int((both[1:] == both[:-1]).sum())
    return LayerAgreement(first.record.run["populations"][-1]["name"], len(places[0]), len(places[1]), equal)


def _places(outputs: Outputs, steps: int, width: int) -> IntArray:
    """One ascending number per spike, none twice."""
    result: IntArray = (outputs.recording * steps + outputs.step) * width + outputs.neuron
    return result


def _with_raster(view: PairView, first: Chosen, second: Chosen) -> PairView:
    """With equal spikes by layer where both records hold those of the same recording and the same populations."""
    one, other = first.record.raster, second.record.raster
    if one is None or other is None or one.file != other.file or (one.file, 0) not in first.keys:
        return view
    layers, others = one.populations[1:], other.populations[1:]
    names = [layer.name for layer in layers]
    if names != [layer.name for layer in others]:
        return view
    apart = first_apart(layers, others)
    difference: dict[str, Any] | None = apart and {
        "recording": one.file,
        "population": names[apart[1]],
        "neuron": apart[2],
        "step": apart[0],
        "variable": "spikes",
        "values": [_value(run[apart[1]], apart[0], apart[2]) for run in (layers, others)],
        "likely_cause": None,
    }
    counted = agreements(names, spike_counts(layers, others))
    return replace(view, layers=counted, layers_of=one.file, first_difference=difference)


def _value(spikes: LayerSpikes, step: int, neuron: int) -> int:
    """What a neuron sent in a step, 0 where it was silent."""
    at = (spikes.step == step) & (spikes.neuron == neuron)
    return int(at.sum() if spikes.payload is None else spikes.payload[at].sum())
