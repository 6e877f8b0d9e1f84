"""Several networks through one live Lava program."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurodeploy.emulator.simulation import Chunk
from neurodeploy.network import Network
from neurodeploy.runtime.lava import LavaGroup
from neurodeploy.runtime.lava_client import LavaWorker, worker_command
from neurodeploy.runtime.lava_environment import Environment
from neurodeploy.runtime.lava_job import check_network, job
from neurodeploy.spikes.events import Events

#: Seconds that an answer may take.
SECONDS = 300


def run_on_lava(
    environment: Environment, networks: Sequence[Network], events: Sequence[Events], steps: int
) -> list[Chunk]:
    """What each network does with its events, u and v of every population included; all run for so many steps."""
    for network in networks:
        check_network(network)
    worker = LavaWorker(worker_command(environment.python), SECONDS)
    worker.ask(*job(networks))
    states = [range(len(network.populations)) for network in networks]
    chunks = LavaGroup(networks, worker).advance(events, steps, states)
    worker.close()
    return chunks


def differences(ours: Chunk, theirs: Chunk, i: int, steps: int) -> list[str]:
    """In which of spikes, payloads, u and v population i differs; `theirs` may have run on behind so many steps."""
    inside = theirs.spikes[i].step < steps
    columns = ("step", "neuron", "payloads")
    pairs = {name: (getattr(ours.spikes[i], name), getattr(theirs.spikes[i], name)[inside]) for name in columns}
    pairs |= {name: (getattr(ours.states[i], name), getattr(theirs.states[i], name)[:steps]) for name in "uv"}
    return [name for name, (one, other) in pairs.items() if not np.array_equal(one, other)]
