"""The same processes on a chip: Lava's run configuration for Loihi 2 chooses their models, and only spikes are seen.

Lava's configuration for Loihi 2 works only with the vendor's extension. Everything else here, the order of steps, the
biases, the sinks, can be tried without a chip: the simulator's configuration then chooses models for the processor.
"""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2HwCfg, Loihi2SimCfg
from lava.proc.io.sink import PyReceiveModelFixed
from lava.proc.io.sink import RingBuffer as Sink
from lava.proc.io.source import RingBuffer as Source
from lava.utils import loihi, slurm

from .memory import Clock, Trace
from .models import FedSource
from .program import ENDLESS, Arrays, Frames, LavaProgram

#: Bits of the messages between host and chip; as wide as Lava's own networks have them.
_MESSAGE_BITS = 24
#: Lava's steps before the neurons do our step 0: the source is silent in the first and sends step 0 in the second.
_SETTLING = 2


class BoardProgram(LavaProgram):
    """Populations and projections on a chip, for one recording.

    Args:
        job: see `LavaProgram`, and `"board": {"name", "partition", "adapters"}`; without adapters
            the processes are joined directly and run by Lava's models for the processor.
        arrays: see `LavaProgram`.
    """

    def __init__(self, job: dict[str, Any], arrays: Arrays) -> None:
        self._board = job["board"]
        self._biased: list[tuple[Any, Any]] = []
        self._sinks: list[Any] = []
        self._begun = False
        if self._board["adapters"] and shutil.which("sinfo") and slurm.is_available():
            loihi.use_slurm_host(partition=self._board["partition"], board=self._board["name"])
        super().__init__(job, arrays)

    def start(self) -> None:
        """Nothing: the chip is loaded when the first input is known."""

    def restart(self) -> None:
        """Begin the one recording."""
        if self._begun:
            raise RuntimeError("a board program runs one recording")
        self._lava_step = _SETTLING
        self._clock.begin(_SETTLING)

    def advance(self, steps: int, frames: Frames) -> None:
        """See `LavaProgram.advance`."""
        if self._begun:
            super().advance(steps, frames)
            return
        self._begun = True
        self._fill(steps, frames)
        self._clock.stretch(0, steps)
        self._release(1, steps)
        self._settle()
        self._finish(steps)

    def _settle(self) -> None:
        """Run the steps before step 0 without any bias, set the biases, and run on."""
        first = self._processes[0]
        chosen = {Source: FedSource, Sink: RecordedSink}
        if self._board["adapters"]:
            config = Loihi2HwCfg(exception_proc_model_map=chosen)
        else:
            config = Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map=chosen)
        first.run(RunSteps(num_steps=_SETTLING), run_cfg=config)
        for process, bias in self._biased:
            process.bias_mant.set(bias)
        first.run(RunSteps(num_steps=ENDLESS, blocking=False))

    def _neurons(self, i: int, process: Any) -> Any:
        bias = np.broadcast_to(process.bias_mant.init, process.bias_mant.shape).astype(np.int32)
        if bias.any():
            process.bias_mant.init = np.zeros_like(bias)
            self._biased.append((process, bias))
        sink = Sink(shape=process.s_out.shape, buffer=1)
        sink.proc_params["clock"] = self._clock
        sink.proc_params["trace"] = self.traces[i]
        self._to_host(process).connect(sink.a_in)
        self._sinks.append(sink)
        return process

    def _output(self, i: int) -> Any:
        port = super()._output(i)
        if i not in self._feeds or not self._board["adapters"]:
            return port
        from lava.proc import embedded_io

        adapter = embedded_io.spike.PyToNxAdapter(shape=port.shape, num_message_bits=_MESSAGE_BITS)
        port.connect(adapter.inp)
        return adapter.out

    def _to_host(self, process: Any) -> Any:
        if not self._board["adapters"]:
            return process.s_out
        from lava.proc import embedded_io

        adapter = embedded_io.spike.NxToPyAdapter(shape=process.s_out.shape, num_message_bits=0)
        process.s_out.connect(adapter.inp)
        return adapter.out

    def _synapses(self, process: Any, first: int) -> Any:
        return process


class RecordedSink(PyReceiveModelFixed):
    """A sink on the host that writes down which neurons spiked."""

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self._clock: Clock = proc_params["clock"]
        self._trace: Trace = proc_params["trace"]

    def run_spk(self) -> None:
        """Receive the spikes of a step."""
        super().run_spk()
        step = self._clock.step(self.time_step)
        row = self._clock.row(step)
        if row is not None:
            self._trace.spikes[row] = self.data[..., 0] != 0
            self._clock.finished(step)
