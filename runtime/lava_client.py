"""The worker process seen from outside: started, asked, and ended with everything it started.

A worker that dies, prints something else or does not answer in time ends in one error; its whole process group is
killed and its shared memory removed.
"""

from __future__ import annotations

import os
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import IO, Any

from numpy.typing import NDArray

from neurodeploy.errors import BackendError
from neurodeploy.runtime.lava_worker.exchange import Arrays, GarbledError, pack, unpack

#: Loads the package `lava_worker` from its folder alone: on the path, our `lava.py` would hide Lava.
_CODE = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("lava_worker", sys.argv[1] + "/__init__.py")
sys.modules["lava_worker"] = importlib.util.module_from_spec(spec)
from lava_worker.main import main
main(*sys.argv[2:])
"""
#: Where Linux keeps shared memory as files.
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108
_LOOK_MILLISECONDS = 100
#: Seconds that each answer of the worker may take; it answers after at most CHUNK_STEPS steps.
TIMEOUT_VARIABLE = "NEURODEPLOY_LAVA_TIMEOUT"
#: Where the usual folder for temporary files has a longer path, this one is used.
_LONGEST_FOLDER, _SHORT_FOLDER = 40, "/tmp"  # noqa: S108
_REMEDY = "see what `neurodeploy lava status` says, and --debug for all that the worker said"


def worker_command(python: Path) -> list[str]:
    """How the worker is started; behind come the prefix of its shared memory's names and a folder of its own."""
    return [str(python), "-I", "-c", _CODE, str(Path(__file__).parent / "lava_worker")]


class LavaWorker:
    """A running worker.

    Args:
        command: see `worker_command`.
        seconds: how long each answer may take.

    Attributes:
        segment_prefix: how the names of its shared memory begin.

    Raises:
        BackendError: it cannot be started.
    """

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        self._seconds = seconds
        self.segment_prefix = f"ndl{secrets.token_hex(4)}_"
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        folder = _folder()
        try:
            self._process = subprocess.Popen(
                [*command, self.segment_prefix, folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                start_new_session=True,
                env=os.environ | {"TMPDIR": folder},
            )
        except OSError as error:
            self._stderr.close()
            shutil.rmtree(folder, ignore_errors=True)
            raise BackendError("backend lava", f"cannot start {command[0]} ({error})", "set Lava up again") from error
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        self._end = weakref.finalize(self, _end, self._process, self.segment_prefix, folder, self._stderr)

    @property
    def pid(self) -> int:
        """Of the worker and of its process group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._end.alive

    def ask(self, header: Mapping[str, Any], arrays: Arrays | None = None) -> dict[str, NDArray[Any]]:
        """Send a request and wait for its answer.

        Raises:
            BackendError: the worker died, gave no proper answer, or took too long; it is ended then.
        """
        deadline = monotonic() + self._seconds
        try:
            self._write(pack(header, arrays), deadline)
            answer, result = unpack(lambda size: self._read(size, deadline))
        except _FailedError as error:
            problem = str(error)
        except GarbledError:
            problem = "gave an answer that is no message"
        except BaseException:  # Ctrl-C: an answer that is still owed would be taken for the next one's
            self.close()
            raise
        else:
            if answer.get("done") == header["do"]:
                return result
            problem = f"answered {answer.get('done')!r} to {header['do']!r}"
            if "failed" in answer:
                problem = f"failed: {answer['failed']}"
        said = self._said()
        last = next((line.strip() for line in reversed(said) if line.strip()), "")
        self.close()
        words = f"; its last words: {last[:300]}" if last and "failed:" not in problem else ""
        failure = BackendError("backend lava", f"its worker {problem}{words}", _REMEDY)
        failure.add_note("\n".join(["What the worker said:", *said]))
        raise failure

    def close(self) -> None:
        """End the worker and everything it started, and remove what it left."""
        self._end()

    def _write(self, data: bytes, deadline: float) -> None:
        assert self._process.stdin is not None
        pipe, rest = self._process.stdin.fileno(), memoryview(data)
        while rest:
            self._wait(deadline, pipe, select.POLLOUT)
            try:
                rest = rest[os.write(pipe, rest[:65536]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise _FailedError(self._how_it_ended()) from None

    def _read(self, size: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        pipe, parts, missing = self._process.stdout.fileno(), [], size
        while missing:
            self._wait(deadline, pipe, select.POLLIN)
            if monotonic() > deadline:
                raise _FailedError(self._too_late())
            part = os.read(pipe, min(missing, 1 << 20))
            if not part:
                raise _FailedError(self._how_it_ended())
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _wait(self, deadline: float, pipe: int, event: int) -> None:
        """Until a pipe is ready; the worker's own children keep its pipes open, so its death shows in itself only."""
        poll = select.poll()
        poll.register(pipe, event)
        while not poll.poll(_LOOK_MILLISECONDS):
            if self._process.poll() is not None:
                raise _FailedError(self._how_it_ended())
            if monotonic() > deadline:
                raise _FailedError(self._too_late())

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return "closed its pipes"
        return f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"

    def _too_late(self) -> str:
        return f"gave no answer within {self._seconds:g} seconds ({TIMEOUT_VARIABLE})"

    def _said(self) -> list[str]:
        """The end of what it wrote to its standard error, by lines."""
        self._stderr.seek(max(0, self._stderr.seek(0, os.SEEK_END) - 4096))
        return self._stderr.read().decode(errors="replace").split("\n")


class _FailedError(Exception):
    """What the worker did wrong."""


def _folder() -> str:
    """A folder for what Lava puts in temporary files: sockets among them, whose paths may have some 100 characters."""
    usual = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="neurodeploy-lava-", dir=usual if len(usual) <= _LONGEST_FOLDER else _SHORT_FOLDER)


def _end(process: subprocess.Popen[bytes], prefix: str, folder: str, stderr: IO[bytes]) -> None:
    """Kill the group, wait for the worker, remove its shared memory and its folder, close the pipes."""
    with suppress(ProcessLookupError, PermissionError):  # macOS: no permission for a group of the dead
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if _SHARED_MEMORY.is_dir():
        for path in _SHARED_MEMORY.glob(f"{prefix}*"):
            path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    for pipe in (process.stdin, process.stdout, stderr):
        if pipe is not None:
            pipe.close()
