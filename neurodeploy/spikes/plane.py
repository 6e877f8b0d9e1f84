"""A row of neurons that may be a camera's plane, flattened: nothing in a file tells, so the user is asked."""

from __future__ import annotations

from math import isqrt


def square_camera(neurons: int) -> int | None:
    """Side of the square camera of two polarities that has so many inputs; None where there is none."""
    side = isqrt(neurons // 2)
    return side if side and 2 * side * side == neurons else None


def as_plane(neurons: int, rest: str) -> str:
    """How to say that a row of inputs is a plane, in the notation of `--arch`.

    SLAYER's networks flatten (polarity, y, x) in C order, as `Recording.neurons` counts; the sides are the camera's.

    Args:
        neurons: of the input.
        rest: of the layers behind the input, for example "-512-10".
    """
    side = square_camera(neurons)
    if side is None:
        return f"--arch WxHxC{rest}, W·H·C being {neurons:,}"
    return f"--arch {side}x{side}x2{rest}, if it has {side} x {side} pixels and two polarities"
