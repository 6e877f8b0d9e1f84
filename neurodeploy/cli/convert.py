"""`neurodeploy convert`: from one network format to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from neurodeploy.cli.answers_text import answers_text
from neurodeploy.cli.shared import FILE, flag, given, network_options
from neurodeploy.cli.verb import Console, table, verb

if TYPE_CHECKING:
    from neurodeploy.network import Network, Quantized

#: What the columns of a calibration mean.
MEANING = (
    "θ: threshold over the one that a single spike's response asks for",
    "kernel, reset: the neuron's response and reset against SRM's two kernels, RMS",
    "spikes: what the next layer sees of them against SRM's, RMS; before: the same",
    "  without calibration; rate: spikes over SRM's",
)


@verb(name="convert")
@click.argument("source", type=FILE)
@click.argument("destination", type=FILE)
@network_options
@click.option("--to", metavar="FORMAT", help="Format to write, if the suffix does not tell.")
@click.option("--profile", metavar="NAME", help="Bits that ONNX and C exports compute: loihi (default) or lava-0.10.")
@click.option("--traces", is_flag=True, default=None, help="Let an ONNX model give u and v of every step.")
@click.option("--data", type=FILE, help="Recordings to calibrate the neurons of an SRMALPHA checkpoint on.")
@click.option("--split", metavar="NAME", help="Of --data: only the recordings of this split.")
@click.option("--limit", type=int, metavar="N", help="Of --data: calibrate on the first N only.")
@click.option("--test-split", metavar="NAME", help="Of --data: count right answers on this split instead.")
@click.option("--steps", type=int, metavar="N", help="Of --data: length of a run, if the yaml does not tell.")
@click.option("--force", is_flag=True, help="Replace existing files.")
def command(
    console: Console,
    source: Path,
    destination: Path,
    reading: dict[str, Any],
    to: str | None,
    force: bool,
    profile: str | None,
    traces: bool | None,
    data: Path | None,
    **calibrating: Any,
) -> None:
    """Read the network at SOURCE and write it to DESTINATION, in the format of its suffix.

    With --data an SRMALPHA checkpoint is calibrated: its neurons become those of the chip whose spikes, on these
    recordings, differ least. Weights stay float.
    """
    from neurodeploy import api
    from neurodeploy.errors import FormatError
    from neurodeploy.models.formats.registry import format_of

    if data is not None and destination.exists() and not force:  # calibration takes a while
        raise FormatError(str(destination), "exists already", "choose another name or pass --force")
    network, notes, form, calibration = _read(console, source, reading, data, given(**calibrating))
    with console.progress("writing", None):
        files, more = api.convert(
            network, destination, to, overwrite=force, source=source, **given(profile=profile, traces=traces)
        )
    for note in (*notes, *more):
        console.note(note)
    result = {
        "schema": "neurodeploy.convert/1",
        "from": form,
        "files": [str(file) for file in files],
        "notes": [*notes, *more],
        "calibration": calibration,
    }
    console.result(result, lambda: _text(files, calibration))
    if calibration is not None and destination.suffix == ".ndn":
        console.next_step(f"neurodeploy train --fine-tune {files[0]} --weight-bits 4 --data {data}")
    elif destination.suffix == ".ndn" or format_of(destination, to, "writer").reader:
        console.next_step(f"neurodeploy inspect {files[0]}")


def _read(
    console: Console, source: Path, reading: dict[str, Any], data: Path | None, calibrating: dict[str, Any]
) -> tuple[Network | Quantized, tuple[str, ...], str, dict[str, Any] | None]:
    """The network, what there is to say about it, the format of its file, and what calibration came to."""
    from neurodeploy import api
    from neurodeploy.calibration import calibrate_srm
    from neurodeploy.errors import OptionError

    if data is None:
        if calibrating:
            options = ", ".join(f"--{name.replace('_', '-')}" for name in calibrating)
            raise OptionError(options, "choose recordings, and there are none", "give --data")
        with console.progress("reading", None):
            loaded = api.read(source, **reading)
        return loaded.quantized or loaded.network, loaded.notes, loaded.format, None
    if useless := sorted(set(reading) - {"arch", "yaml"}):
        problem = "means nothing for an SRMALPHA checkpoint that is calibrated"
        raise OptionError(f"--{flag(useless[0])}", problem, "leave it or --data out")
    with console.progress("calibrating", None) as advance:
        calibrated = calibrate_srm(source, data, progress=advance, **reading, **calibrating)
    from neurodeploy.models.formats.slayer_pt import FORMAT  # imports torch, which is there by now

    return calibrated.network, calibrated.notes, FORMAT, calibrated.as_dict()


def _text(files: list[Path], calibration: dict[str, Any] | None) -> str:
    parts = [] if calibration is None else [_calibration(calibration)]
    return "\n\n".join([*parts, "\n".join(f"wrote {file} ({file.stat().st_size:,} bytes)" for file in files)])


def _calibration(found: dict[str, Any]) -> str:
    """What the neuron costs, layer by layer; no weight is rounded yet."""
    heads = ["layer", "iDecay", "vDecay", "refDelay", "θ", "kernel", "reset", "spikes", "before", "rate"]
    rows = [
        (
            row["name"],
            row["neuron"]["current_decay"],
            row["neuron"]["voltage_decay"],
            row["neuron"]["refractory_delay"],
            f"× {row['threshold_factor']:.3f}",
            f"{row['kernel_residual']:.1%}",
            f"{row['refractory_residual']:.0%}",
            f"{row['disagreement']:.1%}",
            f"{row['disagreement_not_calibrated']:.1%}",
            f"{row['rate_ratio']:.2f}",
        )
        for row in found["layers"]
    ]
    parts = [f"calibrated on {found['recordings']:,} recordings; weights are still float", table(heads, rows, True)]
    parts.append("\n".join(MEANING))
    if found["networks"]:
        where = f"split {found['tested_on']}" if found["tested_on"] else "the calibration recordings"
        parts += [f"answers on {where}:", answers_text(found)]
    return "\n\n".join(parts)
