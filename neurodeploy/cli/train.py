"""`neurodeploy train`: from labelled recordings to a network."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from neurodeploy.cli.interrupt import Interrupt
from neurodeploy.cli.shared import FILE, given, output_options
from neurodeploy.cli.verb import Console, options, verb

_WHAT = options(
    click.option("--arch", required=True, metavar="NOTATION", help="Layers, for example 34x34x2-512-10."),
    click.option("--data", type=FILE, required=True, help="Folder of recordings with labels.csv, or of a data set."),
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
    click.option("--neuron", type=FILE, help="SLAYER's yaml of neuron, time step and length; else LOIHI's usual one."),
    click.option("--steps", type=int, metavar="N", help="Length of a recording; else of the yaml or the data."),
    click.option("--timestep-ms", type=float, metavar="T", help="Length of a step; else of the yaml, or 1."),
    click.option("--delays", is_flag=True, help="Learn axonal delays."),
    click.option("--weight-bits", type=int, default=8, show_default=True, help="1 … 8, with a sign."),
)
_HOW = options(
    click.option("--method", default="slayer", show_default=True, metavar="slayer", help="How gradients are found."),
    click.option("--epochs", type=int, default=20, show_default=True, help="Passes over the data, with spikes."),
    click.option("--rate-epochs", type=int, default=0, show_default=True, help="Quick passes before, with rates."),
    click.option("--windows", type=int, default=3, show_default=True, help="Windows of a recording there."),
    click.option("--batch-size", type=int, default=32, show_default=True, help="Recordings per update."),
    click.option("--piece", type=int, metavar="N", help="Recordings run at once; 2 for large networks."),
    click.option("--learning-rate", type=float, default=0.1, show_default=True, help="In the chip's units of weight."),
    click.option("--gain", type=float, default=1.0, show_default=True, help="Factor on the initial weights."),
    click.option("--dropout", type=float, default=0.0, show_default=True, help="Share of neurons silenced."),
    click.option("--loss", default="count", show_default=True, metavar="count|time|probability", help="Of spikes."),
    click.option(
        "--augment",
        default="",
        metavar="NAME[=SIZE],…",
        help="Distort training data: shift (2 pixels), rotate (10 degrees), zoom (0.1), drop (0.2), jitter (2 ms).",
    ),
    click.option("--seed", type=int, default=0, show_default=True, help="Of weights, order and distortions."),
    click.option("--threads", type=int, default=1, show_default=True, help="The result depends on their number."),
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
@_FILES
@output_options
def command(
    console: Console, arch: str, data: Path, output: Path | None, force: bool, resume: bool, **settings: Any
) -> None:
    """Train a network on labelled recordings.

    Ctrl-C writes a checkpoint; the same command with --resume goes on and ends with the same weights.
    """
    from neurodeploy.training import train

    output = output or Path("net.pt")
    with Interrupt() as stop, ExitStack() as bar:
        advance: Callable[..., None] = console.detail

        def started(updates: int, phase: str) -> None:
            nonlocal advance
            bar.close()
            console.detail(f"{phase}: {updates} updates")
            advance = bar.enter_context(console.progress(phase, updates))

        def told(text: str) -> None:
            advance(text)

        trained = train(
            arch,
            data,
            output,
            overwrite=force,
            resume=resume,
            progress=told,
            started=started,
            stopped=stop.asked,
            **given(**settings),
        )
    answer = trained.as_dict()
    console.result(answer, lambda: _text(answer))
    console.next_step(f"neurodeploy compile {output} --yaml {trained.yaml}")


def _text(answer: dict[str, Any]) -> str:
    lines = [f"{answer['network']} and {answer['yaml']} written after {answer['seconds']:.0f} s"]
    share = answer["accuracy"]
    low, high = share["interval_95"]
    lines.append(
        f"test: {share['correct']} of {share['total']} correct, {share['share']:.1%} "
        f"(95 % interval {low:.1%} … {high:.1%})"
    )
    return "\n".join(lines)
