"""The worker: reads messages from its standard input, answers on its standard output, ends when the input ends.

Messages: "load" (networks, once), "restart" (begin a recording), "advance" (run steps, send spikes and states).
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
import traceback
from multiprocessing import shared_memory
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .exchange import Arrays, pack, unpack

#: Where Linux keeps shared memory as files; macOS shows it nowhere.
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108


def main(segment_prefix: str, folder: str) -> None:
    """Serve until the input ends, then end the whole process group: Lava's processes are in it.

    Args:
        segment_prefix: how the names of all shared memory begin, so that whoever started this can remove it.
        folder: for temporary files, to be removed in the end.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what Lava prints is no answer
    name_segments(segment_prefix)
    threading.Thread(target=_follow, args=(os.getppid(), segment_prefix, folder), daemon=True).start()
    try:
        serve(sys.stdin.buffer, answers)
    except Exception as error:
        traceback.print_exc()
        answers.write(pack({"failed": f"{type(error).__name__}: {error}"[:300]}))
        answers.flush()
    finally:
        _end(segment_prefix, folder)


def _follow(parent: int, segment_prefix: str, folder: str) -> None:
    """End when whoever started this is gone."""
    while os.getppid() == parent:
        time.sleep(1)
    _end(segment_prefix, folder)


def _end(segment_prefix: str, folder: str) -> None:
    """Remove the shared memory and the folder, end the group."""
    sys.stderr.flush()
    for path in _SHARED_MEMORY.glob(f"{segment_prefix}*"):
        path.unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def name_segments(prefix: str) -> None:
    """Give the shared memory that multiprocessing makes names of our own."""
    vars(shared_memory).update(_SHM_NAME_PREFIX=f"/{prefix}", _SHM_SAFE_NAME_LENGTH=len(prefix) + 13)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer every request."""
    from .board import BoardProgram
    from .program import LavaProgram

    def read(size: int) -> bytes:
        data = requests.read(size)
        if len(data) < size:
            raise EOFError
        return data

    program: LavaProgram | None = None
    while True:
        try:
            header, arrays = unpack(read)
        except EOFError:
            return
        if header["do"] == "load":
            program = (BoardProgram if "board" in header else LavaProgram)(header, arrays)
            program.start()
            result: Arrays = {}
        elif program is None:
            raise ValueError("nothing is loaded")
        elif header["do"] == "restart":
            program.restart()
            result = {}
        else:
            result = _advanced(program, header, arrays)
        answers.write(pack({"done": header["do"]}, result))
        answers.flush()


def _advanced(program: Any, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Arrays:
    """Spikes of every population and states of those asked for, after the steps."""
    steps: int = header["steps"]
    fed = {i: (arrays[f"{i}.row"], arrays[f"{i}.neuron"], arrays[f"{i}.payload"]) for i in header["fed"]}
    program.advance(steps, fed)
    result: dict[str, NDArray[Any]] = {}
    for i, trace in program.traces.items():
        row, neuron = np.nonzero(trace.spikes[:steps])
        result[f"{i}.row"], result[f"{i}.neuron"] = row, neuron
        result[f"{i}.payload"] = trace.spikes[row, neuron]
        if header["states"] is None:
            continue
        rows = slice(0 if i in header["states"] else steps - 1, steps)
        result[f"{i}.u"], result[f"{i}.v"] = trace.u[rows], trace.v[rows]
    return result
