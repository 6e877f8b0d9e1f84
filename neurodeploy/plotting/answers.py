"""Answers of verbs in a notebook: verifications, comparisons, trainings and sweeps as tables."""

from __future__ import annotations

from functools import singledispatch

from neurodeploy.comparison import Comparison
from neurodeploy.plotting.tables import html_table, percent
from neurodeploy.reporting.sweep_points import Sweep
from neurodeploy.runtime.verification import Verification
from neurodeploy.training_session import Trained


@singledispatch
def table(item: object) -> str:
    """The table of an answer."""
    raise TypeError(f"no table of {type(item).__name__}")


@table.register
def _(item: Verification) -> str:
    first = item.first_difference
    if first is not None:
        where = f"{first.population} neuron {first.neuron}, step {first.step}"
        title = f"different: first {first.variable} of {where}; likely cause {first.likely_cause}"
    elif item.equal:
        title = f"equal: {item.spikes_compared:,} spikes, {item.states_compared:,} states compared"
    else:
        title = "nothing was compared: no population spiked"
    rows = [
        (la["name"], *(la["spikes"][name] for name in item.backends), la["differing"], la["first_step"])
        for la in item.layers
    ]
    return html_table(title, ("spikes of", *item.backends, "differing", "first at step"), rows)


@table.register
def _(item: Comparison) -> str:
    title = f"{item.recordings:,} recordings in {len(item.runs)} runs" if item.recordings else "nothing in common"
    rows = [(r.name, r.backend, r.target, r.cores, r.weight_bits, percent(r.accuracy), r.silent) for r in item.runs]
    return html_table(title, ("run", "backend", "target", "cores", "bits", "accuracy", "silent"), rows)


@table.register
def _(item: Trained) -> str:
    rows = [
        ("checkpoint", str(item.network)),
        ("recordings to train on", f"{item.training:,}"),
        ("recordings to test on", f"{item.test:,}"),
        ("accuracy", percent(item.accuracy)),
        ("loss", None if item.loss is None else f"{item.loss:.4g}"),
        ("time", f"{item.seconds:,.1f} s"),
    ]
    return html_table("training", ("", ""), rows)


@table.register
def _(item: Sweep) -> str:
    rows = [
        (p.target, p.bits, p.cores, percent(p.accuracy) if p.fits else "does not fit", ", ".join(p.front))
        for p in item.points
    ]
    return html_table(
        f"sweep over {item.recordings:,} recordings", ("target", "bits", "cores", "accuracy", "front"), rows
    )
