"""Scripts of the commands that make networks and programs, or look at them."""

from __future__ import annotations

from neurodeploy.cli.script import Code, Script
from neurodeploy.cli.script_parts import Given, bits_of, explain, load, output_of, overwriting, read, taken
from neurodeploy.errors import OptionError


def inspect_script(given: Given) -> Script:
    """`inspect` in Python."""
    script = Script()
    if given["path"].suffix == ".ndp":
        script.call("nd.load", given.pop("path"), to="program")
        script.add("print(program.summary)")
        explain(script, given.pop("explain", ()))
    else:
        script.imports("from neurodeploy.inspection import inspect")
        load(script, given)
        script.add("print(inspect(network))")
    return script


def quantize_script(given: Given) -> Script:
    """`quantize` in Python."""
    script, path = Script(), given["path"]
    output = output_of(given, f"{path.resolve().stem}-quantized.ndn")
    bits = bits_of(given)
    if "data" in given:
        given["calibrate"] = given.pop("data")
    keep = not given.pop("no_source", False)
    overwrite = overwriting(given)
    script.imports("from neurodeploy.network import Quantized")
    load(script, given)
    script.call("nd.quantize", Code("network"), to="quantized, errors", **bits, **taken(given))
    script.call("Quantized.of", Code("network"), Code("quantized"), Code("errors"), keep, to="made")
    script.call("nd.save", Code("made"), output, **overwrite)
    return script


def compile_script(given: Given) -> Script:
    """`compile` in Python.

    Raises:
        OptionError: `--advise`, which makes nothing.
    """
    script, path = Script(), given["path"]
    output, overwrite, bits = output_of(given, f"{path.resolve().stem}.ndp"), overwriting(given), bits_of(given)
    explained, steps = given.pop("explain", ()), given.pop("steps", None)
    if given.pop("advise", None):
        raise OptionError("--gen-script", "has no line for --advise", "leave --advise out; it changes no program")
    if given.pop("no_source", False):
        given["keep_source"] = False
    own = path.suffix in (".ndn", ".ndp")
    if own:
        read(script, given.pop("path"))
    else:
        load(script, given, calibrates=path.suffix == ".onnx")
    if steps is not None:
        script.imports("from dataclasses import replace")
        other = f"replace(network, steps={steps})"
        script.add(
            f"network = network.with_steps({steps}) if loaded.quantized else {other}" if own else f"network = {other}"
        )
    script.call("nd.compile", Code("network"), to="program", **bits, **taken(given))
    explain(script, explained)
    script.call("nd.save", Code("program"), output, **overwrite)
    script.add('print(program.summary["cores"], "cores")')
    return script


def convert_script(given: Given) -> Script:
    """`convert` in Python."""
    script, destination = Script(), given.pop("destination")
    overwrite, source = overwriting(given), given.pop("source")
    writing = {name: given.pop(name) for name in ("profile", "traces") if name in given}
    to = [given.pop("to")] if "to" in given else []
    given["path"] = source
    if "data" in given:
        script.call("nd.calibrate_srm", given.pop("path"), given.pop("data"), to="calibrated", **taken(given))
        script.add("network = calibrated.network")
    elif source.suffix in (".ndn", ".ndp"):
        read(script, source)
    else:
        load(script, given, calibrates=True)
    script.call("nd.convert", Code("network"), destination, *to, source=source, **overwrite, **writing)
    return script


def train_script(given: Given) -> Script:
    """`train` in Python."""
    script, overwrite = Script(), overwriting(given)
    if "fine_tune" in given:
        given["path"] = given.pop("fine_tune")
        output = output_of(given, f"{given['path'].resolve().stem}-tuned.ndn")
        if "layer_bits" in given:
            given["layer_bits"] = dict(given["layer_bits"])
        data = given.pop("data")
        load(script, given)
        script.call("nd.fine_tune_files", Code("network"), data, output, **taken(given), **overwrite)
        return script
    from neurodeploy.training import OUTPUTS

    output = output_of(given, OUTPUTS.get(given.get("method", "slayer"), "net.pt"))
    script.call("nd.train", given.pop("arch"), given.pop("data"), output, to="trained", **taken(given), **overwrite)
    script.add("print(trained.accuracy)")
    return script
