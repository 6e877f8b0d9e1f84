"""Network files, `.ndn`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neurodeploy.container import read_container, write_container
from neurodeploy.errors import FormatError
from neurodeploy.network.codec import network_from_parts, network_to_parts
from neurodeploy.network.network import Network
from neurodeploy.network.quantized import Quantized, rows_from_parts, rows_to_parts

_KEYS = {"network", "source", "source_omitted", "quantization", "provenance"}
#: What schema versions 1 and 2 had not.
_NO_ORIGIN: dict[str, Any] = {"source": None, "source_omitted": False, "quantization": []}


def save_network(
    network: Network | Quantized, path: Path, *, provenance: dict[str, Any] | None = None, overwrite: bool = False
) -> None:
    """Write a network, with where it came from if that is given.

    Raises:
        FormatError: the file exists and `overwrite` is false, or cannot be written.
    """
    item = network if isinstance(network, Quantized) else Quantized(network)
    meta, arrays = network_to_parts(item.network, "network")
    source, more = (None, {}) if item.source is None else network_to_parts(item.source, "source")
    contents = {
        "network": meta,
        "source": source,
        "source_omitted": item.source_omitted,
        "quantization": rows_to_parts(item.errors),
        "provenance": provenance or {},
    }
    write_container(path, "network", contents, arrays | more, overwrite=overwrite)


def load_network(path: Path) -> Network:
    """Read a network; see `load_quantized`."""
    return load_quantized(path).network


def load_quantized(path: Path) -> Quantized:
    """Read a network with where it came from, as far as the file tells.

    Raises:
        FormatError: a missing, damaged or foreign file.
        NetworkError: a network that breaks a rule, or a float network with other populations.
    """
    meta, arrays = read_container(path, "network")
    meta = _NO_ORIGIN | meta
    if set(meta) != _KEYS:
        raise FormatError(str(path), "holds no network", "write it again")
    network = network_from_parts(meta["network"], arrays, str(path))
    source = None if meta["source"] is None else network_from_parts(meta["source"], arrays, str(path))
    try:
        errors = rows_from_parts(meta["quantization"])
    except ValueError as error:
        raise FormatError(str(path), f"describes no quantization ({error})", "quantize the network again") from error
    return Quantized(network, source, bool(meta["source_omitted"]), errors)
