"""The worker that dies, talks nonsense or sleeps: one clear error within the limit, and nothing left behind."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.errors import BackendError
from neurodeploy.network import Bias, CubaLif, Dense, Network, Population, Projection, Reset
from neurodeploy.runtime.lava import LavaGroup
from neurodeploy.runtime.lava_client import LavaWorker, worker_command
from neurodeploy.runtime.lava_environment import Environment
from neurodeploy.runtime.lava_job import job
from neurodeploy.runtime.run import RunOptions
from neurodeploy.runtime.session import Session
from neurodeploy.spikes.events import Events

SHARED_MEMORY = Path("/dev/shm")
#: What a fake worker does first: it leaves a child in its group and a segment behind, as Lava would.
MESS = """
import os, subprocess, sys, time
open(f"/dev/shm/{sys.argv[1]}left", "wb").close()
assert os.environ["TMPDIR"] == sys.argv[2]
open(f"{sys.argv[2]}/left", "wb").close()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=-3, stdout=-3)
"""


#: And the sending of what looks like a message.
ANSWER = """
import io, struct, zipfile, numpy
def send(data, length=None):
    sys.stdout.buffer.write(struct.pack("<8sQ", b"NDLAVA1\\n", len(data) if length is None else length) + data)
    sys.stdout.flush()
def zipped(data):
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as file:
        file.writestr("header", data)
    return body.getvalue()
"""


def fake(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", MESS + code]


def living(group: int) -> list[int]:
    """Processes of a group that are not just waiting to be reaped."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, pgrp = (folder / "stat").read_text().rsplit(")", 1)[1].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(pgrp) == group and state not in "ZX":
            found.append(int(folder.name))
    return found


def gone(group: int, segment_prefix: str) -> bool:
    """Whether a group and its shared memory end; a killed process takes a moment."""
    end = time.monotonic() + 5
    while living(group) or any(SHARED_MEMORY.glob(f"{segment_prefix}*")):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder that has room for the path of a socket."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def nothing_left(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No temporary file."""
    monkeypatch.setattr("tempfile.tempdir", str(short_path))
    yield
    assert not list(short_path.iterdir())


def test_long_paths(tmp_path: Path, lava: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where sockets would get too long a path, Lava gets another folder."""
    deep = tmp_path / ("deep" * 20)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    worker = LavaWorker(worker_command(lava.python), seconds=60)
    worker.ask(*job([network()]))
    worker.close()


def network() -> Network:
    neuron = CubaLif(1024, 128, 10)
    populations = (Population("input", shape=(4,)), Population("fc1", neuron), Population("fc2", neuron))
    weights = (np.full((3, 4), 20), np.full((2, 3), 30))
    return Network(
        populations, (Projection("input", "fc1", Dense(weights[0])), Projection("fc1", "fc2", Dense(weights[1])))
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("time.sleep(600)  # while much waits to be read", "gave no answer within 2 seconds"),
        ("sys.stdin.buffer.read(100); time.sleep(600)", "gave no answer within 2 seconds"),
        ("print('Hello, world, this is no message', flush=True); time.sleep(600)", "gave an answer that is no message"),
        ("print('Hello', flush=True); time.sleep(600)", "gave no answer within 2 seconds"),
        ("sys.exit('I am tired')", "I am tired"),
        ("os.kill(os.getpid(), 9)", "ended by signal 9"),
        ("os.close(1); time.sleep(600)", "closed its pipes"),
        (ANSWER + "send(b'')", "gave an answer that is no message"),
        (ANSWER + "send(b'PK' + bytes(90))", "gave an answer that is no message"),
        (ANSWER + "send(bytes(numpy.load.__doc__, 'utf-8'))", "gave an answer that is no message"),
        (ANSWER + "send(zipped(b'not an array'))", "gave an answer that is no message"),
        (ANSWER + "send(b'', 9999)\nwhile True: send(b'x'); time.sleep(0.02)", "gave no answer within 2 seconds"),
    ],
)
@pytest.mark.usefixtures("nothing_left")
def test_fake_workers(code: str, message: str) -> None:
    worker = LavaWorker(fake(code), seconds=2)
    started = time.monotonic()
    with pytest.raises(BackendError, match=message):
        worker.ask({"do": "load"}, {"weight": np.zeros(10**7 if "much" in code else 1)})
    assert time.monotonic() - started < 4
    assert gone(worker.pid, worker.segment_prefix)
    assert not worker.alive


def test_no_such_program() -> None:
    with pytest.raises(BackendError, match="cannot start /no/python"):
        LavaWorker(["/no/python"], seconds=2)


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("victim", ["worker", "one of Lava's processes"])
def test_killed_in_the_middle(victim: str, lava: Environment) -> None:
    """Every process of the group, all shared memory and all files are gone afterwards."""
    worker = LavaWorker(worker_command(lava.python), seconds=60)
    worker.ask(*job([network()]))
    group = LavaGroup([network()], worker)
    processes = living(worker.pid)
    assert len(processes) > 5
    pid = worker.pid if victim == "worker" else max(p for p in processes if p != worker.pid)
    threading.Timer(0.5, os.kill, (pid, signal.SIGKILL)).start()
    started = time.monotonic()
    with pytest.raises(BackendError, match=r"ended by signal 9|ended with exit code -9"):
        group.advance([Events.none()], 100_000, [[]])
    assert time.monotonic() - started < 10
    assert gone(worker.pid, worker.segment_prefix)


@pytest.mark.usefixtures("nothing_left")
def test_closed_in_the_ordinary_way(lava: Environment) -> None:
    worker = LavaWorker(worker_command(lava.python), seconds=60)
    worker.ask(*job([network()]))
    assert len(living(worker.pid)) > 5
    assert any(SHARED_MEMORY.glob(f"{worker.segment_prefix}*"))
    worker.close()
    assert gone(worker.pid, worker.segment_prefix)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C interrupts, also where a shell that runs the tests in the background has switched it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("nothing_left", "interruptible")
def test_interrupted(lava: Environment) -> None:
    """Ctrl-C while an answer is awaited: the worker that owes it is not asked again."""
    program = nd.compile(network())
    session = Session(program, "lava", RunOptions(steps=100_000))
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        session.run(Events.none())
    run = Session.run(session, np.ones((20, 4), int))
    assert run.spikes[1].step.size > 0
    del session, run
    gc.collect()
    assert lava.folder.is_dir()


def test_populations_of_their_own(lava: Environment) -> None:
    """Two pieces that no projection joins; the second is driven by its bias."""
    neuron, bias = CubaLif(1024, 128, 10), Bias(np.array(100))
    populations = (
        Population("input", shape=(4,)),
        Population("fc1", neuron),
        Population("a", neuron, shape=(2,), bias=bias),
        Population("b", neuron),
    )
    weights = (np.full((3, 4), 20), np.full((2, 2), 30))
    joined = (Projection("input", "fc1", Dense(weights[0])), Projection("a", "b", Dense(weights[1])))
    program = nd.compile(Network(populations, joined, steps=40))
    assert lava.versions["lava"] == "0.10.0"
    result = nd.verify(program, np.eye(4, dtype=int).repeat(10, axis=0), ("reference", "lava"))
    assert result.equal, result.first_difference
    assert all(layer["spikes"]["lava"] > 0 for layer in result.layers)


def test_long_resets_start_anew(lava: Environment) -> None:
    """No worker runs 100,000 silent steps so that the next recording meets its reset."""
    program = nd.compile(replace(network(), reset=Reset(100_000, 5), steps=30))
    session = Session(program, "lava")
    started = time.monotonic()
    counts = [len(session.run(np.ones((30, 4), int)).spikes[1].step) for _ in range(2)]
    assert time.monotonic() - started < 60
    assert counts[0] == counts[1] > 0
    assert lava.python.is_file()


def test_ends_with_its_parent(lava: Environment, short_path: Path) -> None:
    """A user's interrupted program leaves nothing behind, not even when it is killed."""
    code = f"""
import sys, time
from pathlib import Path
from neurodeploy.runtime.lava_client import LavaWorker, worker_command
from neurodeploy.runtime.lava_job import job
from tests.unit.runtime.test_lava_worker import network
worker = LavaWorker(worker_command(Path({str(lava.python)!r})), 60)
worker.ask(*job([network()]))
print(worker.pid, worker.segment_prefix, flush=True)
time.sleep(600)
"""
    root = Path(__file__).resolve().parents[3]
    environment = os.environ | {"TMPDIR": str(short_path)}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=environment) as parent:
        assert parent.stdout is not None
        pid, prefix = parent.stdout.readline().split()
        worker = int(pid)
        assert len(living(worker)) > 5
        assert any(short_path.iterdir())
        parent.kill()
    assert gone(worker, prefix)
    assert not list(short_path.iterdir())
