"""The line of a key, however a valid TOML file is written."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodeploy.compiler import target
from neurodeploy.compiler.described import Described, line_of
from neurodeploy.errors import FormatError

LINES = """\
# core, chips and mesh are words of this comment
chips = [   # mesh
  1,
  2,
]
text = '''
mesh = 3
[core]
'''
"mesh" = "chips = 9"

[core]
inner.depth = { left = 1, right = 2 }
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("chips",), 2),
        (("text",), 6),
        (("mesh",), 10),
        (("core",), 12),
        (("core", "inner"), 13),
        (("core", "inner", "depth", "right"), 13),
        (("core", "mesh"), None),
        (("absent",), None),
        ((), None),
    ],
)
def test_lines(path: tuple[str, ...], line: int | None) -> None:
    tomllib.loads(LINES)
    assert line_of(LINES, path) == line


@pytest.mark.parametrize("name", ["loihi1", "loihi2"])
def test_every_line_of_a_target(name: str) -> None:
    text = (Path(target.__file__).parent / "targets" / f"{name}.toml").read_text("utf-8")
    table: tuple[str, ...] = ()
    found = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            table = (line.strip("[]"),)
            assert line_of(text, table) == number
        elif line and not line.startswith("#"):
            assert line_of(text, (*table, line.split()[0])) == number
            found += 1
    assert found == (24 if name == "loihi1" else 25)


@given(st.text("a=[]{}'\"\n#.1 ", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        described = Described.parse(text, "chip.toml")
    except FormatError:
        return
    for key in described.data:
        line = line_of(text, (key,))
        assert line is None or key in text.split("\n")[line - 1]
