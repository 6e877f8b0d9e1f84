"""Prediction: energy and time of a mapped network from counted events and a named set of constants.

`predicted(counts, constants)` is all of it: what was counted comes from the spikes of a recording
(`neurodeploy.runtime.counting`) or from mean rates (`expected_counts`), what an event costs from `load_constants`.
"""

from neurodeploy.compiler.prediction.constants import Constants, known_constants, load_constants
from neurodeploy.compiler.prediction.counts import CoreCounts, Counts, LayerCounts
from neurodeploy.compiler.prediction.predict import LayerEnergy, Prediction, predicted, summed

__all__ = [
    "Constants",
    "CoreCounts",
    "Counts",
    "LayerCounts",
    "LayerEnergy",
    "Prediction",
    "known_constants",
    "load_constants",
    "predicted",
    "summed",
]
