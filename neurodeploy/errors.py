"""Every error a user can meet: one sentence that names the object, the value, the limit and the remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class NeurodeployError(Exception):
    """Base of all errors raised on purpose; the command line prints it as one line and exits with `exit_code`.

    Args:
        subject: what is wrong, as the user knows it (a layer, a file, an option).
        problem: the value found and the limit it breaks.
        remedy: what to do about it.
    """

    exit_code = 1

    def __init__(self, subject: str, problem: str, remedy: str = "") -> None:
        self.subject = subject
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{subject}: {problem}" + (f"; {remedy}" if remedy else "") + ".")


class NetworkError(NeurodeployError):
    """A network that breaks a rule of the representation."""


class FormatError(NeurodeployError):
    """A file that is missing, damaged, of an unknown kind, or that holds what its format forbids."""


class DataError(NeurodeployError):
    """Recordings or labels that do not suit the network."""


class QuantizationError(NeurodeployError):
    """Weights that the chosen number format cannot hold without a loss nobody asked for."""


class OptionError(NeurodeployError):
    """An unknown value of a known option."""


class MissingPackageError(NeurodeployError):
    """An optional package that a function needs and that cannot be imported."""


class BackendError(NeurodeployError):
    """A backend outside this process that failed, or did not answer in time."""


class DoesNotFitError(NeurodeployError):
    """A network that the target cannot hold: the answer is no, not a failure.

    Args:
        subject, problem, remedy: see `NeurodeployError`.
        rows: what is asked of the target and what it has, one JSON-ready object per line of a table, all with the
            same keys.
        ways: sentences, each saying what would make it fit, or what would not.
    """

    exit_code = 3

    def __init__(
        self,
        subject: str,
        problem: str,
        remedy: str = "",
        rows: Sequence[Mapping[str, Any]] = (),
        ways: Sequence[str] = (),
    ) -> None:
        super().__init__(subject, problem, remedy)
        self.rows = tuple(rows)
        self.ways = tuple(ways)
