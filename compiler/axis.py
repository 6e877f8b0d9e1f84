"""One axis of a convolution: which outputs each input reaches, and through which taps of the kernel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurodeploy.precision import IntArray


@dataclass(frozen=True, eq=False)
class Axis:
    """The rows, or the columns, of a convolution.

    Attributes:
        first: the first output that each input reaches, 0 where it reaches none, (inputs,).
        pattern: inputs with the same one reach the same outputs, counted from the first, through the same taps,
            (inputs,).
        taps: of each pattern the (tap, output counted from the first), outputs ascending.
        stride, span, before: output r reads inputs r · stride − before … r · stride − before + span − 1.
    """

    first: IntArray
    pattern: IntArray
    taps: tuple[tuple[IntArray, IntArray], ...]
    stride: int
    span: int
    before: int

    @classmethod
    def of(cls, inputs: int, outputs: int, kernel: int, stride: int, dilation: int, before: int) -> Axis:
        """An axis of so many inputs and outputs; `before` zeros stand in front of the inputs."""
        numerator = np.arange(inputs)[:, None] + before - np.arange(kernel) * dilation
        output, rest = np.divmod(numerator, stride)
        reached = (rest == 0) & (output >= 0) & (output < outputs)
        first = np.min(output, axis=1, where=reached, initial=outputs)
        first[first == outputs] = 0
        relative = np.where(reached, output - first[:, None], -1)
        distinct, pattern = np.unique(relative, axis=0, return_inverse=True)
        taps = []
        for row in distinct:
            used = np.flatnonzero(row >= 0)
            used = used[np.argsort(row[used])]
            taps.append((used, row[used]))
        return cls(first, pattern.reshape(-1), tuple(taps), stride, (kernel - 1) * dilation + 1, before)

    def inputs(self, first: int, last: int) -> slice:
        """The inputs that outputs first … last read, some that only others read among them."""
        begin = max(first * self.stride - self.before, 0)
        return slice(begin, max(min(last * self.stride - self.before + self.span, len(self.first)), begin))
