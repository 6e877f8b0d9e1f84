"""`neurodeploy target`: the chips and their limits."""

from __future__ import annotations

from typing import Any

import click

from neurodeploy.cli.verb import Console, table, verb


@click.group(name="target")
def command() -> None:
    """List the chips, or show the limits of one."""


@verb(name="list")
def listed(console: Console) -> None:
    """List the targets that come with the package."""
    from neurodeploy.compiler.target import known_targets, load_target

    targets = [load_target(name) for name in known_targets()]
    rows = [{"name": t.name, "description": t.description, "chips": t.chips, "cores": t.total_cores} for t in targets]
    console.result(
        {"schema": "neurodeploy.targets/1", "targets": rows},
        lambda: table(list(rows[0]), [list(r.values()) for r in rows]),
    )
    console.next_step("neurodeploy target show loihi1")


@verb(name="show")
@click.argument("name")
def shown(console: Console, name: str) -> None:
    """Show every limit of the target NAME, a packaged one or a .toml file."""
    from neurodeploy.compiler.target import load_target

    data = load_target(name).as_dict()
    console.result({"schema": "neurodeploy.target/1"} | data, lambda: table(["limit", "value"], _rows(data)))
    console.next_step(f"neurodeploy compile NETWORK --target {name}")


def _rows(data: dict[str, Any], prefix: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for key, value in data.items():
        if isinstance(value, dict):
            rows += _rows(value, f"{key}.")
        else:
            between = " x " if key == "mesh" else " … "  # sizes; all else in pairs is a range
            text = between.join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
            rows.append((prefix + key, text))
    return rows


command.add_command(listed)
command.add_command(shown)
