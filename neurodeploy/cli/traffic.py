"""Packets between cores and the trade between objectives, as `compile` prints them."""

from __future__ import annotations

from typing import Any

from neurodeploy.cli.verb import table


def traffic_text(summary: dict[str, Any]) -> str:
    """What an average step sends over the mesh and, where an objective chose among mappings, all of them."""
    traffic = summary["traffic"]
    links, fired = traffic["links"], traffic["spikes_per_neuron"]
    plural = "s" if traffic["recordings"] > 1 else ""
    source = (
        f"as {traffic['recordings']} recording{plural} show ({fired:.2g} spikes per neuron)"
        if traffic["rates"] == "measured"
        else f"if every neuron fires in {100 * fired:g} % of steps (--calibrate measures it)"
    )
    lines = [
        f"Per step, {source}:",
        f"  {traffic['packets']:,.1f} packets between cores over {traffic['hops']:,.1f} links in all",
        f"  of {links['count']} links the busiest carries {links['max']:,.2f}, half at most {links['p50']:,.2f}, "
        f"nine tenths at most {links['p90']:,.2f}",
    ]
    if traffic["chip_crossings"]:
        lines.append(f"  {traffic['chip_crossings']:,.2f} of those links lie between chips")
    if summary["objective"]["choices"]:
        lines += ["", _trade(summary["objective"])]
    return "\n".join(lines)


def _trade(objective: dict[str, Any]) -> str:
    title = f"Objective {objective['name']}, an average step by the constants of {objective['constants']}:"
    rows = [
        (
            "→" if choice["chosen"] else "",
            choice["cores"],
            f"{choice['packets']:,.0f}",
            f"{choice['hops']:,.0f}",
            f"{choice['busiest_core']['synaptic_ops']:,.0f}",
            f"{choice['nanoseconds'] / 1000:,.2f}",
            f"{choice['picojoules'] / 1000:,.1f}",
        )
        for choice in objective["choices"]
    ]
    return f"{title}\n" + table(["", "cores", "packets", "packets × hops", "busiest core’s synops", "µs", "nJ"], rows)
