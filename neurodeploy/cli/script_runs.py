"""Scripts of the commands that run programs, and show what came of it."""

from __future__ import annotations

from neurodeploy.cli.script import Code, Script, literal
from neurodeploy.cli.script_parts import Given, load, names_in, output_of, overwriting, taken, written
from neurodeploy.errors import OptionError


def run_script(given: Given) -> Script:
    """`run` in Python.

    Raises:
        OptionError: options of streams, which are another function's.
    """
    for name in ("stream", "window", "snapshot", "snapshot_every", "resume"):
        if name in given:
            problem = f"has no line for --{name.replace('_', '-')}"
            raise OptionError("--gen-script", problem, "nd.stream is its function: docs/streams.md shows it")
    script, output = Script(), given.pop("output", None)
    overwrite, least = overwriting(given), given.pop("min_accuracy", None)
    data = given.pop("data", None)
    backend = {name: given[name] for name in ("backend",) if name in given}
    script.call("nd.load", given.pop("program"), to="program")
    to_probes = {"output": output, **overwrite} if output is not None and output.suffix != ".ndr" else {}
    if data is not None and data.is_dir():
        script.call("nd.run", Code("program"), data, to="runs", **taken(given), **to_probes)
    else:
        script.call("nd.run", Code("program"), data, to="run", **taken(given), **to_probes)
        script.add("runs = [run]")
    script.add("for run in runs:\n    print(run.file, run.label, run.prediction)")
    if output is not None and output.suffix == ".ndr":
        script.call("nd.record", Code("program"), Code("runs"), to="record", **backend)
        script.call("nd.save", Code("record"), output, **overwrite)
    if least is not None:
        script.add("right = sum(run.prediction == run.label for run in runs)")
        script.add(f"assert 100 * right >= {least} * len(runs)")
    return script


def verify_script(given: Given) -> Script:
    """`verify` in Python."""
    script = Script()
    script.call("nd.load", given.pop("program"), to="program")
    if "backends" in given:
        given["backends"] = names_in(given["backends"])
    script.call("nd.verify", Code("program"), given.pop("data", None), to="found", **taken(given))
    script.add("print(found.as_dict())\nassert found.equal")
    return script


def compare_script(given: Given) -> Script:
    """`compare` in Python."""
    script, runs = Script(), given.pop("runs")
    given.pop("classes", None)
    if len(runs) == 1 and runs[0].suffix == ".ndp":
        backends = [names_in(given.pop("backends"))] if "backends" in given else []
        script.call("nd.load", runs[0], to="program")
        script.call("nd.stages", Code("program"), given.pop("data", None), *backends, to="found", **taken(given))
    else:
        script.call("nd.compare", runs, to="found", **taken(given))
    script.add("print(found.as_dict())")
    return script


def sweep_script(given: Given) -> Script:
    """`sweep` in Python."""
    script = Script()
    running = ("steps", "profile", "drop_first_step", "binning", "readout")
    options = {name: given.pop(name) for name in running if name in given}
    output, plot = given.pop("output", None), given.pop("plot", None)
    overwrite = given.pop("force", False)
    if "targets" in given:
        given["target"] = given.pop("targets")
    load(script, given)
    if options:
        script.imports("from neurodeploy.runtime.run import RunOptions")
        script.call("RunOptions", to="options", **options)
        given["run_options"] = Code("options")
    script.call("nd.sweep", Code("network"), given.pop("data", None), to="found", **taken(given))
    if output is not None:
        script.imports("import json")
        written(script, output, "json.dumps(found.as_dict(), indent=1).encode()", overwrite)
    if plot is not None:
        script.imports("from neurodeploy.reporting.sweep_figure import sweep_figure")
        written(script, plot, f"sweep_figure(found.as_dict(), {plot.suffix!r})", overwrite)
    script.add("print(found.as_dict())")
    return script


def timestep_script(given: Given) -> Script:
    """`timestep` in Python."""
    script, output = Script(), given.pop("output", None)
    overwrite = given.pop("force", False)
    script.call("nd.timesteps", given.pop("path"), given.pop("data", None), to="found", **taken(given))
    if output is not None:
        script.imports("import json")
        written(script, output, "json.dumps(found.as_dict(), indent=1).encode()", overwrite)
    script.add("print(found.as_dict())\nassert found.chosen_ms is not None")
    return script


def report_script(given: Given) -> Script:
    """`report` in Python."""
    script, runs = Script(), given.pop("runs")
    output, overwrite = output_of(given, str(runs[0].with_suffix(".html"))), overwriting(given)
    if given.pop("replay", False):
        script.imports("from neurodeploy.replaying import recorded_fragment")
        given["replay"] = Code(f"recorded_fragment({literal(runs[0])})")
    script.call("nd.report", runs[0] if len(runs) == 1 else runs, output, **taken(given), **overwrite)
    return script


def replay_script(given: Given) -> Script:
    """`replay` in Python."""
    from neurodeploy.replays.writing import usual_name

    script, program, recording = Script(), given.pop("program"), given.pop("recording")
    output = output_of(given, str(usual_name(program, recording)))
    overwrite = overwriting(given)
    script.call("nd.load", program, to="program")
    script.call("nd.replay", Code("program"), recording, output, to="shown", **taken(given), **overwrite)
    script.add("print(shown.raster.prediction)")
    return script
