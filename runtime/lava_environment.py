"""The environment that Lava runs in: Python 3.10 with lava-nc 0.10, apart from everything else.

lava-nc 0.10.0 is the last release; it wants Python 3.10 and numpy below 2.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neurodeploy.errors import BackendError, MissingPackageError

REQUIREMENTS = ("lava-nc==0.10.0", "h5py")
SETUP = "neurodeploy lava setup"
#: Says where the environment lies, if not in the user's cache folder.
HOME_VARIABLE = "NEURODEPLOY_LAVA_HOME"

_MARKER = "neurodeploy.json"
_VERSION = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
#: Imports what the worker imports, and says the versions.
_CHECK = (
    "import json, platform, h5py, numpy, scipy.sparse; from importlib import import_module; "
    "from importlib.metadata import version; "
    "[import_module(f'lava.proc.{name}.models') for name in "
    "'atrlif conv dense lif rf rf_iz sdn sparse'.split()]; import lava.proc.io.source, lava.proc.io.sink; "
    "import lava.magma.core.run_configs, lava.utils.weightutils, lava.utils.loihi, lava.utils.slurm; "
    "print(json.dumps({'lava': version('lava-nc'), 'numpy': numpy.__version__, 'h5py': h5py.__version__, "
    "'python': platform.python_version()}))"
)


@dataclass(frozen=True)
class Environment:
    """An environment that is set up.

    Attributes:
        folder: where it lies.
        versions: of python, lava, numpy and h5py, as they were found after the installation.
    """

    folder: Path
    versions: dict[str, str]

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return _interpreter(self.folder)


def environment_folder() -> Path:
    """Where the environment lies: NEURODEPLOY_LAVA_HOME, or a folder of the user's cache."""
    if given := os.environ.get(HOME_VARIABLE):
        return Path(given)
    if sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "neurodeploy" / "lava-0.10"


def installed(thorough: bool = False) -> Environment | None:
    """The environment, None when there is none that is complete and starts.

    Args:
        thorough: whether Lava itself is tried too, which takes seconds.
    """
    folder = environment_folder()
    try:
        versions = _versions((folder / _MARKER).read_text("utf-8"))
        if not _starts(_interpreter(folder)):
            return None
        if thorough:
            _run([str(_interpreter(folder)), "-I", "-c", _CHECK], "Lava", lambda line: None)
    except (OSError, ValueError, BackendError):
        return None
    return Environment(folder, versions)


def _versions(text: str) -> dict[str, str]:
    """What the marker holds; raises ValueError for anything else."""
    versions = json.loads(text)
    if not isinstance(versions, dict) or not {"lava", "numpy", "h5py", "python"} <= set(versions):
        raise ValueError("no versions")
    return {str(name): str(version) for name, version in versions.items()}


def required(backend: str) -> Environment:
    """The environment.

    Args:
        backend: that asks for it.

    Raises:
        MissingPackageError: there is none.
    """
    found = installed()
    if found is None:
        raise MissingPackageError(f"backend {backend}", "needs Lava's own environment, which is not set up", SETUP)
    return found


def set_up(
    python: Path | None = None, again: bool = False, progress: Callable[[str], None] = lambda text: None
) -> Environment:
    """Make the environment unless it is there; another process never sees half of one.

    Args:
        python: the Python 3.10 to use; None: the first that is found.
        again: make it anew.
        progress: is told what happens.

    Raises:
        MissingPackageError: no Python 3.10 that starts.
        BackendError: the packages cannot be installed.
    """
    base = find_python(python) if python is not None else None
    found = None if again else installed(thorough=True)
    if found is not None:
        return found
    base = base or find_python()
    folder = environment_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{folder.name}-", dir=folder.parent) as temporary:
        made = Path(temporary) / "environment"
        progress(f"Python 3.10 at {base}")
        _run([str(base), "-I", "-m", "venv", str(made)], "a virtual environment", lambda line: None)
        pip = [str(_interpreter(made)), "-I", "-m", "pip", "install", "--disable-pip-version-check", *REQUIREMENTS]
        _run(pip, " and ".join(REQUIREMENTS), lambda line: progress(line) if _tells(line) else None)
        progress("trying it")
        answer = _run([str(_interpreter(made)), "-I", "-c", _CHECK], "Lava", lambda line: None)
        versions = _versions(answer.splitlines()[-1])
        (made / _MARKER).write_text(json.dumps(versions), "utf-8")
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        made.rename(folder)
    return Environment(folder, versions)


def find_python(given: Path | None = None) -> Path:
    """A Python 3.10 that really starts and can make environments.

    Args:
        given: the only one to consider, if not None.

    Raises:
        MissingPackageError: there is none.
    """
    if given is not None:
        if not _starts(given):
            raise MissingPackageError(str(given), "is no Python 3.10 that starts", "give the path of one")
        return given
    for candidate in _candidates():
        if _starts(candidate):
            return candidate
    raise MissingPackageError(
        "Python 3.10",
        "is neither on the PATH nor among the versions of pyenv, uv or conda, and Lava needs it",
        "install it, for example with `uv python install 3.10` or `pyenv install 3.10`, or pass --python",
    )


def _candidates() -> Iterable[Path]:
    """Where a Python 3.10 may lie; pyenv's shims refuse a version that is not selected, its folders do."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield from (Path(folder) / name for name in ("python3.10", "python3.10.exe"))
    home = Path.home()
    roots = (
        (Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions", "3.10*"),
        (Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python"), "cpython-3.10*"),
        (home / "miniconda3" / "envs", "*"),
        (home / "miniforge3" / "envs", "*"),
        (home / "anaconda3" / "envs", "*"),
        (Path(os.environ.get("CONDA_PREFIX") or home / "miniconda3").parent, "*"),
        (Path(os.environ.get("CONDA_PREFIX") or home / "miniconda3") / "envs", "*"),
    )
    for root, pattern in roots:
        for version in sorted(root.glob(pattern), reverse=True):
            yield from (version / "bin" / "python3.10", version / "python.exe")


def _starts(python: Path) -> bool:
    if not python.is_file():
        return False
    try:
        answer = subprocess.run(
            [str(python), "-I", "-c", _VERSION], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and answer.stdout.strip() == "3.10"


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _tells(line: str) -> bool:
    return line.startswith(("Collecting", "Installing", "Downloading"))


def _run(command: list[str], what: str, progress: Callable[[str], None]) -> str:
    """Run a command; what it said, or its last line as an error."""
    said = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            progress(line.strip())
    if process.returncode:
        reason = next((line.strip() for line in reversed(said) if line.strip()), f"exit code {process.returncode}")
        raise BackendError("lava setup", f"cannot install {what} ({reason})", "check the network and pip's settings")
    return "".join(said)


def status() -> dict[str, Any]:
    """What `lava status` tells, schema `neurodeploy.lava/1`."""
    found = installed(thorough=True)
    return {
        "schema": "neurodeploy.lava/1",
        "folder": str(environment_folder()),
        "complete": found is not None,
        "versions": found.versions if found else None,
    }
