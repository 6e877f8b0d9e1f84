"""Readers and writers of foreign network formats."""

from __future__ import annotations

from pathlib import Path

from neurodeploy.models.formats.loaded import Loaded
from neurodeploy.models.formats.options import ReadOptions, WriteOptions
from neurodeploy.models.formats.registry import Format, broken_formats, format_of, formats, load_function
from neurodeploy.models.formats.written import Written
from neurodeploy.network import Network

__all__ = [
    "Format",
    "Loaded",
    "ReadOptions",
    "WriteOptions",
    "Written",
    "broken_formats",
    "formats",
    "read_network",
    "written_network",
]


def read_network(path: str | Path, options: ReadOptions | None = None, form: str | None = None) -> Loaded:
    """Read a network of any known foreign format.

    Args:
        path: a file or folder.
        options: what its format needs beside it.
        form: name of the format; None: by the suffix, or a folder.

    Raises:
        FormatError: a path that does not exist, an unknown format, or what the reader says.
        OptionError: an option that means nothing for the format.
        MissingPackageError: a reader's package is not installed.
    """
    path, options = Path(path), options or ReadOptions()
    item = format_of(path, form, "reader")
    item.check(options)
    loaded: Loaded = load_function(item, "reader")(path, options)
    return loaded


def written_network(
    network: Network, path: str | Path, options: WriteOptions | None = None, form: str | None = None
) -> Written:
    """The files of a network in any foreign format that has a writer; nothing is stored.

    Args:
        network: what to write.
        path: of the main file; its stem may be used inside, its suffix chooses the format unless `form` does.
        options: what the format needs beside the network.
        form: name of the format.

    Raises:
        FormatError: an unknown format, or a network that the format cannot hold.
        OptionError: an option that means nothing for the format.
        MissingPackageError: a writer's package is not installed.
    """
    path, options = Path(path), options or WriteOptions()
    item = format_of(path, form, "writer")
    item.check(options)
    written: Written = load_function(item, "writer")(network, path.stem, options)
    return written
