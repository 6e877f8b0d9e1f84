"""What every emulator asks of the stretch of steps it is given, before it changes any state."""

from __future__ import annotations

from neurodeploy.errors import DataError
from neurodeploy.network import Network
from neurodeploy.spikes.events import Events


def check_stretch(network: Network, events: Events, first: int, end: int) -> None:
    """Whether `events` can drive steps `first` … `end` − 1 of a network.

    Raises:
        DataError: a negative number of steps, events outside these steps or the input, events for an input with
            neurons of its own, or a bias given per step with fewer than `end` rows.
    """
    if end < first:
        raise DataError("steps", f"{end - first} is less than 0", "run at least 0 steps")
    if len(events) and (events.step[0] < first or events.step[-1] >= end):
        raise DataError("events", f"lie outside steps {first} … {end - 1}", "give the events of this stretch")
    if len(events) and network.input.neuron is not None:
        raise DataError(network.input.name, "has neurons of its own and takes no events", "drive it by its bias")
    events.check(network.input.neurons)
    for population in network.populations:
        rows = population.bias.steps if population.bias else None
        if rows is not None and rows < end:
            raise DataError(f"{population.name} bias", f"has {rows} rows for {end} steps", f"run at most {rows} steps")
