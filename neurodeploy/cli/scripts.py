"""What each command does, as Python: `--gen-script`.

A function here gets the options that were given, by the command line, the environment or the options file, and answers
with a script that makes the same thing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.script import Code, Script, literal
from neurodeploy.errors import OptionError

Given = dict[str, Any]
#: Options of the command line alone.
_OUTSIDE = ("as_json", "quiet", "verbose", "debug", "gen_script")
_READING = (
    "form", "arch", "yaml", "reset_interval", "reset_offset", "sidecar", "image", "input_bias", "percentile", "dt",
    "time_unit", "discretisation",
)  # fmt: skip


def given_options(ctx: click.Context) -> Given:
    """The arguments, and the options whose value is not the default."""
    given = {}
    for parameter in ctx.command.params:
        name = parameter.name
        source = ctx.get_parameter_source(name) if name else None
        if name and name not in _OUTSIDE and source not in (None, click.core.ParameterSource.DEFAULT):
            given[name] = ctx.params[name]
    return given


def _inspect(given: Given) -> Script:
    script = Script()
    if given["path"].suffix == ".ndp":
        script.call("nd.load", given.pop("path"), to="program")
        script.add("print(program.summary)")
        _explain(script, given.pop("explain", ()))
    else:
        script.imports("from neurodeploy.inspection import inspect")
        _load(script, given)
        script.add("print(inspect(network))")
    return script


def _quantize(given: Given) -> Script:
    script, path = Script(), given["path"]
    output = _output(given, f"{path.resolve().stem}-quantized.ndn")
    bits = _bits(given)
    if "data" in given:
        given["calibrate"] = given.pop("data")
    keep = not given.pop("no_source", False)
    overwrite = _overwrite(given)
    script.imports("from neurodeploy.network import Quantized")
    _load(script, given)
    script.call("nd.quantize", Code("network"), to="quantized, errors", **bits, **_taken(given))
    script.call("Quantized.of", Code("network"), Code("quantized"), Code("errors"), keep, to="made")
    script.call("nd.save", Code("made"), output, **overwrite)
    return script


def _compile(given: Given) -> Script:
    script, path = Script(), given["path"]
    output, overwrite, bits = _output(given, f"{path.resolve().stem}.ndp"), _overwrite(given), _bits(given)
    explained, steps = given.pop("explain", ()), given.pop("steps", None)
    if given.pop("advise", None):
        raise OptionError("--gen-script", "has no line for --advise", "leave --advise out; it changes no program")
    if given.pop("no_source", False):
        given["keep_source"] = False
    own = path.suffix in (".ndn", ".ndp")
    if own:
        _read(script, given.pop("path"))
    else:
        _load(script, given, calibrates=path.suffix == ".onnx")
    if steps is not None:
        script.imports("from dataclasses import replace")
        other = f"replace(network, steps={steps})"
        script.add(
            f"network = network.with_steps({steps}) if loaded.quantized else {other}" if own else f"network = {other}"
        )
    script.call("nd.compile", Code("network"), to="program", **bits, **_taken(given))
    _explain(script, explained)
    script.call("nd.save", Code("program"), output, **overwrite)
    script.add('print(program.summary["cores"], "cores")')
    return script


def _run(given: Given) -> Script:
    for name in ("stream", "window", "snapshot", "snapshot_every", "resume"):
        if name in given:
            problem = f"has no line for --{name.replace('_', '-')}"
            raise OptionError("--gen-script", problem, "nd.stream is its function: docs/streams.md shows it")
    script, output = Script(), given.pop("output", None)
    overwrite, least = _overwrite(given), given.pop("min_accuracy", None)
    data = given.pop("data", None)
    backend = {name: given[name] for name in ("backend",) if name in given}
    script.call("nd.load", given.pop("program"), to="program")
    to_probes = {"output": output, **overwrite} if output is not None and output.suffix != ".ndr" else {}
    if data is not None and data.is_dir():
        script.call("nd.run", Code("program"), data, to="runs", **_taken(given), **to_probes)
    else:
        script.call("nd.run", Code("program"), data, to="run", **_taken(given), **to_probes)
        script.add("runs = [run]")
    script.add("for run in runs:\n    print(run.file, run.label, run.prediction)")
    if output is not None and output.suffix == ".ndr":
        script.call("nd.record", Code("program"), Code("runs"), to="record", **backend)
        script.call("nd.save", Code("record"), output, **overwrite)
    if least is not None:
        script.add("right = sum(run.prediction == run.label for run in runs)")
        script.add(f"assert 100 * right >= {least} * len(runs)")
    return script


def _verify(given: Given) -> Script:
    script = Script()
    script.call("nd.load", given.pop("program"), to="program")
    if "backends" in given:
        given["backends"] = _names(given["backends"])
    script.call("nd.verify", Code("program"), given.pop("data", None), to="found", **_taken(given))
    script.add("print(found.as_dict())\nassert found.equal")
    return script


def _compare(given: Given) -> Script:
    script, runs = Script(), given.pop("runs")
    given.pop("classes", None)
    if len(runs) == 1 and runs[0].suffix == ".ndp":
        backends = [_names(given.pop("backends"))] if "backends" in given else []
        script.call("nd.load", runs[0], to="program")
        script.call("nd.stages", Code("program"), given.pop("data", None), *backends, to="found", **_taken(given))
    else:
        script.call("nd.compare", runs, to="found", **_taken(given))
    script.add("print(found.as_dict())")
    return script


def _sweep(given: Given) -> Script:
    script = Script()
    running = ("steps", "profile", "drop_first_step", "binning", "readout")
    options = {name: given.pop(name) for name in running if name in given}
    output, plot = given.pop("output", None), given.pop("plot", None)
    overwrite = given.pop("force", False)
    if "targets" in given:
        given["target"] = given.pop("targets")
    _load(script, given)
    if options:
        script.imports("from neurodeploy.runtime.run import RunOptions")
        script.call("RunOptions", to="options", **options)
        given["run_options"] = Code("options")
    script.call("nd.sweep", Code("network"), given.pop("data", None), to="found", **_taken(given))
    if output is not None:
        script.imports("import json")
        _written(script, output, "json.dumps(found.as_dict(), indent=1).encode()", overwrite)
    if plot is not None:
        script.imports("from neurodeploy.reporting.sweep_figure import sweep_figure")
        _written(script, plot, f"sweep_figure(found.as_dict(), {plot.suffix!r})", overwrite)
    script.add("print(found.as_dict())")
    return script


def _convert(given: Given) -> Script:
    script, destination = Script(), given.pop("destination")
    overwrite, source = _overwrite(given), given.pop("source")
    writing = {name: given.pop(name) for name in ("profile", "traces") if name in given}
    to = [given.pop("to")] if "to" in given else []
    given["path"] = source
    if "data" in given:
        script.call("nd.calibrate_srm", given.pop("path"), given.pop("data"), to="calibrated", **_taken(given))
        script.add("network = calibrated.network")
    elif source.suffix in (".ndn", ".ndp"):
        _read(script, source)
    else:
        _load(script, given, calibrates=True)
    script.call("nd.convert", Code("network"), destination, *to, source=source, **overwrite, **writing)
    return script


def _report(given: Given) -> Script:
    script, runs = Script(), given.pop("runs")
    output, overwrite = _output(given, str(runs[0].with_suffix(".html"))), _overwrite(given)
    if given.pop("replay", False):
        script.imports("from neurodeploy.replaying import recorded_fragment")
        given["replay"] = Code(f"recorded_fragment({literal(runs[0])})")
    script.call("nd.report", runs[0] if len(runs) == 1 else runs, output, **_taken(given), **overwrite)
    return script


def _replay(given: Given) -> Script:
    script, program, recording = Script(), given.pop("program"), given.pop("recording")
    output = _output(given, str(program.with_name(f"{program.stem}-{recording.stem}.html")))
    overwrite = _overwrite(given)
    script.call("nd.load", program, to="program")
    script.call("nd.replay", Code("program"), recording, output, to="shown", **_taken(given), **overwrite)
    script.add("print(shown.raster.prediction)")
    return script


def _timestep(given: Given) -> Script:
    script, output = Script(), given.pop("output", None)
    overwrite = given.pop("force", False)
    script.call("nd.timesteps", given.pop("path"), given.pop("data", None), to="found", **_taken(given))
    if output is not None:
        script.imports("import json")
        _written(script, output, "json.dumps(found.as_dict(), indent=1).encode()", overwrite)
    script.add("print(found.as_dict())\nassert found.chosen_ms is not None")
    return script


def _train(given: Given) -> Script:
    script, overwrite = Script(), _overwrite(given)
    if "fine_tune" in given:
        given["path"] = given.pop("fine_tune")
        output = _output(given, f"{given['path'].resolve().stem}-tuned.ndn")
        if "layer_bits" in given:
            given["layer_bits"] = dict(given["layer_bits"])
        data = given.pop("data")
        _load(script, given)
        script.call("nd.fine_tune_files", Code("network"), data, output, **_taken(given), **overwrite)
        return script
    from neurodeploy.training import OUTPUTS

    output = _output(given, OUTPUTS.get(given.get("method", "slayer"), "net.pt"))
    script.call("nd.train", given.pop("arch"), given.pop("data"), output, to="trained", **_taken(given), **overwrite)
    script.add("print(trained.accuracy)")
    return script


def _load(script: Script, given: Given, calibrates: bool = False) -> None:
    names = [*_READING, "calibrate"] if calibrates else _READING
    reading = {name: given.pop(name) for name in names if name in given}
    script.call("nd.load", given.pop("path"), to="network", **reading)


def _read(script: Script, path: Path) -> None:
    """A network with where it came from, if its file tells."""
    script.imports("from neurodeploy import api")
    script.call("api.read", path, to="loaded")
    script.add("network = loaded.quantized or loaded.network")


def _explain(script: Script, layers: Sequence[str]) -> None:
    for layer in layers:
        script.imports("from neurodeploy import api")
        script.add(f"print(api.explain(program, {layer!r}))")


def _output(given: Given, usual: str) -> Path:
    path: Path = given.pop("output", Path(usual))
    return path


def _overwrite(given: Given) -> Given:
    return {"overwrite": True} if given.pop("force", False) else {}


def _bits(given: Given) -> Given:
    """What `weight_bits` and `layer_bits` of the command line are in Python."""
    every, layers = given.pop("weight_bits", (None, {}))
    layers = {**layers, **dict(given.pop("layer_bits", {}))}
    return ({} if every is None else {"weight_bits": every}) | ({"layer_bits": layers} if layers else {})


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _taken(given: Given) -> Given:
    """The options that are left, under their own names; `given` is then empty."""
    taken = dict(given)
    given.clear()
    return taken


def _written(script: Script, file: Path, text: str, overwrite: bool) -> None:
    script.imports("from pathlib import Path")
    script.imports("from neurodeploy.files import write_atomic")
    script.add(f"write_atomic(Path({str(file)!r}), {text}, {overwrite})")


SCRIPTS: Mapping[str, Callable[[Given], Script]] = {
    "inspect": _inspect,
    "quantize": _quantize,
    "compile": _compile,
    "run": _run,
    "verify": _verify,
    "compare": _compare,
    "sweep": _sweep,
    "convert": _convert,
    "report": _report,
    "replay": _replay,
    "timestep": _timestep,
    "train": _train,
}
