"""Networks in chip formats with where they came from: files, and what a second quantization leaves of the rows."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from neurodeploy.compiler.quantize import QuantizeOptions, quantize
from neurodeploy.container import VERSIONS, encode
from neurodeploy.errors import FormatError, NetworkError
from neurodeploy.network import CubaLif, Dense, LayerError, Network, Population, Projection, Quantized
from neurodeploy.network.codec import network_to_parts
from neurodeploy.network.file import load_network, load_quantized, save_network


def float_network(outputs: int = 3) -> Network:
    draw = np.random.default_rng(7)
    return Network(
        (Population("input", shape=(4,)), Population("fc1", CubaLif(1024, 128, 20), shape=(outputs,))),
        (Projection("input", "fc1", Dense(draw.normal(0, 20, (outputs, 4)))),),
        steps=30,
    )


def quantized(bits: int = 4, keep_source: bool = True) -> Quantized:
    source = float_network()
    network, errors = quantize(source, QuantizeOptions(bits))
    rows = [replace(row, scale=1.5, threshold_scale=1.25, disagreement=0.5, channels=3) for row in errors]
    return Quantized.of(source, network, rows, keep_source)


def test_files_hold_the_source_and_the_rows(tmp_path: Path) -> None:
    whole = quantized()
    save_network(whole, tmp_path / "q.ndn")
    again = load_quantized(tmp_path / "q.ndn")
    assert again.errors == whole.errors
    assert again.source is not None
    assert whole.source is not None
    for mine, stored in ((whole.source, again.source), (whole.network, again.network)):
        np.testing.assert_array_equal(mine.projections[0].synapse.weight, stored.projections[0].synapse.weight)
        assert mine.projections[0].weight_format == stored.projections[0].weight_format
    assert not again.source_omitted
    assert not again.source.is_integer
    assert load_network(tmp_path / "q.ndn").is_integer


def test_the_source_is_left_out_on_request(tmp_path: Path) -> None:
    save_network(quantized(keep_source=False), tmp_path / "q.ndn")
    again = load_quantized(tmp_path / "q.ndn")
    assert (again.source, again.source_omitted, len(again.errors)) == (None, True, 1)
    whole = Quantized.of(again.network, again.network, again.errors)
    assert (whole.source, whole.source_omitted) == (None, False)  # integers are no float network


def test_older_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Schema versions 1 and 2 held the network and its provenance."""
    meta, arrays = network_to_parts(float_network(), "network")
    for version in (1, 2):
        monkeypatch.setitem(VERSIONS, "network", version)
        data = encode("network", {"network": meta, "provenance": {}}, arrays)
        monkeypatch.undo()
        (tmp_path / "old.ndn").write_bytes(data)
        again = load_quantized(tmp_path / "old.ndn")
        assert not again.is_known
        assert again.network.steps == 30
    assert VERSIONS["network"] == 3


@pytest.mark.parametrize(
    "change",
    [
        {"bits": "4"},
        {"bits": True},
        {"weights": -1},
        {"scale": 0.0},
        {"scale": -1.5},
        {"rms": "0"},
        {"disagreement": 1.5},
        {"projection": 3},
        {"color": 1},
    ],
)
def test_rows_that_no_layer_has_are_refused(change: dict[str, Any], tmp_path: Path) -> None:
    whole = quantized()
    meta, arrays = network_to_parts(whole.network, "network")
    rows = [asdict(whole.errors[0]) | change]
    contents = {"network": meta, "source": None, "source_omitted": False, "quantization": rows, "provenance": {}}
    (tmp_path / "q.ndn").write_bytes(encode("network", contents, arrays))
    with pytest.raises(FormatError, match="describes no quantization"):
        load_quantized(tmp_path / "q.ndn")


def test_an_origin_that_cannot_be_is_refused() -> None:
    whole = quantized()
    with pytest.raises(NetworkError, match="other populations"):
        replace(whole, source=float_network(outputs=4))
    with pytest.raises(NetworkError, match="other projections"):
        replace(whole, errors=whole.errors * 2)
    with pytest.raises(NetworkError, match="no chip formats"):
        Quantized(float_network(), float_network())


def test_a_second_quantization() -> None:
    """Exact: the rows stay, in its formats. Lossy: its own rounding in units of the first weights, both factors."""
    whole = quantized(4)
    network, errors = quantize(whole.network)
    assert whole.then(network, errors).errors == whole.errors
    network, (error,) = quantize(whole.network, QuantizeOptions(2))
    assert error.changed
    (row,) = whole.then(network, (replace(error, scale=2.0),)).errors
    assert (row.scale, row.threshold_scale, row.bits, row.changed) == (3.0, 1.25, 2, error.changed)
    assert row.rms == pytest.approx(error.rms / 1.5)
    assert row.worst == pytest.approx(error.worst / 1.5)
    assert whole.then(network, (error,)).source is whole.source
    without = whole.then(network, (error,), keep_source=False)
    assert (without.source, without.source_omitted) == (None, True)


def test_another_length_is_of_both() -> None:
    whole = quantized().with_steps(12)
    assert whole.source is not None
    assert (whole.network.steps, whole.source.steps) == (12, 12)


def test_a_row_has_the_defaults_of_an_untouched_layer() -> None:
    row = LayerError("a->b", "b", 8, "mixed", 0, 1, 0, 0, 0.0, 0.0)
    assert (row.scale, row.threshold_scale, row.channels, row.disagreement) == (1.0, 1.0, None, None)
