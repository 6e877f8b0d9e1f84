"""What every training asks for: labelled recordings in two parts, and torch with a known number of threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from neurodeploy.errors import DataError, MissingPackageError, OptionError
from neurodeploy.extras import install_remedy
from neurodeploy.spikes.table import TABLE_SUFFIX

if TYPE_CHECKING:
    from neurodeploy.models.datasets.labelled import Labelled

REST = "rest"


def parted(
    path: Path, split: str, test_split: str, share: float | None, limit: int | None, seed: int
) -> tuple[tuple[Labelled, ...], tuple[Labelled, ...]]:
    """The recordings to train and to test on.

    Args:
        path: folder of a data set.
        split: the part to train on.
        test_split: the part to test on; "rest": all that is not trained on.
        share: parts the recordings anew, this share of each class for testing; None: they stay as they are.
        limit: only the first so many recordings to train on.
        seed: of the new parts.

    Raises:
        OptionError, DataError, FormatError: a split that is not there, or data that cannot be used.
    """
    from neurodeploy.models.datasets.labelled import divided, of_split
    from neurodeploy.models.datasets.layouts import find_labelled

    if limit is not None and limit < 1:
        raise OptionError("limit", f"{limit} is less than 1", "ask for at least one recording")
    if path.suffix.lower() == TABLE_SUFFIX and path.is_file():
        raise DataError(
            str(path), "is a table of features", "train on it with the method fp, or give a folder of recordings"
        )
    items = find_labelled(path)
    if share is not None:
        items, split, test_split = divided(items, share, seed), "train", "test"
    training = of_split(items, split, str(path))[:limit]
    if test_split != REST:
        return training, of_split(items, test_split, str(path))
    names = {item.name for item in training}
    rest = tuple(item for item in items if item.name not in names)
    if not rest:
        remedy = "train on fewer with --limit, or give a share for testing"
        raise DataError(str(path), f"has no recordings besides the {len(training)} to train on", remedy)
    return training, rest


def need_torch(purpose: str) -> None:
    """Raise MissingPackageError where torch cannot be imported."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        remedy = install_remedy("torch")
        raise MissingPackageError(purpose, f"needs torch ({error})", remedy) from error


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Torch with so many threads; the order of float sums, and so the result, depends on their number."""
    import torch

    if not 1 <= count <= 1024:
        raise OptionError("threads", f"{count} is outside 1 … 1024", "choose the number of cores")
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
