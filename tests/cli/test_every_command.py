"""What holds for all commands: `--help`, `--json`, `--quiet`, 80 columns, no colours, and what to do next."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

import neurodeploy as nd
from neurodeploy.cli.main import COMMANDS, cli
from neurodeploy.cli.reading import again
from neurodeploy.models.datasets.tables import iris, write_table
from neurodeploy.network import Network
from tests.cli.conftest import Invoke

#: Makes an environment of its own for minutes; `test_lava.py` calls it.
ELSEWHERE = {"lava setup"}
WIDTH = 80


@dataclass(frozen=True)
class Files:
    """What the commands are called on."""

    network: Path
    program: Path
    recordings: Path
    run: Path
    table: Path
    continuous: Path


Words = Callable[[Files, Path], tuple[object, ...]]
CALLS: dict[str, Words] = {
    "demo": lambda f, out: ("--limit", 2, "-o", out / "demo"),
    "doctor": lambda f, out: (),
    "train": lambda f, out: (
        *("--method", "fp", "--neuron", "iris-paper", "--arch", "4-5-3", "--epochs", 1),
        *("--data", f.table, "-o", out / "n.npz"),
    ),
    "inspect": lambda f, out: (f.network,),
    "quantize": lambda f, out: (f.network, "--weight-bits", 4, "-o", out / "q.ndn"),
    "compile": lambda f, out: (f.network, "-o", out / "n.ndp"),
    "run": lambda f, out: (f.program, "--data", f.recordings, "-o", out / "r.ndr"),
    "verify": lambda f, out: (f.program, "--data", f.recordings),
    "compare": lambda f, out: (f.run, f.run),
    "sweep": lambda f, out: (f.network, "--data", f.recordings, "--weight-bits", "3,5"),
    "timestep": lambda f, out: (f.continuous, "--data", f.table, "--limit", 3, "--timestep-ms", 0.5, "--max-loss", 100),
    "convert": lambda f, out: (f.network, out / "n.net"),
    "formats": lambda f, out: (),
    "report": lambda f, out: (f.run, "-o", out / "r.html"),
    "replay": lambda f, out: (f.program, f.recordings / "1.bs2", "-o", out / "r.gif", "--speed", 1, "--steps", 10),
    "target list": lambda f, out: (),
    "target show": lambda f, out: ("loihi1",),
    "backend list": lambda f, out: (),
    "lava status": lambda f, out: (),
    "completion": lambda f, out: ("bash",),
}


def _commands() -> Iterator[tuple[str, click.Command]]:
    with click.Context(cli) as context:
        for name in COMMANDS:
            command = cli.get_command(context, name)
            assert command is not None
            inner = command.commands.items() if isinstance(command, click.Group) else [("", command)]
            yield from ((f"{name} {part}".strip(), item) for part, item in inner)


@pytest.fixture(scope="module")
def files(network: Network, program_path: Path, recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("every")
    nd.save(network, folder / "n.ndn")
    program = nd.load(program_path)
    assert isinstance(program, nd.Program)
    runs = nd.run(program, recordings)
    assert isinstance(runs, list)
    nd.save(nd.record(program, runs), folder / "r.ndr")
    write_table(iris(), folder / "iris.csv")
    nd.train("4-5-3", folder / "iris.csv", folder / "n.npz", method="fp", neuron="iris-paper", epochs=1)
    paths = (folder / name for name in ("r.ndr", "iris.csv", "n.npz"))
    return Files(folder / "n.ndn", program_path, recordings, *paths)


def test_no_command_is_left_out() -> None:
    assert set(CALLS) | ELSEWHERE == {name for name, _ in _commands()}


@pytest.mark.parametrize("name", [*CALLS, *ELSEWHERE])
def test_help(invoke: Invoke, name: str) -> None:
    answer = invoke(*name.split(), "--help")
    assert answer.exit_code == 0
    for flag in ("--json", "--quiet", "--verbose", "--debug"):
        assert flag in answer.stdout
    assert max(map(len, answer.stdout.splitlines())) <= WIDTH


@pytest.mark.parametrize("name", CALLS)
def test_what_a_command_prints(name: str, invoke: Invoke, files: Files, tmp_path: Path) -> None:
    """Text with what to do next; with `--json` one object and nothing else; with `--quiet` nothing at all."""
    answers = {}
    for how in ("", "--json", "--quiet") if name != "demo" else ("", "--json"):  # a demo makes 1,797 files each time
        (folder := tmp_path / f"out{how}").mkdir()
        answers[how] = answer = invoke(*name.split(), *CALLS[name](files, folder), *filter(None, [how]))
        assert answer.exit_code == 0, answer.stderr
        assert "\x1b" not in answer.stdout + answer.stderr
    plain, asked = answers[""], answers["--json"]
    assert plain.stdout
    if name != "completion":  # a script that a shell reads as it starts, which says what is next on a terminal alone
        assert "Next: " in plain.stderr.splitlines()[-1]
        assert [line for line in plain.stdout.splitlines() if len(line) > WIDTH and str(tmp_path) not in line] == []
    assert json.loads(asked.stdout)["schema"].startswith("neurodeploy.")
    assert asked.stdout.count("\n") == 1
    for quiet in (answer for how, answer in answers.items() if how == "--quiet"):
        assert (quiet.stdout, quiet.stderr) == ("", "")


def test_the_next_command_reads_the_same_network() -> None:
    reading = {"form": "slayer", "arch": "4x4x2-6-3", "reset_interval": 7}
    told = again(Path("my nets/a.pt"), reading)
    assert told == "'my nets/a.pt' --from slayer --arch 4x4x2-6-3 --reset-interval 7"
