"""Candidates of quantization run on calibration recordings, beside the network they came from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler.flat import flat_program
from neurodeploy.compiler.quantization.scores import Scores
from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.emulator.simulation import Chunk, Options, Spikes
from neurodeploy.errors import DataError, MissingPackageError, OptionError, QuantizationError
from neurodeploy.network import Network
from neurodeploy.precision import IntArray
from neurodeploy.runtime.abreast import run_abreast
from neurodeploy.runtime.backend import Backend, ParallelBackend, open_backend
from neurodeploy.runtime.run import RunOptions, default_steps
from neurodeploy.runtime.session import Input, stimulus
from neurodeploy.spikes.events import Events


@dataclass(frozen=True, eq=False)
class _Fired:
    """What one recording made a network do.

    Attributes:
        spikes: step · neurons + neuron of every spike of each population behind the input, ascending.
        counts: spikes of every output neuron.
    """

    spikes: list[IntArray]
    counts: IntArray


class Scorer:
    """Scores candidates on recordings; an `Evaluate`.

    What they are measured against is the network before quantization: on the emulator if 8 bits hold its weights
    exactly; else in backend torch; else, where torch is missing or knows no such neurons, the network at 8 bits with
    an exponent for each group of output channels.

    Args:
        network: before quantization.
        data: the recordings.
        progress: called with a text before recordings of the reference are run.

    Raises:
        DataError: no recordings, or ones in which the network stays silent; and what `stimulus` raises.
        FormatError: a file that cannot be read.
    """

    def __init__(
        self, network: Network, data: Sequence[Input], progress: Callable[[str], None] = lambda text: None
    ) -> None:
        self._recordings = list(_recordings(network, data))
        if not self._recordings:
            raise DataError("calibration", "has no recordings", "give at least one")
        self.reference, backend = _reference(network)
        self._wanted = _all_fired(network, backend, self._recordings, partial(_told, progress, self.reference))
        if not any(len(spikes) for fired in self._wanted for spikes in fired.spikes):
            raise DataError(
                "calibration", "no neuron fires in these recordings", "give recordings like those to be run"
            )
        self._names = [p.name for p in network.populations[1:]]

    def __call__(self, candidate: Network) -> Scores:
        """How far a quantized network is from the reference."""
        found = _all_fired(candidate, open_backend("emulator", flat_program(candidate)), self._recordings)
        pairs = list(zip(self._wanted, found, strict=True))
        populations = {
            name: _share(
                sum(len(np.setxor1d(w.spikes[i], f.spikes[i], assume_unique=True)) for w, f in pairs),
                sum(len(w.spikes[i]) + len(f.spikes[i]) for w, f in pairs),
            )
            for i, name in enumerate(self._names)
        }
        apart = sum(int(np.abs(w.counts - f.counts).sum()) for w, f in pairs)
        return Scores(populations, _share(apart, sum(int((w.counts + f.counts).sum()) for w, f in pairs)))


def _recordings(network: Network, data: Sequence[Input]) -> list[tuple[Events, int]]:
    """Events and length of every recording."""
    found = []
    for item in data:
        given = stimulus(item, network, RunOptions().binning)
        steps = default_steps(network, given.events, RunOptions(steps=given.steps))
        found.append((given.events.within(steps)[0], steps))
    return found


def _reference(network: Network) -> tuple[str, Backend]:
    """What candidates are measured against, with its name."""
    program = flat_program(quantize(network, QuantizeOptions(8, per_channel=True))[0])
    try:
        exact, errors = quantize(network)
    except QuantizationError:
        lost = True
    else:
        lost = any(error.changed for error in errors)
        program = program if lost else flat_program(exact)
    if lost:
        try:
            return "torch", open_backend("torch", replace(program, source=network), Options())
        except (MissingPackageError, OptionError):
            pass
    return "emulator", open_backend("emulator", program)


def _told(progress: Callable[[str], None], name: str, done: int, recordings: int) -> None:
    progress(f"{name}, {done} of {recordings} recordings")


def _all_fired(
    network: Network,
    backend: Backend,
    recordings: Sequence[tuple[Events, int]],
    progress: Callable[[int, int], None] = lambda done, recordings: None,
) -> list[_Fired]:
    """What all recordings make a network do, as many at a time as the backend likes; tells how many are done."""
    if not isinstance(backend, ParallelBackend):
        found = []
        for done, recording in enumerate(recordings):
            progress(done, len(recordings))
            found.append(_fired(network, backend.simulation().advance(*recording)))
        return found
    found = []
    for low in range(0, len(recordings), backend.most_lanes):
        progress(low, len(recordings))
        replays = run_abreast(backend, recordings[low : low + backend.most_lanes])
        found += [_fired(network, replay.whole) for replay in replays]
    return found


def _fired(network: Network, chunk: Chunk) -> _Fired:
    spikes = [_numbered(s, p.neurons) for s, p in zip(chunk.spikes[1:], network.populations[1:], strict=True)]
    counts = np.bincount(chunk.spikes[-1].neuron, minlength=network.output.neurons)
    return _Fired(spikes, counts)


def _numbered(spikes: Spikes, neurons: int) -> IntArray:
    number: NDArray[np.int64] = spikes.step * neurons + spikes.neuron
    return number


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
