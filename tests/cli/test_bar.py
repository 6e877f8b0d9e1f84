"""The bar on a terminal, seen through a real one of 80 columns."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

WIDTH = 80
CODE = """
from neurodeploy.cli.verb import Console
with Console(False, False, False).progress("doing", {total}) as advance:
    advance("[b]" + "x" * 200)
print("done")
"""


@pytest.mark.parametrize(("total", "told"), [(4, r"25% .* left"), (None, r"0:00:00 so far")])
def test_bar(total: int | None, told: str, tmp_path: Path) -> None:
    """A long text is cut, so that per cent and time stay in sight; standard output has the answer alone."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
    command = [sys.executable, "-c", CODE.format(total=total)]
    environment = {**os.environ, "TERM": "xterm-256color"}
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=side, env=environment, cwd=tmp_path, check=True)
    os.close(side)
    seen = os.read(main, 1 << 16).decode()
    os.close(main)
    assert made.stdout == b"done\n"
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen))
    assert max(map(len, lines)) <= WIDTH
    (last,) = {line.rstrip() for line in lines if "xxx" in line}
    assert "doing [b]xxx" in last
    assert re.search(told, last)
