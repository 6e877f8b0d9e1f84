"""`neurodeploy train`: from labelled recordings to a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from neurodeploy.cli.answers_text import answers_text
from neurodeploy.cli.interrupt import Interrupt
from neurodeploy.cli.reading import read_network
from neurodeploy.cli.shared import FILE, command_line, given, layer_bits, output_options
from neurodeploy.cli.verb import Console, options, verb

#: Options of one of the two ways alone.
FROM_NOTHING = (
    "neuron", "timestep_ms", "delays", "method", "rate_epochs", "rate_augment", "windows", "gain", "dropout", "loss",
)  # fmt: skip
TSSL = ("planes", "desired", "tau_membrane", "tau_synapse")
FINE_TUNING = ("fine_tune", "yaml", "layer_bits")
ROWS = "as given: weights as they were; rounded: to the same bits, without training"

_WHAT = options(
    click.option("--arch", metavar="NOTATION", help="Layers, for example 34x34x2-512-10."),
    click.option("--fine-tune", type=FILE, metavar="NET", help="Train this network on instead: .ndn or a checkpoint."),
    click.option("--yaml", type=FILE, help="Of a checkpoint to fine-tune: SLAYER's yaml."),
    click.option(
        "--data",
        type=FILE,
        required=True,
        help="Folder of recordings with labels.csv, or of a data set; with fp a table of features (.csv).",
    ),
    click.option("--split", default="train", show_default=True, metavar="NAME", help="Part to train on."),
    click.option(
        "--test-split",
        default="test",
        show_default=True,
        metavar="NAME",
        help="Part to test on; rest: all others.",
    ),
    click.option("--test-share", type=float, metavar="S", help="Part the recordings by the seed: S of each class."),
    click.option("--limit", type=int, metavar="N", help="Train on the first N recordings only."),
    click.option(
        "--neuron",
        type=FILE,
        metavar="FILE|RECIPE",
        help="SLAYER's yaml of neuron, time step and length; else LOIHI's usual one. With fp the name of a recipe: "
        "xor, iris, iris-paper, yin-yang (unless given), "
        "yin-yang-paper.",
    ),
    click.option("--steps", type=int, metavar="N", help="Length of a recording; else of the yaml or the data."),
    click.option("--timestep-ms", type=float, metavar="T", help="Length of a step; else of the yaml, or 1."),
    click.option("--delays", is_flag=True, help="Learn axonal delays."),
    click.option("--weight-bits", type=int, help="1 … 8, with a sign; 8 unless given, 4 to fine-tune."),
    click.option(
        "--layer-bits",
        multiple=True,
        callback=layer_bits,
        metavar="LAYER=BITS",
        help="To fine-tune: bits of one layer's weights; may be given again.",
    ),
)
_HOW = options(
    click.option(
        "--method", default="slayer", show_default=True, metavar="slayer|tssl|fp", help="How gradients are found."
    ),
    click.option("--epochs", type=int, help="Passes over the data, with spikes; 20 unless given, 5 to fine-tune."),
    click.option("--rate-epochs", type=int, default=0, show_default=True, help="Quick passes before, with rates."),
    click.option("--windows", type=int, default=3, show_default=True, help="Windows of a recording there."),
    click.option("--batch-size", type=int, default=32, show_default=True, help="Recordings per update."),
    click.option("--piece", type=int, metavar="N", help="Recordings run at once; 2 for large networks."),
    click.option(
        "--learning-rate",
        type=float,
        help="In the chip's units of weight, 0.1 unless given; to fine-tune in steps of each layer's grid, 0.05.",
    ),
    click.option("--gain", type=float, default=1.0, show_default=True, help="Factor on the initial weights."),
    click.option("--dropout", type=float, default=0.0, show_default=True, help="Share of neurons silenced."),
    click.option(
        "--loss",
        default="count",
        show_default=True,
        metavar="count|entropy|time|probability",
        help="Of spikes; with tssl trains, count or entropy.",
    ),
    click.option(
        "--augment",
        default="",
        metavar="NAME[=SIZE],…",
        help="Distort training data: shift (2 pixels), rotate (10 degrees), zoom (0.1), drop (0.2), jitter (2 ms).",
    ),
    click.option("--rate-augment", metavar="NAME[=SIZE],…", help="The same for passes with rates; else as --augment."),
    click.option("--seed", type=int, default=0, show_default=True, help="Of weights, order and distortions."),
    click.option("--threads", type=int, default=1, show_default=True, help="The result depends on their number."),
)
_TSSL = options(
    click.option("--planes", type=int, metavar="N", help="tssl: input is of numbers in N bit planes per channel."),
    click.option("--desired", metavar="01011", help="tssl: spike train of the true class, a digit per step."),
    click.option("--tau-membrane", type=float, metavar="STEPS", help="tssl: of the voltage, 4 unless given."),
    click.option("--tau-synapse", type=float, metavar="STEPS", help="tssl: of the current, 2 unless given."),
)
_FILES = options(
    click.option("--resume", is_flag=True, help="Go on from the last checkpoint, if there is one."),
    click.option("--checkpoint-every", type=float, default=60.0, show_default=True, metavar="SECONDS"),
    click.option("--log", type=FILE, help="Table with a line per epoch (.csv)."),
    click.option("--test-every", type=int, default=1, show_default=True, help="Epochs between tests; 0: at the end."),
)


@verb(name="train")
@_WHAT
@_HOW
@_TSSL
@_FILES
@output_options
@click.pass_context
def command(ctx: click.Context, /, console: Console, **options: Any) -> None:
    """Train a network on labelled recordings, or with --fine-tune one that is there, its weights in fewer bits.

    Ctrl-C writes a checkpoint; the same command with --resume goes on and ends with the same weights.
    """
    if options["fine_tune"] is not None:
        _refuse(ctx, (*FROM_NOTHING, *TSSL), "is of a training from nothing", "leave it or --fine-tune out")
        _fine_tune(console, {name: value for name, value in options.items() if name not in (*FROM_NOTHING, *TSSL)})
        return
    _refuse(ctx, FINE_TUNING, "is of fine-tuning", "give --fine-tune NET, or leave it out")
    if options["arch"] is None:
        raise click.MissingParameter(ctx=ctx, param=next(p for p in ctx.command.params if p.name == "arch"))
    wanted = {name: value for name, value in options.items() if name not in FINE_TUNING}
    if options["method"] == "slayer":
        _refuse(ctx, TSSL, "is of the method tssl", "give --method tssl, or leave it out")
        wanted = {name: value for name, value in wanted.items() if name not in TSSL}
    else:  # whose defaults are its own
        kept = ("method", "output", "force", "arch", "data")
        wanted = {
            n: v for n, v in wanted.items() if n in kept or ctx.get_parameter_source(n) is not ParameterSource.DEFAULT
        }
    _train(console, wanted)


def _refuse(ctx: click.Context, names: tuple[str, ...], problem: str, remedy: str) -> None:
    """Raise OptionError for an option that was given and means nothing."""
    from neurodeploy.errors import OptionError

    for name in names:
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise OptionError(f"--{name.replace('_', '-')}", problem, remedy)


@contextmanager
def _told(console: Console) -> Iterator[dict[str, Any]]:
    """What a training is told, and tells: progress, the beginning of a phase, and whether to stop."""
    with Interrupt() as stop, ExitStack() as bar:
        advance: Callable[..., None] = console.detail

        def started(updates: int, phase: str) -> None:
            nonlocal advance
            bar.close()
            console.detail(f"{phase}: {updates} to do")
            advance = bar.enter_context(console.progress(phase, updates))

        def told(text: str) -> None:
            advance(text)

        yield {"progress": told, "started": started, "stopped": stop.asked}


def _train(console: Console, options: dict[str, Any]) -> None:
    from neurodeploy.training import OUTPUTS, train

    output = options.pop("output") or Path(OUTPUTS.get(options["method"], "net.pt"))
    arch, data, force = (options.pop(name) for name in ("arch", "data", "force"))
    if options["method"] == "tssl":
        options["command"] = command_line()
    with _told(console) as told:
        trained = train(arch, data, output, overwrite=force, **told, **given(**options))
    answer = trained.as_dict()
    console.result(answer, lambda: _text(answer))
    if options["method"] == "fp":  # a network in continuous time, whose time step is still to be chosen
        own = answer["test_recordings"] and "test_share" not in options and options.get("test_split") != "rest"
        part = f" --split {options.get('test_split', 'test')}" if own else ""
        console.next_step(f"neurodeploy timestep {output} --data {data}{part}")
        return
    beside = f" --yaml {answer['yaml']}" if answer.get("yaml") else ""
    console.next_step(f"neurodeploy compile {output}{beside}")


def _fine_tune(console: Console, options: dict[str, Any]) -> None:
    from neurodeploy.fine_tuning_files import fine_tune_files

    path, data, force = (options.pop(name) for name in ("fine_tune", "data", "force"))
    reading = given(arch=options.pop("arch"), yaml=options.pop("yaml"))
    output = options.pop("output") or Path(f"{path.resolve().stem}-tuned.ndn")
    loaded = read_network(console, path, reading)
    with _told(console) as told:
        tuned = fine_tune_files(
            loaded.network, data, output, overwrite=force, command=command_line(), **told, **given(**options)
        )
    answer = tuned.as_dict()
    head = f"{output} written after {tuned.seconds:.0f} s; {tuned.training:,} recordings to train on"
    console.result(answer, lambda: f"{head}\n\n{answers_text(answer)}\n\n{ROWS}")
    console.next_step(f"neurodeploy compile {output}")


def _text(answer: dict[str, Any]) -> str:
    files = " and ".join(name for name in (answer["network"], answer.get("yaml")) if name is not None)
    lines = [f"{files} written after {answer['seconds']:.0f} s"]
    share = answer["accuracy"]
    if share is None:
        lines.append("not tested: no recordings to test on; --test-share 0.2 keeps a fifth")
        return "\n".join(lines)
    low, high = share["interval_95"]
    lines.append(
        f"test: {share['correct']} of {share['total']} correct, {share['share']:.1%} "
        f"(95 % interval {low:.1%} … {high:.1%})"
    )
    return "\n".join(lines)
