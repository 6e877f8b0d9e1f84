"""How a network is trained by gradient descent."""

from __future__ import annotations

from dataclasses import dataclass

from neurodeploy.errors import OptionError

OPTIMIZERS = ("adam", "nadam", "sgd")
SCHEDULES = ("cosine", "constant")


@dataclass(frozen=True)
class TrainingOptions:
    """How to train.

    Args:
        epochs: passes over the data.
        batch_size: recordings per update.
        learning_rate: first step of the optimizer in units of weight.
        seed: of the order of recordings.
        optimizer: adam, nadam or sgd.
        schedule: cosine, the learning rate falls to 0 along half a cosine, or constant.
        delay_rate: learning rate of the delays in milliseconds, on the same schedule; None: as that of the weights.
        piece: recordings that are run at once; their gradients add up to the batch's. Small pieces take less memory
            and, for large networks, less time. None: the whole batch.
        about: whatever else a training is made of, as text; checkpoints of a training with another are refused.

    Raises:
        OptionError: a value outside its range.
    """

    epochs: int
    batch_size: int = 32
    learning_rate: float = 0.1
    seed: int = 0
    optimizer: str = "adam"
    schedule: str = "cosine"
    delay_rate: float | None = None
    piece: int | None = None
    about: str = ""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "learning_rate", "piece", "delay_rate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise OptionError("training", f"{name} {value} is not above 0", f"choose a larger {name}")
        for name, known in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES)):
            if getattr(self, name) not in known:
                problem = f"{name} {getattr(self, name)!r} is unknown"
                raise OptionError("training", problem, f"choose from {', '.join(known)}")
