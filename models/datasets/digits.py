"""scikit-learn's 1,797 handwritten digits as recordings of an event camera.

The images (8 x 8, intensities 0 … 16; UCI, Alpaydin and Kaynak 1998) come with scikit-learn, so that nothing is
downloaded. Images with an even index are for training (899), those with an odd index are held out (898).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurodeploy.errors import FormatError, MissingPackageError
from neurodeploy.extras import install_remedy
from neurodeploy.files import write_atomic
from neurodeploy.models.datasets.saccades import Sensor, record
from neurodeploy.precision import IntArray
from neurodeploy.spikes.files import write_recording
from neurodeploy.spikes.recording import Recording

SPLITS = ("train", "test")
CLASSES = 10


@dataclass(frozen=True, eq=False)
class Digit:
    """One image as the sensor saw it.

    Args:
        index: of the image in scikit-learn's data set, 0 … 1796.
        recording: events of the sensor, polarity 1 is ON.
        label: the digit, 0 … 9.
    """

    index: int
    recording: Recording
    label: int

    @property
    def split(self) -> str:
        """Even images are "train", odd ones "test"."""
        return SPLITS[self.index % 2]

    @property
    def file(self) -> str:
        """Name of its file in a folder of recordings."""
        return f"{self.index:04}.bs2"


def load_images() -> tuple[NDArray[np.float64], IntArray]:
    """All images, shape (1797, 8, 8), whole intensities 0 … 16, and their labels, shape (1797,).

    Raises:
        MissingPackageError: scikit-learn cannot be imported.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        remedy = install_remedy("demo")
        raise MissingPackageError("the digits data set", f"needs scikit-learn ({error})", remedy) from error
    digits = load_digits()
    return np.asarray(digits.images, np.float64), np.asarray(digits.target, np.int64)


def record_digits(sensor: Sensor | None = None) -> list[Digit]:
    """All 1,797 digits, recorded by `sensor` (by default the 16 x 16 camera that the zoo's network was trained for).

    Raises:
        MissingPackageError: scikit-learn cannot be imported.
    """
    images, labels = load_images()
    recordings = record(images, sensor or Sensor())
    return [Digit(i, *pair) for i, pair in enumerate(zip(recordings, labels.tolist(), strict=True))]


def write_digits(folder: Path, digits: list[Digit], overwrite: bool = False) -> None:
    """Write recordings as `.bs2` files, then `labels.csv` (`file,label,split`), each complete or not at all.

    Args:
        folder: where to; made if missing.
        digits: what to write.
        overwrite: whether files of these names may be replaced.

    Raises:
        FormatError: a file exists and `overwrite` is false, or the system refuses to write.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FormatError(str(folder), f"cannot be made ({error.strerror})", "choose a writable place") from error
    for digit in digits:
        write_recording(folder / digit.file, digit.recording, overwrite)
    rows = ["file,label,split", *(f"{digit.file},{digit.label},{digit.split}" for digit in digits)]
    write_atomic(folder / "labels.csv", ("\n".join(rows) + "\n").encode(), overwrite)
