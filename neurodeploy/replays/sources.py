"""Where a recording comes from: the names of its classes and the line that its licence asks for.

Two text files beside a recording, or in a folder above it that has `labels.csv`, tell: `classes.txt`, one name a line,
and `CREDIT.txt`. Without them two data sets are known by the names of their folders.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from neurodeploy.errors import FormatError
from neurodeploy.files import read_bytes

CLASSES_FILE = "classes.txt"
CREDIT_FILE = "CREDIT.txt"
MAX_BYTES = 2**20
#: Folders above a recording that are looked at: split, class and the data set itself.
_LEVELS = 4


@dataclass(frozen=True)
class Source:
    """What is known of a data set: names of its classes in order, and its credit line; empty where unknown."""

    names: tuple[str, ...] = ()
    credit: str = ""


#: Orchard, Jayawant, Cohen and Thakor: Converting static image datasets to spiking neuromorphic datasets using
#: saccades, 2015; the digits are their own names.
NMNIST = Source((), "N-MNIST, G. Orchard et al. 2015, CC BY 4.0")
#: Amir et al.: A low power, fully event-based gesture recognition system, 2017; names of its `gesture_mapping.csv`.
DVS_GESTURE = Source(
    (
        "hand clapping",
        "right hand wave",
        "left hand wave",
        "right arm clockwise",
        "right arm counter-clockwise",
        "left arm clockwise",
        "left arm counter-clockwise",
        "arm roll",
        "air drums",
        "air guitar",
        "other gesture",
    ),
    "DVS Gesture, A. Amir et al. 2017, CC BY 4.0",
)
#: By the name of a folder, without what is neither letter nor digit.
KNOWN = {
    "nmnist": NMNIST,
    "dvsgesture": DVS_GESTURE,
    "dvsgestures": DVS_GESTURE,
    "dvs128gesture": DVS_GESTURE,
    "ibmdvsgesture": DVS_GESTURE,
}


def source_of(recording: Path) -> Source:
    """What the folders that a recording lies in tell of it.

    Raises:
        FormatError: a `classes.txt` or `CREDIT.txt` that is no text, or larger than 1 MiB.
    """
    folders = list(recording.absolute().parents)[:_LEVELS]
    told = [folder for folder in folders if folder == folders[0] or (folder / "labels.csv").is_file()]
    names = next((_lines(folder / CLASSES_FILE) for folder in told if (folder / CLASSES_FILE).is_file()), ())
    credit = next((_lines(folder / CREDIT_FILE) for folder in told if (folder / CREDIT_FILE).is_file()), ())
    known = known_source(recording.absolute())
    return Source(names or known.names, " ".join(credit) or known.credit)


def known_source(path: Path) -> Source:
    """What the names of a path alone tell; nothing is read."""
    parts = reversed(path.parts[-_LEVELS - 1 :])
    return next((KNOWN[key] for name in parts if (key := _key(name)) in KNOWN), Source())


def _key(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _lines(path: Path) -> tuple[str, ...]:
    try:
        text = read_bytes(path, MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(str(path), "is no text", "write it as UTF-8") from error
    return tuple(line.strip() for line in text.splitlines() if line.strip())
