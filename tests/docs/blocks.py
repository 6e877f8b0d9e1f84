"""Blocks of code in Markdown pages, found by Sybil, and what running each kind means.

| language | what is done |
|---|---|
| `sh` | run; every command must end with 0 |
| `console` | the commands behind `$` are run, and must print what follows them; a line `…` stands for any lines |
| `python` | run; the blocks of a page share their names |
| `toml` | parsed |
| `c` | compiled with the header `network.h` beside it, and run |
| `text` | nothing: output of other data, formulas |

A comment in front of a block changes that: `<!-- file: NAME -->` writes the block to a file, `<!-- status: N -->`
demands another exit code, and `<!-- skip: next "reason" -->` leaves it out, for blocks that cannot run in a test.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner
from markdown_it import MarkdownIt
from sybil import Document, Example, Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser, SkipParser

from neurodeploy.cli.main import cli

#: Seconds that one block of shell commands may take.
PATIENCE = 300
_COMMENT = r"<!-- {}: (.+) -->\n+$"
_SHELL = re.compile(r"[|<>$;&`(]")


def tokens(path: Path) -> list[tuple[str, str, int]]:
    """Kind ("fence", "code_block"), language and line of every block of code that Markdown sees."""
    found = MarkdownIt().parse(path.read_text(encoding="utf-8"))
    return [
        (token.type, token.info.strip(), (token.map or [0])[0] + 1)
        for token in found
        if token.type in ("fence", "code_block")
    ]


def blocks(path: Path) -> Document:
    """A page with all its blocks."""
    evaluators: dict[str, Callable[[Example], str | None]] = {
        "sh": _run_shell,
        "console": _run_console,
        "python": _run_python,
        "toml": _parse_toml,
        "c": _run_c,
    }
    parsers = [CodeBlockParser(language, _filed(evaluator)) for language, evaluator in evaluators.items()]
    return Sybil([*parsers, SkipParser()], path=str(path.parent)).parse(path)


def _comment(example: Example, name: str) -> str | None:
    """What the comment of that name right in front of the block says."""
    found = re.search(_COMMENT.format(name), example.document.text[: example.region.start])
    return found[1] if found else None


def _filed(evaluator: Callable[[Example], str | None]) -> Callable[[Example], str | None]:
    """Write blocks with a file's name, hand others on."""

    def evaluate(example: Example) -> str | None:
        name = _comment(example, "file")
        if name is None:
            return evaluator(example)
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(example.parsed, encoding="utf-8")
        return _parse_toml(example) if name.endswith(".toml") else None

    return evaluate


def _run_python(example: Example) -> str | None:
    return PythonEvaluator()(example)


def _parse_toml(example: Example) -> str | None:
    try:
        tomllib.loads(example.parsed)
    except tomllib.TOMLDecodeError as error:
        return str(error)
    return None


def _run_shell(example: Example) -> str | None:
    expected = int(_comment(example, "status") or 0)
    status, output = run(example.parsed)
    return None if status == expected else f"exit code {status} instead of {expected}:\n{output}"


def _run_console(example: Example) -> str | None:
    for turn in re.split(r"^\$ ", example.parsed, flags=re.MULTILINE)[1:]:
        lines = turn.splitlines()
        length = 1 + next(i for i, line in enumerate(lines) if not line.endswith("\\"))
        command, shown = "\n".join(lines[:length]), "\n".join(lines[length:])
        status, output = run(command)
        if status not in (0, 3) or not _matches(shown, output):
            return f"{command}\nends with {status} and prints\n{output}"
    return None


def _matches(shown: str, output: str) -> bool:
    """Whether the output is as shown, lines `…` standing for any others, blanks at the ends of lines aside."""
    pattern = "\n".join(re.escape(line.rstrip()) for line in shown.strip().splitlines())
    pattern = re.sub(rf"^{re.escape('…')}\n?", r"(?:.*\n)*?", pattern + "\n", flags=re.MULTILINE)
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in output.strip().splitlines())) is not None


def run(script: str) -> tuple[int, str]:
    """Exit code and output of a script; calls of our own command alone run in this process, which saves imports."""
    lines = [line for line in re.sub(r"\\\n", " ", script).splitlines() if line.split("#")[0].strip()]
    if not all(line.startswith("neurodeploy ") and not _SHELL.search(line.split(" # ")[0]) for line in lines):
        return _bash(script)
    printed = ""
    for line in lines:
        result = CliRunner().invoke(cli, shlex.split(line, comments=True)[1:], catch_exceptions=False)
        printed += result.output
        if result.exit_code:
            return result.exit_code, printed
    return 0, printed


def _bash(script: str) -> tuple[int, str]:
    own = os.pathsep.join([str(Path.cwd()), str(Path(sys.executable).parent)])
    finished = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        env=os.environ | {"PATH": own + os.pathsep + os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    return finished.returncode, finished.stdout.decode("utf-8", "replace")


def _run_c(example: Example) -> str | None:
    """Compile the block as the body of `main`, with an input that is silent."""
    compiler = shutil.which("cc")
    if compiler is None:
        return "no C compiler"
    body = f"int16_t input[4096] = {{0}};\n{example.parsed}\nreturn 0;"
    Path("main.c").write_text(f'#include "network.h"\nint main(void) {{\n{body}\n}}\n', encoding="utf-8")
    status, output = _bash(f"{compiler} -std=c99 -o main main.c network.c && ./main")
    return f"exit code {status}:\n{output}" if status else None
