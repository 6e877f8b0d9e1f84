"""Losses of firing times and of a potential, with their partial derivatives by the times.

Source: Lee, Haghighatshoar, Karbasi (2023), eq. (6, 7) and §5.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.errors import DataError, OptionError
from neurodeploy.models.forward_prop.simulate import Run
from neurodeploy.models.forward_prop.spikes import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class LossValue:
    """A loss of a batch.

    Args:
        loss: summed over the recordings.
        by_times: its derivative by the time of every output spike, shape (output spikes,).
        predicted: the class each recording is read as, −1 where every output is silent; shape (recordings,).
    """

    loss: float
    by_times: FloatArray
    predicted: IntArray


def first_to_fire(run: Run) -> IntArray:
    """Which output fires first, −1 where none does; of two at one time the lower number. Shape (recordings,)."""
    times = run.output.first_times()
    return np.where(np.isfinite(times).any(axis=1), times.argmin(axis=1), -1)


@dataclass(frozen=True)
class FirstSpikeLoss:
    """Cross-entropy of first spikes, and a pull of the right one to early times, §5.3: with f the first times,
    −log(e^(−f_l / τ0) / Σ_j e^(−f_j / τ0)) + γ (e^(f_l / τ1) − 1). (In print the second term has the sign of the first,
    which would push it late; Göltz et al. (2021) have it as here.)

    An output that is silent counts as one that fires at the horizon, which keeps the loss continuous when a spike
    leaves through it; there is nothing to differentiate in it, so its derivative is zero, that of the others is not.

    Args:
        tau0, tau1: time constants in ms, above 0.
        gamma: share of the second term, 0 or more.

    Raises:
        OptionError: a value outside its range.
    """

    tau0: float = 0.2
    tau1: float = 1.0
    gamma: float = 0.005

    def __post_init__(self) -> None:
        if not (self.tau0 > 0 and self.tau1 > 0 and 0 <= self.gamma < np.inf):
            problem = f"τ0 {self.tau0}, τ1 {self.tau1}, γ {self.gamma}"
            raise OptionError("loss", problem, "choose τ0 and τ1 above 0 and γ from 0 on")

    def __call__(self, run: Run, labels: IntArray) -> LossValue:
        """Of a batch; labels: the right output of each recording, shape (recordings,)."""
        check_labels(run, labels)
        first = run.output.first()
        times = run.output.first_times(silent=run.network.horizon_ms)
        rows = np.arange(len(times))
        share = np.exp(-(times - times.min(axis=1, keepdims=True)) / self.tau0)
        total = share.sum(axis=1, keepdims=True)
        entropy = np.log(total[:, 0]) + (times[rows, labels] - times.min(axis=1)) / self.tau0
        pull = self.gamma * np.expm1(times[rows, labels] / self.tau1)
        slope = -share / total / self.tau0
        slope[rows, labels] += 1 / self.tau0 + self.gamma * np.exp(times[rows, labels] / self.tau1) / self.tau1
        by_times = np.zeros(len(run.output.time))
        by_times[first[first >= 0]] = slope[first >= 0]
        return LossValue(float(np.sum(entropy + pull)), by_times, first_to_fire(run))


@dataclass(frozen=True)
class CountLoss:
    """Cross-entropy of counts, made of times: a spike at f counts n(f) = 1 − e^(−(T − f) / τ), so that it leaves
    through the horizon T without a jump; softmax over each output's sum of them. A silent output counts 0
    and learns nothing.

    Args:
        tau: time before the horizon in which a spike loses its count, in ms, above 0.

    Raises:
        OptionError: a value outside its range.
    """

    tau: float = 1.0

    def __post_init__(self) -> None:
        if not self.tau > 0:
            raise OptionError("loss", f"τ is {self.tau}", "choose more than 0 ms")

    def __call__(self, run: Run, labels: IntArray) -> LossValue:
        """Of a batch; read is the output of the highest sum; labels as `FirstSpikeLoss`."""
        check_labels(run, labels)
        out = run.output
        left = np.exp(-(run.network.horizon_ms - out.time) / self.tau)
        cell = out.recording * out.neurons + out.neuron
        counts = np.bincount(cell, 1 - left, minlength=len(out) * out.neurons).reshape(len(out), out.neurons)
        share = np.exp(counts - counts.max(axis=1, keepdims=True))
        total = share.sum(axis=1, keepdims=True)
        rows = np.arange(len(out))
        loss = np.log(total[:, 0]) + counts.max(axis=1) - counts[rows, labels]
        slope = share / total
        slope[rows, labels] -= 1
        by_times = slope.ravel()[cell] * -left / self.tau
        predicted = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
        return LossValue(float(loss.sum()), by_times, predicted)


def check_labels(run: Run, labels: IntArray) -> None:
    """Raise DataError for labels that do not fit the outputs."""
    outputs = run.output.neurons
    if labels.shape != (len(run.output),):
        raise DataError("labels", f"have shape {labels.shape} for {len(run.output)} recordings", "give one for each")
    if len(labels) and not 0 <= labels.min() <= labels.max() < outputs:
        problem = f"range from {labels.min()} to {labels.max()}, the network has {outputs} outputs"
        raise DataError("labels", problem, f"number the classes 0 … {outputs - 1}")
