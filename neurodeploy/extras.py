"""What to tell a user who lacks an optional package."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires

from neurodeploy.provenance import DISTRIBUTION

_REQUIREMENT = re.compile(r"""(?P<package>[^;]+?)\s*;.*\bextra\s*==\s*["'](?P<extra>[\w.-]+)["']\s*""")


def install_remedy(extra: str) -> str:
    """How to install what an extra of this package asks for, for example `pip install 'torch>=2.4'`.

    The packages themselves are named, and not `neurodeploy-snn[torch]`: that a package index has this package is
    true of a release only, neither of a checkout nor of a wheel from elsewhere.

    Args:
        extra: its name in pyproject.toml; one that is not installed there counts as a package of that name.
    """
    return "pip install " + " ".join(f"'{package}'" for package in packages(_declared(), extra) or (extra,))


def packages(requirements: Sequence[str], extra: str) -> tuple[str, ...]:
    """The requirements, as a distribution's metadata lists them, that belong to an extra, without their condition."""
    found = [_REQUIREMENT.fullmatch(line) for line in requirements]
    return tuple(match["package"] for match in found if match and match["extra"] == extra)


def _declared() -> Sequence[str]:
    try:
        return requires(DISTRIBUTION) or ()
    except PackageNotFoundError:
        return ()
