"""`neurodeploy doctor`: what is installed, and what each missing piece costs."""

from __future__ import annotations

from neurodeploy.cli.verb import Console, table, verb


@verb(name="doctor")
def command(console: Console) -> None:
    """Tell what is installed and what each missing piece costs."""
    from neurodeploy.installation import examine

    with console.progress("looking", None):
        pieces = examine()
    missing = [p for p in pieces if not p["works"] and not p["optional"]]
    rows = [
        (
            p["piece"],
            p["version"] or ("yes" if p["works"] else "missing"),
            p["needed_for"],
            "" if p["works"] else p["remedy"],
        )
        for p in pieces
    ]
    verdict = (
        "everything is there" if not missing else f"{len(missing)} missing: {', '.join(p['piece'] for p in missing)}"
    )
    answer = {"schema": "neurodeploy.doctor/1", "pieces": pieces, "complete": not missing}
    console.result(
        answer, lambda: table(["piece", "version", "needed for", "if it is missing"], rows) + f"\n\n{verdict}"
    )
    console.next_step("neurodeploy demo" if not missing else missing[0]["remedy"])
