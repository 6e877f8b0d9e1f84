"""How long a comparison of a thousand runs of the digits takes, and how large its page is.

The runs are those of the shipped network on its held-out recordings, each with some answers of its own.

    python -m benchmarks.report [RUNS] [RECORDINGS] [--files] [--keep PAGE.html]

With --files the runs are written to files first, and what is timed is the command that compares them and writes the
page, from its start to its end.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time, sleep

import numpy as np

import neurodeploy as nd
from neurodeploy import api
from neurodeploy.models.datasets.digits import record_digits, write_digits
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.reporting import write_report
from neurodeploy.reporting.comparison import compared
from neurodeploy.runtime.record import RunRecord, save_record

RUNS, RECORDINGS = 1000, 898


def first_run(folder: Path, recordings: int) -> RunRecord:
    """The digits network on held-out recordings."""
    write_digits(folder, record_digits(), False)
    program = nd.compile(api.read(CHECKPOINT, yaml=YAML).network)
    runs = nd.run(program, folder, split="test", limit=recordings)
    assert isinstance(runs, list)
    return api.record(program, runs)


def variants(first: RunRecord, number: int) -> Iterator[RunRecord]:
    """The run again and again, each time with some recordings that lost the spikes of the class they were taken for."""
    random = np.random.default_rng(0)
    outputs = first.outputs
    assert outputs is not None
    for _ in range(number):
        samples = [dict(sample) for sample in first.run["samples"]]
        lost = np.zeros(len(samples), np.int64) - 1
        for i in random.choice(len(samples), random.integers(1, 1 + len(samples) // 20), replace=False):
            counts = list(samples[i]["output_counts"])
            lost[i] = samples[i]["prediction"]
            counts[lost[i]] = 0
            samples[i] |= {"output_counts": counts, "prediction": int(np.argmax(counts)) if any(counts) else None}
        kept = outputs.neuron != lost[outputs.recording]
        right = sum(sample["prediction"] == sample["label"] for sample in samples)
        run = {**first.run, "samples": samples, "accuracy": {"correct": right, "total": len(samples)}}
        columns = {name: getattr(outputs, name)[kept] for name in ("recording", "step", "neuron")}
        yield replace(first, run=run, outputs=replace(outputs, **columns))


def in_memory(records: Iterator[RunRecord], page: Path) -> None:
    """Compare records that are held, and draw them."""
    named = {f"run {i}": record for i, record in enumerate(records, 1)}
    started, busy = perf_counter(), process_time()
    found = compared(named)
    counted = perf_counter()
    write_report(found, page)
    ended, busy = perf_counter(), process_time() - busy
    print(f"compared in {counted - started:.2f} s, drawn and written in {ended - counted:.2f} s")
    print(f"together    {ended - started:.2f} s, of the processor {busy:.2f} s")


def resident(process: int) -> int:
    """Bytes of memory a process holds now; 0 once it has ended, and where there is no /proc."""
    status = Path(f"/proc/{process}/statm")
    try:
        return int(status.read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def from_files(records: Iterator[RunRecord], page: Path) -> None:
    """The command on files, in a process of its own."""
    folder = page.with_suffix("")
    folder.mkdir()
    files = []
    for number, record in enumerate(records, 1):
        files.append(folder / f"run{number:04}.ndr")
        save_record(record, files[-1])
    print(f"{len(files):,} files of {files[0].stat().st_size / 1e6:.2f} MB; load {os.getloadavg()[0]:.1f}")
    started, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "neurodeploy", "compare", *map(str, files), "-o", str(page), "--quiet"]
    highest = 0
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            highest = max(highest, resident(process.pid))
            sleep(0.1)
    wall, after = perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"compare -o  {wall:.2f} s, of the processor {busy:.2f} s; at most {highest / 1e6:,.0f} MB")


def main() -> None:
    """Print the table."""
    parser = ArgumentParser()
    parser.add_argument("runs", nargs="?", type=int, default=RUNS)
    parser.add_argument("recordings", nargs="?", type=int, default=RECORDINGS)
    parser.add_argument("--files", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        first = first_run(folder / "recordings", options.recordings)
        print(f"{options.runs:,} runs of {len(first.run['samples']):,} recordings")
        page = folder / "page.html"
        (from_files if options.files else in_memory)(variants(first, options.runs), page)
        for file in (page, page.with_suffix(".json")):
            print(f"{file.name}   {file.stat().st_size / 1e6:.2f} MB")
        if options.keep:
            shutil.copy(page, options.keep)


if __name__ == "__main__":
    main()
