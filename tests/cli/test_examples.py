"""The examples of networks in continuous time, at reduced size: each ends on the emulator, or it fails by itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "epochs", "figures"),
    [
        ("xor", 40, ("voltages", "first_times", "loss")),
        pytest.param("iris", 4, ("first_times", "loss"), marks=pytest.mark.evidence),
        pytest.param("yin_yang", 20, ("first_times", "loss"), marks=pytest.mark.evidence),
    ],
)
def test_an_example_ends_on_the_chip(name: str, epochs: int, figures: tuple[str, ...], tmp_path: Path) -> None:
    script = str(EXAMPLES / f"{name}.py")
    command = [sys.executable, script, "--quick", "--epochs", str(epochs), "--threads", "1"]
    environment = os.environ | {"MPLCONFIGDIR": str(tmp_path)}
    result = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, timeout=600, check=False, env=environment
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "reference == C emulator: True" in result.stdout
    reached = re.search(r"emulator: (\d+) of (\d+) right", result.stdout)
    assert reached is not None
    if name != "iris":  # so few epochs teach it nothing
        assert int(reached[1]) / int(reached[2]) > 0.7
    for figure in figures:
        assert (tmp_path / f"{name}_{figure}.svg").stat().st_size > 5000
