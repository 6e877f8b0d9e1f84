"""The public functions, one per verb of the command line.

>>> import neurodeploy as nd
>>> network = nd.load("trained/", arch="34x34x2-512-10")
>>> program = nd.compile(network, target="loihi1")
>>> runs = nd.run(program, "recordings/")
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.compiler import CompileOptions, Program, compile_network
from neurodeploy.compiler.advice import Change, advice_json
from neurodeploy.compiler.advice import advise as find_advice
from neurodeploy.compiler.explain import explained
from neurodeploy.compiler.flows import Rates
from neurodeploy.compiler.origin import with_origin
from neurodeploy.compiler.program_file import load_program, program_bytes, save_program
from neurodeploy.container import checksum
from neurodeploy.errors import FormatError, NeurodeployError, OptionError
from neurodeploy.files import write_atomic
from neurodeploy.models.formats import Loaded, ReadOptions, WriteOptions, read_network, written_network
from neurodeploy.models.formats.options import check_options
from neurodeploy.network import Network, Quantized
from neurodeploy.network.file import load_quantized, save_network
from neurodeploy.provenance import provenance
from neurodeploy.runtime.compare import Verification, Verifier
from neurodeploy.runtime.probe_file import ProbeFile
from neurodeploy.runtime.rates import measured_rates
from neurodeploy.runtime.record import RunRecord, save_record
from neurodeploy.runtime.run import Run, RunOptions
from neurodeploy.runtime.session import Input, Session
from neurodeploy.runtime.snapshot_file import load_snapshot
from neurodeploy.runtime.stream import Stream
from neurodeploy.runtime.summary import run_record, run_summary
from neurodeploy.spikes.events import Events, random_events
from neurodeploy.spikes.samples import find_samples
from neurodeploy.spikes.table import TABLE_SUFFIX

#: Length of a random input where neither the options nor the network give one.
RANDOM_STEPS = 100

#: What a program file is called beside the foreign formats.
PROGRAM = "neurodeploy program"

Data = Events | NDArray[np.generic] | str | Path | None


def read(path: str | Path, arch: str | None = None, *, form: str | None = None, **options: Any) -> Loaded:
    """A network from any known format, with notes on how the file was understood; arguments and errors as of `load`."""
    path, reading = Path(path), ReadOptions(arch=arch, **options)
    if form is not None or path.suffix not in (".ndn", ".ndp"):
        return read_network(path, reading, form)
    check_options(reading, (), f"a {path.suffix} file")
    if path.suffix == ".ndn":
        item, title = load_quantized(path), "neurodeploy network"
    else:
        program, title = load_program(path)[0], PROGRAM
        item = Quantized(program.network, program.source, program.source_omitted, program.quantization)
    return Loaded(item.network, (), title, item if item.is_known else None)


def load(path: str | Path, arch: str | None = None, *, form: str | None = None, **options: Any) -> Network | Program:
    """A program from a `.ndp` file, else a network.

    Args:
        path: a `.ndn` or `.ndp` file, or a file or folder of a foreign format.
        arch: SLAYER's notation of the layers, where the format does not hold them, for example "34x34x2-512-10".
        form: name of the foreign format; None: by the suffix, or a folder.
        **options: the other fields of `ReadOptions`, for example yaml="network.yaml".

    Raises:
        FormatError: a missing, damaged or unknown file.
        NetworkError: a network that breaks a rule.
        OptionError: an option that means nothing for the format.
    """
    path = Path(path)
    return load_program(path)[0] if path.suffix == ".ndp" else read(path, arch, form=form, **options).network


def convert(
    network: Network | Quantized,
    path: str | Path,
    form: str | None = None,
    *,
    overwrite: bool = False,
    source: str | Path | None = None,
    **options: Any,
) -> tuple[list[Path], tuple[str, ...]]:
    """Write a network in any format that has a writer, or as `.ndn`.

    Args:
        network: what to write; where it came from goes into a `.ndn` file alone.
        path: the main file, whatever its suffix if `form` is given; files beside it differ in the suffix.
        form: name of the foreign format; None: by the suffix.
        overwrite: whether existing files may be replaced.
        source: the file that the network was read from, which is not replaced in any case.
        **options: the fields of `WriteOptions`.

    Returns:
        The files, and what the writer has to say.

    Raises:
        FormatError: an unknown format, an existing file, or a network that the format cannot hold.
        OptionError: an option that means nothing for the format.
    """
    path, writing = Path(path), WriteOptions(**options)
    if form is None and path.suffix == ".ndn":
        check_options(writing, (), "a .ndn file")
        _check_replaced(path, overwrite, source)
        save(network, path, overwrite=overwrite)
        return [path], ()
    if path.is_dir() or not path.name:
        raise FormatError(str(path), "is a folder", "name the file to write")
    plain = network.network if isinstance(network, Quantized) else network
    written = written_network(plain, path, writing, form)
    main = next(iter(written.files))
    files = {path if suffix == main else path.with_suffix(suffix): data for suffix, data in written.files.items()}
    for file in files:
        _check_replaced(file, overwrite, source)
    for file, content in files.items():
        write_atomic(file, content, overwrite)
    return list(files), written.notes


def _check_replaced(file: Path, overwrite: bool, source: str | Path | None) -> None:
    """Raise FormatError for a file that must not be replaced."""
    if not file.exists():
        return
    if not overwrite:
        raise FormatError(str(file), "exists already", "choose another name or pass --force")
    if source is not None and file.samefile(source):
        raise FormatError(str(file), "is the file that is read", "choose another name")


def save(item: Network | Quantized | Program | RunRecord, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a network, with where it came from or without (`.ndn`), a program (`.ndp`) or the record of a run (`.ndr`).

    Raises:
        FormatError: the wrong suffix, an existing file without `overwrite`, or a file that cannot be written.
    """
    path = Path(path)
    suffix = {Network: ".ndn", Quantized: ".ndn", Program: ".ndp", RunRecord: ".ndr"}[type(item)]
    if path.suffix != suffix:
        raise FormatError(str(path), f"does not end in {suffix}", f"name it {path.with_suffix(suffix).name}")
    if isinstance(item, (Network, Quantized)):
        save_network(item, path, provenance=provenance(["nd.save"]), overwrite=overwrite)
    elif isinstance(item, Program):
        save_program(item, path, overwrite=overwrite)
    else:
        save_record(item, path, overwrite=overwrite)


def compile(  # noqa: A001 - the verb of the command line; scripts call nd.compile
    network: Network | Quantized,
    target: str = "loihi1",
    weight_bits: int | None = None,
    keep_source: bool = True,
    progress: Callable[[str], None] | None = None,
    command: Sequence[str] = ("nd.compile",),
    *,
    calibrate: Data = None,
    rates: Rates | None = None,
    **options: Any,
) -> Program:
    """A network quantized and mapped to a target.

    Args:
        network: float or integer, or quantized with where it came from, as `read` has it.
        target: name of a target, or the path of a `.toml` file.
        weight_bits: 1 … 8; None keeps what came as integers exact.
        keep_source: store the float network too.
        progress: called with the name of each stage before it is worked on.
        command: for the provenance.
        calibrate: recordings, as `run` takes them, that the network is run on once: spikes are then weighed as they
            were seen, where the network is cut and where its cores are placed. None: all neurons fire alike.
        rates: what `firing_rates` gave, instead of recordings.
        **options: the other fields of `CompileOptions`, for example memory_rule="nxtf".

    Raises:
        NeurodeployError: what `compile_network` and `measured_rates` raise.
    """
    chosen = CompileOptions(target, weight_bits, keep_source, **options)
    made = provenance(command)
    plain = network.network if isinstance(network, Quantized) else network
    if calibrate is not None:
        rates = firing_rates(plain, calibrate, target, weight_bits, progress=progress, **options)
    program = compile_network(plain, chosen, made, progress, rates)
    return with_origin(program, network, keep_source) if isinstance(network, Quantized) else program


def firing_rates(
    network: Network,
    calibrate: Data,
    target: str = "loihi1",
    weight_bits: int | None = None,
    *,
    progress: Callable[[str], None] | None = None,
    **options: Any,
) -> Rates:
    """How often each neuron fires in recordings, of a first mapping to the target; for `compile` and `advise`.

    Args:
        network: as `compile` has it.
        calibrate: recordings, as `run` takes them.
        target: as `compile` has it.
        weight_bits: as `compile` has it.
        progress: as `compile` has it.
        **options: as `compile` has them.

    Raises:
        NeurodeployError: what `compile_network` and `measured_rates` raise.
    """
    chosen = CompileOptions(target, weight_bits, **options | {"objective": "cores"})
    draft = compile_network(network, chosen, progress=progress)
    return measured_rates(draft, inputs(calibrate), progress or (lambda text: None))


def advise(
    network: Network,
    summary: Mapping[str, Any],
    target: str = "loihi1",
    weight_bits: int | None = None,
    *,
    thorough: bool = True,
    progress: Callable[[str], None] | None = None,
    rates: Rates | None = None,
    **options: Any,
) -> tuple[Change, ...] | None:
    """Which one change would save cores, found by planning the network again with each.

    Args:
        network: as it was compiled.
        summary: of the program, or of the `TooManyCoresError` that `compile` raised.
        target: as it was compiled for.
        weight_bits: as it was compiled with.
        thorough: try everything; else only what takes about a second.
        progress: called with the text of each change before it is tried.
        rates: what `firing_rates` gave: changes are then priced in packets and energy too.
        **options: the other fields of `CompileOptions`.

    Returns:
        The best first; None if nothing was tried, since the network is too large for a quick answer.
    """
    return find_advice(network, CompileOptions(target, weight_bits, **options), summary, thorough, progress, rates)


def with_advice(program: Program, changes: Sequence[Change] | None) -> Program:
    """The program with what `advise` found in its summary, so that its file and reports tell it."""
    if changes is None:
        return program
    return replace(program, summary=program.summary | {"advice": advice_json(changes)})


def explain(program: Program, layer: str, progress: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Why a population of a program takes what it takes: what fills its cores, where it was cut, and what other
    formats would take at the same cut; see `neurodeploy.compiler.explain`.

    Raises:
        OptionError: a population that is not there, or runs on the host.
    """
    return explained(program, layer, progress)


def inputs(data: Data, split: str | None = None, limit: int | None = None) -> list[Input]:
    """The recordings that `data` stands for: a spike file, a folder of them, a table of features (`.csv`), events, a
    raster, or None for no input.

    Raises:
        FormatError, DataError, OptionError: see `find_samples`.
    """
    if isinstance(data, (str, Path)):
        return list(find_samples(data, split, limit))
    return [data]


def run(
    program: Program,
    data: Data = None,
    backend: str = "emulator",
    *,
    threads: int = 1,
    split: str | None = None,
    limit: int | None = None,
    output: str | Path | None = None,
    overwrite: bool = False,
    progress: Callable[[float], None] = lambda part: None,
    **options: Any,
) -> Run | list[Run]:
    """Run recordings from zero state each; a `Run` for one recording, a list for a folder or a table.

    Args:
        program: compiled.
        data: spike file, folder, table of features (`.csv`), `Events`, or a raster (steps, neurons) or
            (steps, C, H, W); None: no input.
        backend: "emulator", "reference" or "torch".
        threads: recordings run side by side.
        split: only the recordings of this split of the folder.
        limit: only so many.
        output: a `.h5` file that what is probed in every recording is written to as it runs; the runs then hold
            neither traces nor spikes, and memory does not grow with their length.
        overwrite: whether that file may replace another one.
        progress: told now and then which part of a recording has been run since.
        **options: the fields of `RunOptions`, for example probes=["fc1.u", "fc1.v"] and steps=300.

    Raises:
        NeurodeployError: what cannot be read or run.
    """
    session = Session(program, backend, _options(options))
    items = inputs(data, split, limit)
    if output is None:
        runs = session.run_all(items, threads, progress=progress)
    else:
        with probe_file(session, output, backend, overwrite=overwrite) as file:
            runs = session.run_all(items, threads, lambda index: False, progress, file)
    several = isinstance(data, (str, Path)) and (Path(data).is_dir() or Path(data).suffix.lower() == TABLE_SUFFIX)
    return runs if several else runs[0]


def stream(
    program: Program,
    backend: str = "emulator",
    *,
    resume: str | Path | None = None,
    output: str | Path | None = None,
    overwrite: bool = False,
    **options: Any,
) -> Stream:
    """A run of any length that is given its input piece by piece; a context, which closes `output`.

    >>> with nd.stream(program, probes=["fc1.v[:10]"], output="run.h5") as live:
    ...     for part in live.run(frames_of_a_camera):
    ...         print(part.first, part["fc2.spikes"].sum(axis=0))
    ...     live.save("state.nds")

    Args:
        program: compiled.
        backend: any that can be stepped; "emulator" and "reference" can also save and resume a state.
        resume: a `.nds` file of the same program and profile to go on from.
        output: a `.h5` file that what is probed is written to, instead of being given with each part.
        overwrite: whether that file may replace another one.
        **options: the fields of `RunOptions`; `steps`, if given, is the length of the whole run.

    Raises:
        NeurodeployError: what cannot be read or run.
    """
    session = Session(program, backend, _options(options))
    live = session.stream(session.options.steps, None if resume is None else load_snapshot(Path(resume)))
    if output is not None:
        file = probe_file(session, output, backend, overwrite=overwrite)
        try:
            live.record(file, owned=True)
        except NeurodeployError:
            file.remove()
            raise
    return live


def probe_file(
    session: Session, path: str | Path, backend: str, command: Sequence[str] = ("nd.run",), *, overwrite: bool = False
) -> ProbeFile:
    """A file for what a session probes; see `ProbeFile`.

    Raises:
        OptionError: a session without probes.
        FormatError: another suffix, an existing file, or a folder that cannot be written to.
    """
    if not session.options.probes:
        raise OptionError(str(path), "has nothing to hold", "add probes, for example fc1.u")
    about = {"backend": backend, "profile": session.options.profile, "provenance": json.dumps(provenance(command))}
    return ProbeFile(Path(path), about, overwrite=overwrite)


def record(
    program: Program, runs: Sequence[Run], backend: str = "emulator", command: Sequence[str] = ("nd.run",)
) -> RunRecord:
    """What runs leave for reports: the object of `run --json`, the program's numbers, the spikes of the first run."""
    made = provenance(command)
    summary = run_summary(runs, backend, program_checksum(program), 0.0, made)
    return run_record(program, summary, runs)


def verify(
    program: Program,
    data: Data = None,
    backends: Sequence[str] = ("reference", "emulator"),
    *,
    rate: float | None = None,
    seed: int = 0,
    split: str | None = None,
    limit: int | None = None,
    progress: Callable[[float], None] = lambda part: None,
    **options: Any,
) -> Verification:
    """Run two or more backends on the same input and compare every spike, u and v.

    Args:
        program: compiled.
        data: see `run`.
        backends: names; every other one is compared with the first.
        rate: random input instead of data: spikes per neuron and step, 0 … 1.
        seed: of the random input.
        split: only the recordings of this split of the folder.
        limit: only so many.
        progress: told now and then which part of a recording has been run since.
        **options: the fields of `RunOptions`.

    Raises:
        NeurodeployError: what cannot be read or run.
    """
    run_options = _options(options)
    verifier = Verifier(program, backends, run_options)
    for item in verify_inputs(program, data, rate, seed, run_options.steps, split, limit):
        verifier.compare(item, progress)
    return verifier.result()


def verify_inputs(
    program: Program,
    data: Data = None,
    rate: float | None = None,
    seed: int = 0,
    steps: int | None = None,
    split: str | None = None,
    limit: int | None = None,
) -> list[Input]:
    """What `verify` runs: the recordings that `data` stands for, or one of random spikes.

    Raises:
        OptionError: both data and a rate.
        DataError: a rate outside 0 … 1; and what `inputs` raises.
    """
    if rate is None:
        return inputs(data, split, limit)
    if data is not None:
        raise OptionError("random input", "is asked for beside recordings", "give --data or --random, not both")
    length = steps or program.network.steps or RANDOM_STEPS
    return [random_events(program.network.input.neurons, length, rate, seed)]


def program_checksum(program: Program) -> str:
    """SHA-256 of the file that `save` would write, in hexadecimal."""
    return checksum(program_bytes(program))


def _options(fields: dict[str, Any]) -> RunOptions:
    if "probes" in fields:
        fields = fields | {"probes": tuple(fields["probes"])}
    return RunOptions(**fields)
