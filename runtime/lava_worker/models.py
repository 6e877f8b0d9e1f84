"""Lava's own fixed-point models, overheard: they take input from a pipe, write down what they did, and start from
zero with each recording. Every sum, decay, threshold and delay is computed by the Lava class underneath.
"""

from __future__ import annotations

from typing import Any

from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.proc.conv.models import PyConvModelFixed
from lava.proc.conv.process import Conv
from lava.proc.dense.models import PyDelayDenseModelBitAcc, PyDenseModelBitAcc
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.source import PySendModelFixed, RingBuffer
from lava.proc.lif.models import PyLifModelBitAcc, PyLifResetModelBitAcc
from lava.proc.lif.process import LIF, LIFReset
from lava.proc.sparse.models import PyDelaySparseModelBitAcc, PySparseModelBitAcc
from lava.proc.sparse.process import DelaySparse, Sparse

from .memory import Clock, Feed, Trace


class _Recorded(PyLoihiProcessModel):
    """A neuron model that starts each recording from zero and writes down u, v and spikes."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._clock: Clock = proc_params["clock"]
        self._trace: Trace = proc_params["trace"]

    def spiking_activation(self) -> Any:
        self._fired = super().spiking_activation()
        return self._fired

    def run_spk(self) -> None:
        step = self._clock.step(self.time_step)
        if step == 0:
            self.u[:] = 0
            self.v[:] = 0
        super().run_spk()
        row = self._clock.row(step)
        if row is not None:
            self._trace.u[row], self._trace.v[row], self._trace.spikes[row] = self.u, self.v, self._fired
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
    Dense: RestartedDense,
    DelayDense: RestartedDelayDense,
    Sparse: RestartedSparse,
    DelaySparse: RestartedDelaySparse,
    Conv: RestartedConv,
}
