"""Backend `lava-hw`: Loihi 2 through Lava. Without a board it says so, and it never pretends to have one."""

from __future__ import annotations

import subprocess
from typing import NoReturn

from neurodeploy.compiler.program import Program
from neurodeploy.emulator.simulation import Options
from neurodeploy.errors import BackendError
from neurodeploy.runtime.lava_environment import Environment, required
from neurodeploy.runtime.lava_job import check_network, check_options

#: Lava drives a chip with its closed extension lava-loihi alone; `is_installed` is Lava's own question for it.
_QUESTION = "from lava.utils.loihi import is_installed; print(is_installed())"


def open_board(program: Program, options: Options) -> NoReturn:
    """Look for a Loihi 2 board for a network; there is none that could be tried, so this always ends in an error.

    Raises:
        NetworkError, OptionError: something that Lava does not have.
        MissingPackageError: Lava is not set up.
        BackendError: Lava reports no board; or it has its extension, with which nothing here was ever tried.
    """
    check_options(options)
    check_network(program.network)
    problem = "Lava reports no Loihi 2 board, as its extension lava-loihi is not installed"
    if has_extension(required("lava-hw")):
        problem = "Lava has its extension lava-loihi, but the way to the chip is untested and not offered yet"
    raise BackendError("backend lava-hw", problem, "use --backend lava, Lava's simulator")


def has_extension(environment: Environment) -> bool:
    """Whether Lava says that it can drive a chip.

    Raises:
        BackendError: it gives no answer.
    """
    try:
        answer = subprocess.run(
            [str(environment.python), "-I", "-c", _QUESTION], capture_output=True, text=True, timeout=120, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BackendError("backend lava-hw", f"cannot ask Lava for a board ({error})", "set Lava up again") from error
    return answer.stdout.strip() == "True"
