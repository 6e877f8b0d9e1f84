"""How often the neurons of a program fire, measured on recordings for the compiler."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neurodeploy.compiler.flows import Rates
from neurodeploy.compiler.program import Program
from neurodeploy.errors import DataError
from neurodeploy.runtime.session import Input, Session


def measured_rates(
    program: Program, data: Sequence[Input], progress: Callable[[str], None] = lambda text: None
) -> Rates:
    """Run every recording once on the emulator and count each neuron's spikes.

    Args:
        program: any mapping of the network.
        data: the recordings.
        progress: called with a text before each is run.

    Raises:
        DataError: no neuron on a core fires; and what `Session.run` raises.
    """
    session = Session(program)
    sizes = [p.neurons for p in program.network.populations]
    spikes, steps = np.zeros(sum(sizes), np.int64), 0
    for number, item in enumerate(data, 1):
        progress(f"calibrate, recording {number} of {len(data)}")
        run = session.run(item)
        steps += run.steps
        counts = [np.bincount(s.neuron, minlength=size) for s, size in zip(run.spikes, sizes, strict=True)]
        spikes += np.concatenate(counts)
    if not spikes[sizes[0] :].any():
        raise DataError("calibration", "no neuron fires in these recordings", "give recordings like those to be run")
    return Rates(spikes, steps, len(data))
