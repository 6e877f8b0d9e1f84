"""Compile all native sources for the systems that wheels are built for and that this one is not: with zig's compiler,
which brings the headers of them all, and once as a compiler without GNU's extensions sees them. Nothing is run.

Warnings are errors. Flags are those of CMakeLists.txt for clang and gcc. The glue to Python is compiled where the sizes
in this Python's headers hold, which they do not on Windows.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SYSTEMS = ("aarch64-linux-gnu.2.17", "aarch64-macos.11.0", "x86_64-macos.11.0", "x86_64-windows-gnu")
ZIG = (sys.executable, "-m", "ziglang")
#: What the sources with loops for one instruction set are compiled with, by the end of their names.
INSTRUCTIONS = {
    "_avx2": ("-mavx2",),
    "_avx512": ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl"),
}
STRICT = ("-Wall", "-Wextra", "-Werror", "-O3")
C = ("-std=c11", "-ffp-contract=off", *STRICT)
NANOBIND = subprocess.check_output([sys.executable, "-m", "nanobind", "--include_dir"], text=True).strip()
GLUE = (
    *("-std=c++17", *STRICT),
    *(f"-DPy_LIMITED_API={value}" for value in ("0x030C0000",) if sys.version_info >= (3, 12)),
    f"-I{sysconfig.get_path('include')}",
    f"-I{NANOBIND}",
)


def sources(pattern: str) -> list[Path]:
    """Native sources of all rooms."""
    return sorted(path for room in ("emulator", "models") for path in (ROOT / room).rglob(f"csrc/{pattern}"))


def commands(system: str) -> Iterator[tuple[str, ...]]:
    """One per source that belongs to a system."""
    intel = system.startswith("x86_64")
    for path in sources("*.c"):
        own = next((flags for end, flags in INSTRUCTIONS.items() if path.stem.endswith(end)), None)
        if own is None or intel:
            yield (*ZIG, "cc", "-target", system, *C, *(("-DND_X86",) if intel else ()), *(own or ()), str(path))
    for path in sources("*.cpp") if "windows" not in system else ():
        yield (*ZIG, "c++", "-target", system, *GLUE, str(path))


def without_extensions(folder: Path) -> Iterator[tuple[str, ...]]:
    """The ways that are left to a compiler like Microsoft's; the system's own headers want to know theirs."""
    hidden = folder / "hidden.h"
    hidden.write_text("#include <math.h>\n#include <stdlib.h>\n#undef __GNUC__\n", encoding="utf-8")
    for path in sources("*.c"):
        if not path.stem.endswith(tuple(INSTRUCTIONS)):
            yield ("cc", "-include", str(hidden), *C, str(path))


def main() -> None:
    """Compile everything; compilers name what fails."""
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plans = {system: list(commands(system)) for system in SYSTEMS}
        for system, found in (plans | {"without extensions": list(without_extensions(folder))}).items():
            results = [subprocess.run([*one, "-c", "-o", folder / "object"], check=False).returncode for one in found]
            failed += sum(map(bool, results))
            print(f"{system}: {results.count(0)} of {len(found)} sources compile", flush=True)
    if failed:
        sys.exit(f"{failed} sources do not compile")


main()
