"""Damage to files: what disks, transfers and enemies do to bytes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Damage = Callable[[bytearray, np.random.Generator], bytearray]

#: Numbers that break sums, sizes and signs.
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, *(2**n + d for n in (31, 32, 63, 64) for d in (-1, 0)))
#: Pieces of text that parsers of text stumble over.
WORDS = (
    *(b"nan", b"inf", b"-1", b"1e309", b"99999999999999999999", b"{", b"]", b"&a *a"),
    *(b"\xff\xfe", b"\x00", b"!!python/object:x ", b"\n- "),
)


def mutated(data: bytes, others: list[bytes], random: np.random.Generator) -> bytes:
    """The bytes after one to five kinds of damage; `others` are files from which pieces are taken."""
    result = bytearray(data)
    for _ in range(int(random.integers(1, 6))):
        damage = DAMAGES[int(random.integers(len(DAMAGES) + 1)) - 1] if result else _insert
        if random.random() < 0.1 and others:
            result = _splice(result, others[int(random.integers(len(others)))], random)
        else:
            result = damage(result, random)
    return bytes(result)


def _place(data: bytearray, random: np.random.Generator, size: int = 1) -> int:
    """A position; half of them near the start, where headers are."""
    end = max(len(data) - size, 0) + 1
    return int(random.integers(min(end, 256))) if random.random() < 0.5 else int(random.integers(end))


def _flip(data: bytearray, random: np.random.Generator) -> bytearray:
    for _ in range(int(random.integers(1, 9))):
        data[_place(data, random)] ^= 1 << int(random.integers(8))
    return data


def _overwrite(data: bytearray, random: np.random.Generator) -> bytearray:
    size = int(random.integers(1, 33))
    at = _place(data, random, size)
    data[at : at + size] = random.bytes(len(data[at : at + size]))
    return data


def _extreme(data: bytearray, random: np.random.Generator) -> bytearray:
    width = (1, 2, 4, 8)[int(random.integers(4))]
    at = _place(data, random, width)
    value = EXTREMES[int(random.integers(len(EXTREMES)))] & ((1 << 8 * width) - 1)
    data[at : at + width] = value.to_bytes(width, "big" if random.random() < 0.3 else "little")
    return data


def _cut(data: bytearray, random: np.random.Generator) -> bytearray:
    return data[: int(random.integers(len(data) + 1))]


def _delete(data: bytearray, random: np.random.Generator) -> bytearray:
    at = _place(data, random)
    del data[at : at + int(random.integers(1, 65))]
    return data


def _repeat(data: bytearray, random: np.random.Generator) -> bytearray:
    at = _place(data, random)
    piece = data[at : at + int(random.integers(1, 65))]
    return data[:at] + piece * int(random.integers(1, 20)) + data[at:]


def _insert(data: bytearray, random: np.random.Generator) -> bytearray:
    at = _place(data, random)
    return data[:at] + WORDS[int(random.integers(len(WORDS)))] + data[at:]


def _digit(data: bytearray, random: np.random.Generator) -> bytearray:
    """Another digit for one of a text's."""
    digits = [i for i, byte in enumerate(data[:4096]) if 48 <= byte < 58]
    if digits:
        data[digits[int(random.integers(len(digits)))]] = 48 + int(random.integers(10))
    return data


def _splice(data: bytearray, other: bytes, random: np.random.Generator) -> bytearray:
    return data[: int(random.integers(len(data) + 1))] + other[int(random.integers(len(other) + 1)) :]


DAMAGES: tuple[Damage, ...] = (_flip, _overwrite, _extreme, _cut, _delete, _repeat, _insert, _digit)
