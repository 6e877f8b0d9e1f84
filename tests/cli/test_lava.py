"""`neurodeploy lava` and backend `lava` where there is no environment: what is missing, what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from neurodeploy.runtime.lava_environment import Environment
from tests.cli.conftest import Invoke

#: Behaves like pyenv's shim of a version that is not selected.
SHIM = '#!/bin/sh\necho "pyenv: python3.10: command not found" >&2\nexit 127\n'


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Lava, whose only Python 3.10 is a shim that refuses."""
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin" / "python3.10"
    shim.write_text(SHIM)
    shim.chmod(0o755)
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "CONDA_PREFIX", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("NEURODEPLOY_LAVA_HOME", str(tmp_path / "cache" / "lava"))
    return tmp_path


def test_status_without_lava(bare: Path, invoke: Invoke) -> None:
    result = invoke("lava", "status", "--json")
    assert result.exit_code == 3
    answer = json.loads(result.stdout)
    assert (answer["schema"], answer["complete"], answer["versions"]) == ("neurodeploy.lava/1", False, None)
    assert answer["folder"] == str(bare / "cache" / "lava")
    assert "neurodeploy lava setup" in result.stderr


def test_setup_without_python(bare: Path, invoke: Invoke) -> None:
    result = invoke("lava", "setup")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Python 3.10: is neither on the PATH nor among the versions of pyenv, uv or")
    assert "uv python install 3.10" in result.stderr
    assert not (bare / "cache").exists()


def test_setup_with_another_python(bare: Path, invoke: Invoke) -> None:
    result = invoke("lava", "setup", "--python", bare / "bin" / "python3.10")
    assert (result.exit_code, "is no Python 3.10 that starts" in result.stderr) == (1, True)


def test_pyenv_versions_are_found_behind_the_shim(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from neurodeploy.runtime.lava_environment import find_python

    python = bare / "pyenv" / "versions" / "3.10.13" / "bin" / "python3.10"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho 3.10\n")
    python.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(bare / "pyenv"))
    assert find_python() == python


def test_a_failed_setup_leaves_nothing(bare: Path, invoke: Invoke) -> None:
    """The interpreter says it is 3.10 but makes no environment."""
    python = bare / "bin" / "other"
    python.write_text('#!/bin/sh\n[ "$2" = -m ] && echo "no space left" && exit 1\necho 3.10\n')
    python.chmod(0o755)
    result = invoke("lava", "setup", "--python", python)
    assert result.exit_code == 1
    assert "cannot install a virtual environment (no space left)" in result.stderr
    assert list((bare / "cache").iterdir()) == []


@pytest.mark.usefixtures("bare")
def test_backend_without_lava(invoke: Invoke, program_path: Path) -> None:
    result = invoke("run", program_path, "--backend", "lava")
    assert result.exit_code == 1
    assert "backend lava: needs Lava's own environment, which is not set up; neurodeploy lava setup" in result.stderr


@pytest.mark.usefixtures("bare")
def test_doctor_lists_it_and_needs_it_not(invoke: Invoke) -> None:
    answer = json.loads(invoke("doctor", "--json").stdout)
    lava = answer["pieces"][-1]
    assert (lava["piece"], lava["works"], lava["remedy"]) == ("Lava", False, "neurodeploy lava setup")
    assert answer["complete"] is True


@pytest.mark.usefixtures("lava")
def test_status_and_setup_with_lava(invoke: Invoke) -> None:
    """A second setup changes nothing."""
    before = json.loads(invoke("lava", "status", "--json").stdout)
    assert before["complete"]
    assert before["versions"]["lava"] == "0.10.0"
    assert before["versions"]["numpy"].startswith("1.")
    assert json.loads(invoke("lava", "setup", "--json").stdout) == before


def test_broken_environments(bare: Path, lava: Environment, invoke: Invoke) -> None:
    """A marker that is no marker, and an environment from which a module was removed: not set up, says status."""
    folder = bare / "cache" / "lava"
    shutil.copytree(lava.folder, folder, symlinks=True, ignore=shutil.ignore_patterns("*.pyc", "tests", "scipy.libs"))
    (module,) = folder.glob("lib/python3.10/site-packages/lava/proc/conv/models.py")
    module.unlink()
    assert invoke("lava", "status").exit_code == 3
    (folder / "neurodeploy.json").write_text("[1]")
    assert invoke("lava", "status").exit_code == 3
    assert invoke("doctor").exit_code == 0


@pytest.mark.usefixtures("lava")
@pytest.mark.parametrize("given", ["soon", "0", "-3", "inf"])
def test_time_limit(given: str, invoke: Invoke, program_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEURODEPLOY_LAVA_TIMEOUT", given)
    result = invoke("run", program_path, "--backend", "lava")
    assert (result.exit_code, "is no positive number of seconds" in result.stderr) == (1, True)


@pytest.mark.usefixtures("lava")
def test_no_board(invoke: Invoke, program_path: Path) -> None:
    result = invoke("run", program_path, "--backend", "lava-hw")
    assert result.exit_code == 1
    assert "backend lava-hw: Lava reports no Loihi 2 board" in result.stderr
