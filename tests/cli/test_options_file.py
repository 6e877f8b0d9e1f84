"""The options file, suggestions, completion, and what every command has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from neurodeploy.cli.main import COMMANDS, cli
from tests.cli.conftest import Invoke


def test_the_usual_file_lies_in_the_current_folder(
    invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "neurodeploy.toml").write_text("[run]\nsteps = 7\nread_out = 1\n")
    monkeypatch.chdir(tmp_path)
    words = ("run", program_path, "--data", recordings, "--json")
    answer = invoke(*words)
    assert answer.exit_code == 1
    assert "neurodeploy.toml: read_out: is no option of run; perhaps readout is meant" in answer.stderr
    (tmp_path / "neurodeploy.toml").write_text("[run]\nsteps = 7\ndrop-first-step = true\n")
    assert {sample["steps"] for sample in json.loads(invoke(*words).stdout)["samples"]} == {7}
    assert {sample["steps"] for sample in json.loads(invoke(*words, "--steps", 9).stdout)["samples"]} == {9}
    (tmp_path / "other.toml").write_text("[run]\nsteps = 8\n")
    named = invoke("--config", tmp_path / "other.toml", *words)
    assert {sample["steps"] for sample in json.loads(named.stdout)["samples"]} == {8}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[rnu]\nsteps = 1\n", "rnu: is no command; perhaps run is meant."),
        ("run = 3\n", "run: is no table of options; write it under [run]."),
        ("[target.shwo]\n", "shwo: is no command; perhaps show is meant."),
        ("[run\n", "cannot be read as TOML"),
    ],
)
def test_a_file_that_makes_no_sense(invoke: Invoke, tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "c.toml").write_text(text)
    answer = invoke("--config", tmp_path / "c.toml", "target", "list")
    assert answer.exit_code == 1
    assert sentence in answer.stderr


def test_a_group_takes_its_table(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[target.list]\njson = true\n")
    assert json.loads(invoke("--config", tmp_path / "c.toml", "target", "list").stdout)["targets"]


def test_did_you_mean(invoke: Invoke) -> None:
    answer = invoke("complie")
    assert answer.exit_code == 2
    assert "Did you mean 'compile'?" in answer.stderr
    assert "--target" in invoke("compile", "x", "--targt", "loihi1").stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(invoke: Invoke, shell: str) -> None:
    answer = json.loads(invoke("completion", shell, "--json").stdout)
    assert "_NEURODEPLOY_COMPLETE" in answer["script"]
    assert shell in answer["line"]


def test_completion_completes(monkeypatch: pytest.MonkeyPatch, invoke: Invoke) -> None:
    from click.shell_completion import ShellComplete

    found = ShellComplete(cli, {}, "neurodeploy", "_X").get_completions(["compile"], "--weight")
    assert [item.value for item in found] == ["--weight-bits"]
    assert "choose from bash, zsh, fish" in invoke("completion", "tcsh").stderr


def test_every_command_has_json_and_quiet() -> None:
    missing = [
        f"{name} {flag}"
        for name, command in _commands()
        for flag in ("--json", "--quiet", "--verbose", "--debug")
        if not any(flag in parameter.opts for parameter in command.params)
    ]
    assert missing == []


def test_verbose_tells_when_what_was_done(invoke: Invoke, program_path: Path, recordings: Path) -> None:
    answer = invoke("run", program_path, "--data", recordings, "-v", "--json")
    assert [line.split(" s  ")[1] for line in answer.stderr.splitlines() if " s  " in line] == ["loading", "running"]
    assert " s  " not in invoke("run", program_path, "--data", recordings, "--json").stderr


def _commands() -> Iterator[tuple[str, click.Command]]:
    with click.Context(cli) as context:
        for name in COMMANDS:
            command = cli.get_command(context, name)
            assert command is not None
            inner = command.commands.items() if isinstance(command, click.Group) else [("", command)]
            yield from ((f"{name} {part}".strip(), item) for part, item in inner)
