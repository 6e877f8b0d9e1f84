"""Reading `.onnx` files: our own spiking models come back as they were, feed-forward networks become spiking ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from onnx import ModelProto

from neurodeploy.arrays import Arrays
from neurodeploy.errors import FormatError
from neurodeploy.models.formats.loaded import Loaded
from neurodeploy.models.formats.onnx_file import read_initializers, read_model
from neurodeploy.models.formats.onnx_graph import PREFIX
from neurodeploy.models.formats.onnx_write import METADATA, SCHEMA, constant_bytes, step_model
from neurodeploy.models.formats.options import PROFILES, ReadOptions, check_options
from neurodeploy.network.codec import network_from_parts

FORMAT = "onnx"


def read_onnx(path: Path, options: ReadOptions) -> Loaded:
    """Read an ONNX file.

    Args:
        path: a model that `neurodeploy convert` wrote, or a feed-forward network.
        options: for a feed-forward network, see `read_feed_forward`.

    Raises:
        FormatError: a file that is neither, naming the node or tensor.
        NetworkError: a network that breaks a rule.
    """
    model = read_model(path)
    described = [entry.value for entry in model.metadata_props if entry.key == METADATA]
    if not described:
        from neurodeploy.models.formats.onnx_ann import read_feed_forward

        return read_feed_forward(model, path, options)
    check_options(options, (), "a model that was written here")
    return _own(model, described[0], path)


def _own(model: ModelProto, described: str, path: Path) -> Loaded:
    """Restore a network from metadata and constants; the graph must be the one that computes this very network."""
    meta = _metadata(described, path)
    profile, traces = meta["profile"], meta["traces"]
    arrays = {name: a for name, a in read_initializers(model, path).items() if name.startswith(f"{PREFIX}/")}
    network = network_from_parts(meta["network"], Arrays(arrays, str(path)), str(path))
    again = FormatError(
        str(path), "its graph is not the one that computes the network in its metadata", "write it from the network"
    )
    if constant_bytes(network) > model.ByteSize():  # before anything of the size that the metadata claim is built
        raise again
    written = step_model(network, profile, traces)
    if written.graph != model.graph or list(written.opset_import) != list(model.opset_import):
        raise again
    return Loaded(network, (f"written for profile {profile}",), FORMAT)


def _metadata(described: str, path: Path) -> dict[str, Any]:
    try:
        meta = json.loads(described)
    except (ValueError, RecursionError) as error:
        raise FormatError(str(path), "has damaged metadata", "write it again from the network") from error
    if not isinstance(meta, dict) or meta.get("schema") != SCHEMA:
        raise FormatError(str(path), f"has metadata of another schema than {SCHEMA}", "use the version that wrote it")
    known = {"schema", "profile", "traces", "network"}
    if set(meta) != known or meta["profile"] not in PROFILES or not isinstance(meta["traces"], bool):
        raise FormatError(str(path), "has damaged metadata", "write it again from the network")
    return meta
