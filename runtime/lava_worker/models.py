"""Lava's own fixed-point models, overheard: they take input from a pipe, write down what they did, and start from
zero with each recording. Every sum, decay, threshold and delay is computed by the Lava class underneath.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.proc.atrlif.models import PyATRLIFModelFixed
from lava.proc.atrlif.process import ATRLIF
from lava.proc.conv.models import PyConvModelFixed
from lava.proc.conv.process import Conv
from lava.proc.dense.models import PyDelayDenseModelBitAcc, PyDenseModelBitAcc
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.source import PySendModelFixed, RingBuffer
from lava.proc.lif.models import PyLifModelBitAcc, PyLifResetModelBitAcc
from lava.proc.lif.process import LIF, LIFReset
from lava.proc.rf.models import PyRFModelFixed
from lava.proc.rf.process import RF
from lava.proc.rf_iz.models import PyRF_IZModelFixed
from lava.proc.rf_iz.process import RF_IZ
from lava.proc.sdn.models import PyDeltaModelFixed, PySigmaDeltaModelFixed, PySigmaModelFixed
from lava.proc.sdn.process import Delta, Sigma, SigmaDelta
from lava.proc.sparse.models import PyDelaySparseModelBitAcc, PySparseModelBitAcc
from lava.proc.sparse.process import DelaySparse, Sparse

from .memory import Clock, Feed, Trace


class _Overheard:
    """An output port whose messages are kept."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def send(self, message: Any) -> None:
        """Keep it and send it."""
        self.message = message
        self._port.send(message)


class _Recorded(PyLoihiProcessModel):
    """A neuron model that starts each recording from zero and writes down two states and the messages it sends.

    Parameters that Lava documents as one for the population are set to one per neuron when it first runs.
    """

    #: Names of the states: those written down as u and v, then the others.
    STATES: ClassVar[tuple[str, ...]] = ("u", "v")
    s_out: Any

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._clock: Clock = proc_params["clock"]
        self._trace: Trace = proc_params["trace"]
        self._settings: dict[str, Any] = proc_params.get("settings", {})
        self._heard: Any = None

    def begin(self) -> None:
        """Zero state."""
        for name in self.STATES:
            setattr(self, name, np.zeros_like(getattr(self, name)))

    def run_spk(self) -> None:
        """Lava's own step between ours."""
        if self._heard is None:
            self._heard = self.s_out = _Overheard(self.s_out)
            for name, value in self._settings.items():
                setattr(self, name, value)
        step = self._clock.step(self.time_step)
        if step == 0:
            self.begin()
        super().run_spk()
        row = self._clock.row(step)
        if row is not None:
            self._trace.u[row], self._trace.v[row] = (getattr(self, name) for name in self.STATES[:2])
            self._trace.spikes[row] = self._heard.message
            self._clock.finished(step)


class _Restarted(PyLoihiProcessModel):
    """A synapse model that starts each recording without spikes under way."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._clock: Clock = proc_params["clock"]
        self._first: int = proc_params["first"]

    def run_spk(self) -> None:
        if self._clock.step(self.time_step) == self._first:
            buffer = self.a_buf if isinstance(self, PyConvModelFixed) else self.a_buff
            buffer[...] = 0
        super().run_spk()


class FedSource(PySendModelFixed):
    """A source that waits for its frames."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._feed: Feed = proc_params["feed"]
        self._silent = self._left = self._row = 0

    def run_spk(self) -> None:
        """Send the next frame."""
        while not self._silent and not self._left:
            self._silent, self._left = self._feed.take()
            self._row = 0
        if self._silent:
            self._silent -= 1
            self.data[...] = 0
        else:
            self.data[..., 0] = self._feed.frames[self._row]
            self._row += 1
            self._left -= 1
        super().run_spk()


class RecordedLif(_Recorded, PyLifModelBitAcc):
    """Lava's LIF, recorded."""


class RecordedLifReset(_Recorded, PyLifResetModelBitAcc):
    """Lava's LIF with periodic reset, recorded."""


class RecordedAtrlif(_Recorded, PyATRLIFModelFixed):
    """Lava's neuron with adaptive threshold, recorded."""

    STATES = ("i", "v", "r")
    theta: Any

    def begin(self) -> None:
        """Zero state, the threshold at rest."""
        super().begin()
        self.theta = np.zeros_like(self.theta) + self.theta_0


class RecordedSigmaDelta(_Recorded, PySigmaDeltaModelFixed):
    """Lava's sigma-delta neuron, recorded."""

    STATES = ("sigma", "act", "residue", "error")


class RecordedDelta(_Recorded, PyDeltaModelFixed):
    """Lava's delta encoder, recorded."""

    STATES = ("residue", "act", "error")


class RecordedSigma(_Recorded, PySigmaModelFixed):
    """Lava's sigma decoder, recorded."""

    STATES = ("sigma", "sigma")


class RecordedResonateFire(_Recorded, PyRFModelFixed):
    """Lava's resonate-and-fire neuron, recorded."""

    STATES = ("real", "imag")


class RecordedResonateFireIzhikevich(_Recorded, PyRF_IZModelFixed):
    """Lava's resonate-and-fire neuron with Izhikevich's spikes, recorded."""

    STATES = ("real", "imag")


class RestartedDense(_Restarted, PyDenseModelBitAcc):
    """Lava's dense synapses."""


class RestartedDelayDense(_Restarted, PyDelayDenseModelBitAcc):
    """Lava's dense synapses with delays."""


class RestartedSparse(_Restarted, PySparseModelBitAcc):
    """Lava's sparse synapses."""


class RestartedDelaySparse(_Restarted, PyDelaySparseModelBitAcc):
    """Lava's sparse synapses with delays."""


class RestartedConv(_Restarted, PyConvModelFixed):
    """Lava's convolution."""


#: The model of every process of a program.
MODELS = {
    RingBuffer: FedSource,
    LIF: RecordedLif,
    LIFReset: RecordedLifReset,
    ATRLIF: RecordedAtrlif,
    SigmaDelta: RecordedSigmaDelta,
    Delta: RecordedDelta,
    Sigma: RecordedSigma,
    RF: RecordedResonateFire,
    RF_IZ: RecordedResonateFireIzhikevich,
    Dense: RestartedDense,
    DelayDense: RestartedDelayDense,
    Sparse: RestartedSparse,
    DelaySparse: RestartedDelaySparse,
    Conv: RestartedConv,
}
