"""A network as Lava processes, and their run.

Populations are flat (neurons numbered C,H,W); only a convolution sees planes, in Lava's axes (H, W, C).
"""

from __future__ import annotations

import multiprocessing
from math import lcm
from typing import Any

import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.conv.process import Conv
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.io.source import RingBuffer
from lava.proc.sparse.process import DelaySparse, Sparse
from lava.utils.weightutils import SignMode
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from .memory import Clock, Feed, Trace
from .models import MODELS
from .neurons import neurons

#: Lava runs until it is stopped; its counter of steps has 32 bits.
ENDLESS = 2**31 - 1
#: Bits of a graded spike; the source always sends such, so that an input may be graded.
_MESSAGE_BITS = 24

Arrays = dict[str, NDArray[Any]]
Frames = dict[int, tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]


class LavaProgram:
    """Populations and projections as Lava processes, running in step with the client.

    Args:
        job: `{"populations": [...], "projections": [...]}` as `runtime.lava_job` writes it.
        arrays: the weights that it names.
    """

    def __init__(self, job: dict[str, Any], arrays: Arrays) -> None:
        self._clock = Clock()
        self._step = 0
        self._forked: list[multiprocessing.process.BaseProcess] = []
        self._lava_step = 1  # the source waits in Lava's first step
        self._feeds: dict[int, Feed] = {}
        self.traces: dict[int, Trace] = {}
        self._processes = [self._population(i, p, arrays) for i, p in enumerate(job["populations"])]
        self._period = lcm(*(p["reset"][0] for p in job["populations"] if p["reset"]))
        for projection in job["projections"]:
            self._connect(projection, job["populations"], arrays)
        if job["tied"]:
            self._tie(job["tied"])

    def start(self) -> None:
        """Compile, fork a process for each Lava process, and begin to run."""
        run = Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map=MODELS)
        self._processes[0].run(RunSteps(num_steps=ENDLESS, blocking=False), run_cfg=run)
        self._forked = multiprocessing.active_children()

    def restart(self) -> None:
        """Begin a recording: one silent step, more where periodic resets have to fall on the same steps again."""
        silent = 1 + (1 - self._lava_step) % self._period
        self._release(silent, 0)
        self._lava_step += silent
        self._step = 0
        self._clock.begin(self._lava_step)

    def advance(self, steps: int, frames: Frames) -> None:
        """Run so many steps, at most CHUNK_STEPS; the traces then hold them.

        Args:
            steps: how many.
            frames: by population, what its source sends: row, neuron, payload, each (spikes,).
        """
        self._fill(steps, frames)
        self._clock.stretch(self._step, self._step + steps)
        self._release(0, steps)
        self._finish(steps)

    def _fill(self, steps: int, frames: Frames) -> None:
        for i, feed in self._feeds.items():
            feed.frames[:steps] = 0
            if i in frames:
                row, neuron, payload = frames[i]
                np.add.at(feed.frames, (row, neuron), payload)

    def _finish(self, steps: int) -> None:
        """Wait until every population has done the stretch."""
        self._clock.wait(len(self.traces), self._check_processes)
        self._step += steps
        self._lava_step += steps

    def _check_processes(self) -> None:
        """Whether Lava's processes all live; an exception ends one, a kill leaves the others waiting for ever."""
        for child in self._forked:
            if child.exitcode is not None:
                raise RuntimeError(f"Lava's process {child.name} ended with exit code {child.exitcode}")

    def _release(self, silent: int, steps: int) -> None:
        for feed in self._feeds.values():
            feed.release(silent, steps)

    def _population(self, i: int, p: dict[str, Any], arrays: Arrays) -> Any:
        if p["neuron"] is None:
            self._feeds[i] = Feed(p["neurons"])
            return _source(self._feeds[i])
        self.traces[i] = Trace(p["neurons"])
        own = f"{i}."
        given = {name[len(own) :]: values for name, values in arrays.items() if name.startswith(own)}
        process, settings = neurons(p, given)
        return self._neurons(i, _knowing(process, settings=settings))

    def _neurons(self, i: int, process: Any) -> Any:
        """A population's process, its model knowing where to write down what it does."""
        return _knowing(process, clock=self._clock, trace=self.traces[i])

    def _output(self, i: int) -> Any:
        """The port through which a population's spikes reach its synapses."""
        return self._processes[i].s_out

    def _synapses(self, process: Any, first: int) -> Any:
        """A projection's process, its model knowing in which of our steps it starts a recording."""
        return _knowing(process, clock=self._clock, first=first)

    def _connect(self, projection: dict[str, Any], populations: list[dict[str, Any]], arrays: Arrays) -> None:
        source, target = projection["source"], projection["target"]
        out, into = self._output(source), _input(self._processes[target], projection["imaginary"])
        graded = _MESSAGE_BITS if source in self._feeds or populations[source].get("graded") else 0
        if projection["kind"] == "conv":
            shape = tuple(populations[source]["shape"])
            process = _convolution(projection, arrays[projection["weight"]], shape, graded)
            out = out.reshape(shape).transpose((1, 2, 0))
            added = process.a_out.transpose((2, 0, 1)).reshape((populations[target]["neurons"],))
        else:
            process = _matrix(projection, arrays, graded)
            added = process.a_out
        self._synapses(process, -1 if source in self._feeds else 0)
        out.connect(process.s_in)
        added.connect(into)

    def _tie(self, populations: list[int]) -> None:
        """One more source, whose zeros reach these populations: it sets the pace and makes disjoint networks one."""
        self._feeds[-1] = Feed(1)
        pace = _source(self._feeds[-1])
        for i in populations:
            process = Dense(weights=np.zeros((self._processes[i].proc_params["shape"][0], 1), np.int32))
            self._synapses(process, -1)
            pace.s_out.connect(process.s_in)
            process.a_out.connect(_input(self._processes[i], imaginary=False))


def _source(feed: Feed) -> Any:
    return _knowing(RingBuffer(data=np.zeros((feed.frames.shape[1], 1), np.int32)), feed=feed)


def _knowing(process: Any, **parameters: Any) -> Any:
    """The process, its model being handed these parameters too."""
    for name, value in parameters.items():
        process.proc_params[name] = value
    return process


def _input(process: Any, imaginary: bool) -> Any:
    """The port of a neuron process that synapses drive."""
    if not hasattr(process, "a_real_in"):
        return process.a_in
    return process.a_imag_in if imaginary else process.a_real_in


def _convolution(projection: dict[str, Any], weight: NDArray[Any], source: tuple[int, ...], graded: int) -> Any:
    """Lava's is a true convolution in the axes (out, H, W, in): both kernel axes are flipped."""
    return Conv(
        weight=np.ascontiguousarray(weight.transpose((0, 2, 3, 1))[:, ::-1, ::-1]).astype(np.int32),
        input_shape=(source[1], source[2], source[0]),
        padding=tuple(projection["padding"]),
        stride=tuple(projection["stride"]),
        dilation=tuple(projection["dilation"]),
        groups=projection["groups"],
        num_message_bits=graded,
    )


def _matrix(projection: dict[str, Any], arrays: Arrays, graded: int) -> Any:
    """Dense or sparse synapses, with delays where there are any."""
    settings = {
        "weight_exp": projection["exponent"],
        "num_weight_bits": projection["bits"],
        "sign_mode": SignMode(projection["sign_mode"]),
        "num_message_bits": graded,
    }
    weight = arrays[projection["weight"]].astype(np.int32)
    delay = arrays[projection["delay"]].astype(int) if projection["delay"] else None
    if projection["kind"] == "dense":
        if delay is None:
            return Dense(weights=weight, **settings)
        return DelayDense(weights=weight, delays=np.tile(delay, (len(weight), 1)), **settings)
    row, column = arrays[projection["target_of"]], arrays[projection["source_of"]]
    size = tuple(projection["size"])
    matrix = csr_matrix((weight, (row, column)), size)
    if delay is None:
        return Sparse(weights=matrix, **settings)
    return DelaySparse(weights=matrix, delays=csr_matrix((delay[column], (row, column)), size), **settings)
