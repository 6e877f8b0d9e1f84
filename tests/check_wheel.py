"""What a user of pip gets: the source distribution, wheels built from it, each installed into an empty environment and
used from another folder, on every Python that is supported."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from email.parser import BytesParser
from pathlib import Path

from packaging.metadata import Metadata

ROOT = Path(__file__).resolve().parents[1]
QUIET = ("-q", "--disable-pip-version-check")
#: By version, what a wheel for it may be called: 3.12 and later share one of the stable ABI.
TAGS = {"3.11": "cp311-cp311", "3.12": "cp312-abi3", "3.13": "cp312-abi3"}
#: Commands that a new user tries first, in a folder with `p.ndp`.
COMMANDS = (
    "--version",
    "doctor",
    "formats",
    "target list",
    "backend list",
    "verify p.ndp --random 0.2",
    "convert p.ndp p.c",
)
#: What a wheel must hold, as name endings, and what it must not, as folders.
HELD = (
    "/py.typed",
    "/targets/loihi1.toml",
    "/digits/digits.pt",
    *(f"/reporting/page/{path.name}" for path in (ROOT / "neurodeploy/reporting/page").iterdir()),
    *(f"/replays/replay.{kind}" for kind in ("html.jinja", "css", "js")),
    "/licenses/LICENSE",
)
#: The native modules; those of the stable ABI say so in their names on Linux and macOS.
NATIVE = ("emulator/_core", "models/slayer/_loops", "models/forward_prop/_events")
NOT_HELD = ("tests/", "docs/", "benchmarks/", "compiler/", "runtime/", "emulator/", "models/")


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command; a failure ends this program with its exit code."""
    finished = subprocess.run(command, cwd=cwd, check=False)
    if finished.returncode:
        sys.exit(finished.returncode)


def pythons(version: str) -> Iterator[str]:
    """Where a Python of this version may lie: this one, the PATH, the versions of pyenv and uv."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        yield sys.executable
    yield f"python{version}"
    home = Path.home()
    for root in (Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions", home / ".local/share/uv/python"):
        for folder in sorted(root.glob(f"*{version}*"), reverse=True):
            yield str(folder / "bin" / f"python{version}")


def find_python(version: str) -> str | None:
    """The first that starts; pyenv's shims are on the PATH and refuse."""
    question = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for python in pythons(version):
        try:
            answer = subprocess.run([python, "-I", "-c", question], capture_output=True, text=True, check=False)
        except OSError:
            continue
        if answer.stdout.strip() == version:
            return python
    return None


def build_source(folder: Path) -> Path:
    """The source distribution, which must hold what belongs to a release."""
    run(sys.executable, "-m", "build", "--sdist", "--outdir", folder, ROOT)
    (source,) = folder.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    missing = {"LICENSE", "CHANGELOG.md", "CITATION.cff", "README.md", "compiler/limits.py"} - names
    if missing:
        sys.exit(f"{source.name} lacks {', '.join(sorted(missing))}")
    return source


def check_content(wheel: Path, tag: str) -> None:
    """Name, metadata and files of a wheel."""
    if f"-{tag}-" not in wheel.name:
        sys.exit(f"{wheel.name} is no wheel for {tag}")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (described,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        Metadata.from_email(archive.read(described), validate=True)
        text = BytesParser().parsebytes(archive.read(described)).get_payload()
    stable = ".abi3." if tag.endswith("abi3") and os.name == "posix" else "."
    natives = [f"neurodeploy/{name}{stable}" for name in NATIVE]
    wrong = [f"lacks {native}*" for native in natives if not any(name.startswith(native) for name in names)]
    wrong += [f"lacks *{end}" for end in HELD if not any(name.endswith(end) for name in names)]
    wrong += [name for name in names if name.startswith(NOT_HELD) or name.endswith((".c", ".h", ".cpp"))]
    if wrong or "From a trained spiking network" not in str(text):
        sys.exit(f"{wheel.name}: {', '.join(wrong) or 'no description'}")


def check(python: str, version: str, folder: Path, source: Path, wheels: Mapping[str, Path]) -> Path:
    """An empty environment of a Python: build the wheel unless there is one for it, install it, use it."""
    run(python, "-m", "venv", folder)
    own = folder / "bin" / "python"
    wheel = wheels.get(TAGS[version])
    if wheel is None:
        run(own, "-m", "pip", "wheel", *QUIET, "--no-deps", "-w", folder / "wheel", source)
        (wheel,) = (folder / "wheel").glob("*.whl")
        check_content(wheel, TAGS[version])
    run(own, "-m", "pip", "install", *QUIET, "-c", str(ROOT / "constraints.txt"), wheel)
    run(own, "-I", "-W", "error", ROOT / "tests" / "use_wheel.py", cwd=folder)
    return wheel


def try_commands(folder: Path) -> None:
    """The command line of an environment."""
    make = "import neurodeploy as nd, numpy as np; from neurodeploy.network import *; \
n = Network((Population('input', shape=(8,)), Population('fc1', CubaLif(1024, 128, 10))), \
(Projection('input', 'fc1', Dense(np.full((5, 8), 60))),)); nd.save(nd.compile(n), 'p.ndp')"
    run(folder / "bin" / "python", "-c", make, cwd=folder)
    for command in COMMANDS:
        with (folder / "output.txt").open("w") as output:
            finished = subprocess.run(
                [folder / "bin" / "neurodeploy", *command.split()],
                cwd=folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if finished.returncode:
            sys.exit(f"neurodeploy {command}: {(folder / 'output.txt').read_text()}")


def main() -> None:
    """Build, look, install, use."""
    with tempfile.TemporaryDirectory() as name:
        folder, wheels = Path(name), dict[str, Path]()
        source = build_source(folder)
        for version, tag in TAGS.items():
            python = find_python(version)
            if python is None and os.environ.get("CI") == "true":
                sys.exit(f"no Python {version}: pyenv install {version}")
            if python is None:
                print(f"no Python {version} here: not checked")
                continue
            wheels[tag] = check(python, version, folder / version, source, wheels)
            try_commands(folder / version)
            print(f"Python {version}: {wheels[tag].name} installed and used")


main()
