"""`train --method fp`: from a table to a network in continuous time, what comes next, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.models.datasets.tables import iris, write_table
from tests.cli.conftest import Invoke

WORDS = ("train", "--method", "fp", "--neuron", "iris-paper", "--arch", "4-5-3")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    write_table(iris(), tmp_path / "iris.csv")
    return tmp_path / "iris.csv"


def test_a_recipe_by_name_and_the_next_step(invoke: Invoke, table: Path, tmp_path: Path) -> None:
    words = (*WORDS, "--data", table, "--epochs", 2, "-o", tmp_path / "net.npz")
    made = invoke(*words, "--test-share", 0.2)
    assert made.exit_code == 0, made.stderr
    assert "of 30 correct" in made.stdout
    (following,) = [line for line in made.stderr.splitlines() if line.startswith("Next: ")]
    assert following == f"Next: neurodeploy timestep {tmp_path / 'net.npz'} --data {table}"
    again = invoke(*words, "--test-share", 0.2)
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    untested = invoke(*words, "--force")
    assert untested.exit_code == 0, untested.stderr
    assert "not tested: no recordings to test on; --test-share 0.2 keeps a fifth" in untested.stdout


def test_the_next_step_leaves_out_what_was_trained_on(invoke: Invoke, tmp_path: Path) -> None:
    parts = np.where(np.arange(150) % 5 == 0, "held", "train")
    write_table(replace(iris(), split=parts), tmp_path / "iris.csv")
    words = (*WORDS, "--data", tmp_path / "iris.csv", "--epochs", 1, "--test-split", "held", "-o", tmp_path / "n.npz")
    made = invoke(*words, "--json")
    assert json.loads(made.stdout)["test_recordings"] == 30
    assert made.stderr.endswith(f"--data {tmp_path / 'iris.csv'} --split held\n")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--neuron", "net.yaml"), "recipe: 'net.yaml' is unknown; choose from xor, iris, iris-paper"),
        (("--planes", "4"), "planes: is nothing that the method fp has"),
        (("--timestep-ms", "0.1"), "timestep ms: is nothing that the method fp has"),
        (("--loss", "entropy"), "loss: is nothing that the method fp has"),
        (("--split", "held"), "split: 'held' is asked for, and the table has no splits"),
        (("--test-split", "held"), "test split: 'held' is asked for, and the table has no splits"),
        (("--limit", "40"), "has 40 samples, all of one class"),
        (("--learning-rate", "nan"), "learning_rate nan"),
        (("--arch", "4-5-2"), "end the network with an output per class"),
        (("--arch", "5-5-3"), "begin with 4"),
    ],
)
def test_what_cannot_be_trained_is_said(
    invoke: Invoke, table: Path, tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    answer = invoke(*WORDS, "--data", table, "-o", tmp_path / "net.npz", *options)
    assert answer.exit_code == 1
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("method", ["slayer", "tssl"])
def test_a_table_is_for_forward_propagation(invoke: Invoke, table: Path, method: str) -> None:
    answer = invoke("train", "--method", method, "--arch", "4-5-3", "--data", table)
    assert answer.exit_code == 1
    assert "is a table of features; train on it with the method fp" in answer.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c,d,label\n1,2,3,nan,0\n2,3,4,5,1\n", "finite"),
        ("a,b,c,d,label\n1,2,3,4,0\n1,3,4,5,1\n", "leave out constant features"),
        ("a,b,c,d\n1,2,3,4\n", "label"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(invoke: Invoke, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.csv").write_text(text)
    answer = invoke(*WORDS, "--data", tmp_path / "bad.csv", "-o", tmp_path / "net.npz")
    assert answer.exit_code == 1
    assert message in answer.stderr
