"""Network files, `.ndn`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neurodeploy.container import read_container, write_container
from neurodeploy.errors import FormatError
from neurodeploy.network.codec import network_from_parts, network_to_parts
from neurodeploy.network.network import Network


def save_network(
    network: Network, path: Path, *, provenance: dict[str, Any] | None = None, overwrite: bool = False
) -> None:
    """Write a network.

    Raises:
        FormatError: the file exists and `overwrite` is false, or cannot be written.
    """
    meta, arrays = network_to_parts(network, "network")
    meta = {"network": meta, "provenance": provenance or {}}
    write_container(path, "network", meta, arrays, overwrite=overwrite)


def load_network(path: Path) -> Network:
    """Read a network.

    Raises:
        FormatError: a missing, damaged or foreign file.
        NetworkError: a network that breaks a rule.
    """
    meta, arrays = read_container(path, "network")
    if set(meta) != {"network", "provenance"}:
        raise FormatError(str(path), "holds no network", "write it again")
    return network_from_parts(meta["network"], arrays, str(path))
