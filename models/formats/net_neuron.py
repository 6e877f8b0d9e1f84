"""The neuron group of a `.net` layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.net_fields import Fields
from neurodeploy.network import Alif, CubaLif, Delta, Neuron, ResonateFire, Shape, Sigma, SigmaDelta

#: What lava-dl sends in a graded message unless told otherwise.
MESSAGE_BITS = 16
MAX_THRESHOLD = 2**17 - 1
_KNOWN = "CUBA, LOIHI, ALIF, SDNN, RF_PHASE, RF_IZHIKEVICH"
_GRADED = "asks for graded spikes, which are read for SDNN neurons only"
_SCALED = "says that training scaled the weights by a power of two that the file's weights do not hold"

#: An `Affine` layer stores no neuron: netx sums up its current in u, v shows the sum, and nothing is reset. The chip
#: has no threshold that v cannot reach: it spikes in the last 63 of v's 2^23 values, which resets v alone.
ACCUMULATOR = CubaLif(current_decay=0, voltage_decay=4096, threshold_mantissa=MAX_THRESHOLD)
#: What `Affine` exports for "never"; the chip's thresholds have 17 bits.
NEVER = 2**18 - 1


@dataclass(frozen=True)
class NeuronReading:
    """A neuron as the file has it.

    Attributes:
        neuron: the model.
        weight_exponent: of every projection into it.
        note: what the user should know of it, "" for nothing.
    """

    neuron: Neuron
    weight_exponent: int = 0
    note: str = ""


def read_neuron(fields: Fields, shape: Shape, is_input: bool = False) -> NeuronReading:
    """The neuron of a layer.

    Args:
        fields: of the group `neuron`.
        shape: of the layer, for values per channel.
        is_input: whether it is the input layer's: a sigma-delta neuron only encodes there.

    Raises:
        FormatError: an unknown type, a value that is there and cannot be honoured, or one that nothing is known of.
    """
    kind = fields.text("type")
    readers = {"LOIHI": _loihi, "CUBA": _cuba, "ALIF": _alif, "RF_PHASE": _resonate, "RF_IZHIKEVICH": _resonate}
    fields.only("weight_exp", 0, _SCALED)
    if kind == "SDNN":
        reading = NeuronReading(_sigma_delta(fields, shape, is_input))
    elif kind in readers:
        fields.only("messageBits", 0, _GRADED)
        fields.only("gradedSpike", 0, _GRADED)
        reading = readers[kind](fields, shape)
    else:
        raise FormatError(fields.place("type"), f"{kind[:40]!r} is no neuron that is read here", f"known are {_KNOWN}")
    fields.finish()
    return reading


def _cuba(fields: Fields, shape: Shape) -> NeuronReading:
    threshold, note = fields.per_neuron("vThMant", shape), ""
    if np.array_equal(threshold, NEVER):
        threshold = MAX_THRESHOLD
        note = f"vThMant {NEVER} stands for never: the chip's highest, {MAX_THRESHOLD}, is taken"
    neuron = CubaLif(
        fields.per_neuron("iDecay", shape),
        fields.per_neuron("vDecay", shape),
        threshold,
        fields.per_neuron("refDelay", shape, 1),
    )
    return NeuronReading(neuron, fields.integer("wgtExp", 0), note)


def _loihi(fields: Fields, shape: Shape) -> NeuronReading:
    """slayerPytorch's names; the others shape the gradient, and theta is not kept up when vThMant is changed."""
    fields.unused("theta", "tauRho", "scaleRho")
    return _cuba(fields, shape)


def _alif(fields: Fields, shape: Shape) -> NeuronReading:
    fields.only("refDelay", 1, "holds the neuron, and ALIF neurons are never held")
    names = ("iDecay", "vDecay", "vThMant", "thDecay", "refDecay", "vThStep")
    return NeuronReading(Alif(*(fields.per_neuron(name, shape) for name in names)), fields.integer("wgtExp", 0))


def _resonate(fields: Fields, shape: Shape) -> NeuronReading:
    """The stored integers as they are; netx takes them through floats and loses the last bit of some."""
    sine, cosine, threshold = (fields.per_neuron(name, shape) for name in ("sinDecay", "cosDecay", "vThMant"))
    return NeuronReading(ResonateFire(sine, cosine, threshold, fields.text("type") == "RF_IZHIKEVICH"))


def _sigma_delta(fields: Fields, shape: Shape, is_input: bool) -> Neuron:
    fields.only("messageBits", MESSAGE_BITS, f"is another width of messages than {MESSAGE_BITS} bits")
    fields.unused("gradedSpike")  # its spikes are always graded
    threshold = (
        fields.per_neuron("vThMant", shape, 0) if "sigma_output" in fields else fields.per_neuron("vThMant", shape)
    )
    activation = fields.text("activation").lower() if "activation" in fields else "relu"
    if "sigma_output" in fields and fields.integer("sigma_output"):
        if is_input:
            raise FormatError(fields.place("sigma_output"), "makes a read-out of the input", "correct the export")
        return Sigma()
    if is_input:
        return Delta(threshold)
    return SigmaDelta(threshold, activation=activation)
