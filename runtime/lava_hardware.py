"""Backend `lava-hw`: Loihi 2 through Lava. Without a board it says so, and it never pretends to have one.

Lava drives a chip with its closed extension lava-loihi, whose compiler places neurons by itself; no chip was there to
try this with. What was tried is everything up to that extension; see docs/lava.md.
"""

from __future__ import annotations

import json
import subprocess
import weakref

from neurodeploy.compiler.program import Program
from neurodeploy.emulator.simulation import Options, State
from neurodeploy.errors import BackendError, NetworkError, OptionError
from neurodeploy.network import CubaLif, Network
from neurodeploy.runtime.backend import Board
from neurodeploy.runtime.lava import Simulator, timeout
from neurodeploy.runtime.lava_client import LavaWorker, worker_command
from neurodeploy.runtime.lava_environment import Environment, required
from neurodeploy.runtime.lava_job import check_network, check_options, job

#: Lava's own questions: whether it has its extension, and which boards SLURM knows.
_QUESTION = """
import json, shutil
from lava.utils import loihi, slurm
boards = slurm.get_boards() if shutil.which("sinfo") else []  # which Lava runs whether it exists or not
boards = [[b.nodename, b.partition, b.state] for b in boards]
print(json.dumps({"extension": loihi.is_installed(), "boards": boards}))
"""


class LavaHardwareBackend:
    """A network on a Loihi 2 board; it shows spikes, and neither u and v nor counters.

    Raises:
        NetworkError, OptionError: something that Lava does not have.
        MissingPackageError: Lava is not set up.
        BackendError: Lava reports no board, or not the one asked for.
    """

    def __init__(self, program: Program, options: Options, board: Board) -> None:
        check_options(options)
        check_network(program.network)
        _check_models(program.network)
        environment = required("lava-hw")
        check_board(*asked(environment), board)
        self._network = program.network
        self._command = worker_command(environment.python)
        self._board = board
        self._seconds = timeout()

    def simulation(self) -> BoardSimulation:
        """A run from zero state, on a chip loaded anew."""
        return BoardSimulation(self._network, self._board, LavaWorker(self._command, self._seconds))


def _check_models(network: Network) -> None:
    for population in network.populations:
        if population.neuron is not None and not isinstance(population.neuron, CubaLif):
            problem = f"has neurons of the model {population.neuron.NAME}; on a board only {CubaLif.NAME} is prepared"
            raise NetworkError(population.name, problem, "use --backend lava")


class BoardSimulation(Simulator):
    """A network being stepped on a board; implements `Simulation`, without u and v.

    Args:
        network: that `check_network` accepts.
        board: which.
        worker: of its own.
        adapters: whether a chip is there; without, the same program runs on Lava's models for the processor.
    """

    def __init__(self, network: Network, board: Board, worker: LavaWorker, adapters: bool = True) -> None:
        header, arrays = job([network])
        chosen = {"name": board.name, "partition": board.partition, "adapters": adapters}
        worker.ask(header | {"board": chosen}, arrays)
        super().__init__(network, worker, spikes_only=True)
        weakref.finalize(self, worker.close)

    def state(self, population: int) -> State:
        """Not to be seen on a chip.

        Raises:
            OptionError: always.
        """
        raise OptionError("backend lava-hw", "shows no u and v", "use --backend lava or emulator")


def asked(environment: Environment) -> tuple[bool, list[list[str]]]:
    """Whether Lava has its extension for chips, and the boards it knows: name, partition, state.

    Raises:
        BackendError: it gives no answer.
    """
    try:
        answer = subprocess.run(
            [str(environment.python), "-I", "-c", _QUESTION], capture_output=True, text=True, timeout=120, check=True
        )
        found = json.loads(answer.stdout)
        return bool(found["extension"]), [[str(value) for value in board] for board in found["boards"]]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
        raise BackendError("backend lava-hw", f"cannot ask Lava for a board ({error})", "set Lava up again") from error


def check_board(extension: bool, boards: list[list[str]], wanted: Board) -> None:
    """Whether the board asked for is there; where SLURM knows no boards, Lava looks for one by itself.

    Raises:
        BackendError: it is not, in one line.
    """
    remedy = "use --backend lava, Lava's simulator"
    if not extension:
        problem = "Lava reports no Loihi 2 board, as its extension lava-loihi is not installed"
        raise BackendError("backend lava-hw", problem, remedy)
    up = [board for board in boards if not any(word in board[2] for word in ("down", "drain"))]
    if boards and not up:
        raise BackendError("backend lava-hw", f"Lava reports that all {len(boards)} boards are down", remedy)
    for what, value, column in (("board", wanted.name, 0), ("partition", wanted.partition, 1)):
        known = sorted({board[column] for board in up})
        if value is not None and value not in known:
            problem = f"Lava reports no {what} {value}; it knows {', '.join(known) or 'none'}"
            raise BackendError("backend lava-hw", problem, f"name another {what}, or none")
