"""How long a comparison of a thousand runs of the digits takes, and how large its page is.

The runs are those of the shipped network on its held-out recordings, each with some answers of its own.

    python -m benchmarks.report [RUNS] [RECORDINGS]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np

import neurodeploy as nd
from neurodeploy import api
from neurodeploy.models.datasets.digits import record_digits, write_digits
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.reporting import write_report
from neurodeploy.reporting.comparison import compared
from neurodeploy.runtime.record import RunRecord

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


def main(number: int = RUNS, recordings: int = RECORDINGS) -> None:
    """Print the table."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        first = first_run(folder / "recordings", recordings)
        records = {f"run {i}": record for i, record in enumerate(variants(first, number), 1)}
        started, busy = perf_counter(), process_time()
        found = compared(records)
        counted = perf_counter()
        write_report(found, folder / "page.html")
        ended, busy = perf_counter(), process_time() - busy
        print(f"{number:,} runs of {len(first.run['samples']):,} recordings")
        print(f"compared in {counted - started:.2f} s, drawn and written in {ended - counted:.2f} s")
        print(f"together    {ended - started:.2f} s, of the processor {busy:.2f} s")
        for file in ("page.html", "page.json"):
            print(f"{file}   {(folder / file).stat().st_size / 1e6:.2f} MB")
        if len(sys.argv) > 3:
            Path(sys.argv[3]).write_bytes((folder / "page.html").read_bytes())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
