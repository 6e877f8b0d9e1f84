"""SLAYER's notation for layers."""

from __future__ import annotations

import pytest

from neurodeploy.errors import FormatError
from neurodeploy.models.formats.notation import (
    Architecture,
    ConvLayer,
    DenseLayer,
    InputLayer,
    PoolLayer,
    parse_architecture,
)


def test_the_gesture_network() -> None:
    architecture = parse_architecture("128x128x2-4a-16c5z-2a-32c3z-2a-512-11")
    layers = (
        PoolLayer(4),
        ConvLayer(16, 5, padding=(2, 2)),
        PoolLayer(2),
        ConvLayer(32, 3, padding=(1, 1)),
        PoolLayer(2),
        DenseLayer(512),
        DenseLayer(11),
    )
    assert architecture == Architecture(InputLayer((2, 128, 128)), layers)
    assert [name for name, _ in architecture.named()] == ["pool1", "conv1", "pool2", "conv2", "pool3", "fc1", "fc2"]


def test_width_comes_before_height() -> None:
    assert parse_architecture("30x20x2-5").input.shape == (2, 20, 30)


def test_without_z_a_convolution_is_not_padded() -> None:
    assert parse_architecture("8x8x1-16c5").layers == (ConvLayer(16, 5, padding=(0, 0)),)


def test_a_row_of_neurons() -> None:
    assert parse_architecture(" 250-25-1 ") == Architecture(InputLayer((250,)), (DenseLayer(25), DenseLayer(1)))


def test_what_was_understood_can_be_read() -> None:
    layers = (ConvLayer(4, 3, (2, 2), (1, 0), (1, 3), 2), PoolLayer(2), DenseLayer(5))
    assert str(Architecture(InputLayer((2, 9, 8)), layers)) == (
        "input 2x9x8; conv1 4 channels of 3x3, padding 1x0, stride 2, dilation 1x3, groups 2; "
        "pool1 sum of 2x2; fc1 5 neurons"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has 1 parts"),
        ("34x34x2", "has 1 parts"),
        ("34x34-10", "part 1, '34x34': is no input"),
        ("0-10", "part 1, '0': is no input"),
        ("34x34x2-", "part 2, '': is no layer"),
        ("34x34x2-4b-10", "part 2, '4b': is no layer; write 4a"),
        ("34x34x2-10-8c", "part 3, '8c': is no layer"),
        ("34x34x2-16c0-10", "part 2, '16c0': is no layer"),
        ("34x34x2-2az", "part 2, '2az': is no layer"),
        ("34x34x2-34x34x2", "part 2, '34x34x2': is no layer"),
        ("34x34x2-٣", "part 2, '٣': is no layer"),
        ("34x34x2-2048a", "part 2, '2048a': 2048 is more than 1024"),
        ("34x34x2-1c2048", "2048 is more than 1024"),
        ("99999x99999x9-1", "part 1, '99999x99999x9': .* is more than 268435456"),
        ("5-999999999", "999999999 is more than 268435456"),
        ("5-9999999999", "is no layer"),
        ("-".join("1" * 1001), "has 1001 parts"),
    ],
)
def test_the_bad_part_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse_architecture(text)
