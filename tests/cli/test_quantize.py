"""`neurodeploy quantize`: the JSON contract, the table, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

import neurodeploy as nd
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from tests.cli.conftest import Invoke


def test_exact(invoke: Invoke, network: Network, tmp_path: Path) -> None:
    nd.save(network, tmp_path / "n.ndn")
    result = invoke("quantize", tmp_path / "n.ndn", "-o", tmp_path / "q.ndn", "--json")
    data = json.loads(result.stdout)
    assert (data["schema"], data["exact"], data["output"]) == ("neurodeploy.quantize/1", True, str(tmp_path / "q.ndn"))
    assert [row["projection"] for row in data["layers"]] == ["input->fc1", "fc1->fc2"]
    assert f"Next: neurodeploy compile {tmp_path / 'q.ndn'}" in result.stderr
    again = invoke("quantize", tmp_path / "n.ndn", "-o", tmp_path / "q.ndn")
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    assert (
        "every weight exactly as training used it"
        in invoke("quantize", tmp_path / "n.ndn", "-o", tmp_path / "q.ndn", "--force").stdout
    )


def test_on_recordings(invoke: Invoke, network: Network, recordings: Path, tmp_path: Path) -> None:
    nd.save(network, tmp_path / "n.ndn")
    command = ("quantize", tmp_path / "n.ndn", "-o", tmp_path / "q.ndn", "--force", "--weight-bits", 3)
    more = ("--layer-bits", "fc2=2", "--per-channel", "--data", recordings, "--split", "test", "--limit", 2)
    data = json.loads(invoke(*command, *more, "--json").stdout)
    assert {row["target"]: row["bits"] for row in data["layers"]} == {"fc1": 3, "fc2": 2}
    assert all(0 <= row["disagreement"] <= 1 for row in data["layers"])
    text = invoke(*command, *more).stdout
    assert "spikes: share of the layer's spikes that differs" in text
    assert max(map(len, text.splitlines()[2:])) <= 80
    compiled = invoke("compile", tmp_path / "q.ndn", "-o", tmp_path / "q.ndp", "--json")
    assert compiled.exit_code == 0
    program = nd.load(tmp_path / "q.ndp")
    assert isinstance(program, nd.Program)
    assert [e.bits for e in program.quantization] == [row["bits"] for row in data["layers"]]


def test_refusals(invoke: Invoke, network: Network, tmp_path: Path) -> None:
    nd.save(network, tmp_path / "n.ndn")
    command = ("quantize", tmp_path / "n.ndn", "-o", tmp_path / "q.ndn")
    for words, code, text in (
        (("--weight-bits", 9), 1, "9 is outside 1 … 8"),
        (("--layer-bits", "fc9=2"), 1, "weight bits of fc9: no weights lead there; choose from fc1, fc2"),
        (("--layer-bits", "4"), 2, "names no layer"),
        (("--max-cores", 0), 1, "0 is less than 1"),
        (("--limit", 3), 1, "give --data"),
        (("--max-cores", 1, "--target", "loihi9"), 1, "loihi9"),
    ):
        result = invoke(*command, *words)
        assert (result.exit_code, text in result.stderr) == (code, True), result.stderr
    assert invoke("quantize", tmp_path / "n.ndn", "-o", tmp_path / "q.ndp").exit_code == 1
    result = invoke("quantize", tmp_path / "n.ndn", "-o", tmp_path / "missing" / "q.ndn")
    assert (result.exit_code, "missing: is no folder" in result.stderr) == (1, True)
    assert not (tmp_path / "q.ndn").exists()


def test_a_budget_that_is_too_small(invoke: Invoke, tmp_path: Path) -> None:
    wide = Network(
        (Population("input", shape=(4,)), Population("fc1", CubaLif(1024, 0, 100))),
        (Projection("input", "fc1", Dense(np.ones((1500, 4)))),),
    )
    nd.save(wide, tmp_path / "w.ndn")
    refused = invoke("quantize", tmp_path / "w.ndn", "-o", tmp_path / "q.ndn", "--max-cores", 1)
    assert refused.exit_code == 3
    assert "takes 2 cores of loihi1 at least" in refused.stderr


def test_the_float_network_travels_with_the_file(
    invoke: Invoke, network: Network, recordings: Path, tmp_path: Path
) -> None:
    """What `compare` shows of a file that was quantized first is what it shows of a direct compile."""
    draw = np.random.default_rng(1)
    projections = tuple(
        replace(p, synapse=Dense(p.synapse.weight + draw.normal(0, 3, p.synapse.weight.shape)))
        for p in network.projections
    )
    real = tmp_path / "real.ndn"
    nd.save(replace(network, projections=projections), real)
    invoke("compile", real, "--weight-bits", 3, "-o", tmp_path / "direct.ndp")
    told = json.loads(invoke("quantize", real, "--weight-bits", 3, "-o", tmp_path / "q.ndn", "--json").stdout)
    assert told["source"] is True
    invoke("compile", tmp_path / "q.ndn", "-o", tmp_path / "q.ndp")
    direct, behind = (nd.load(tmp_path / name) for name in ("direct.ndp", "q.ndp"))
    assert isinstance(direct, nd.Program)
    assert isinstance(behind, nd.Program)
    assert behind.quantization == direct.quantization
    assert any(row.changed for row in behind.quantization)
    compared = [
        json.loads(invoke("compare", tmp_path / name, "--data", recordings, "--json").stdout)["pairs"]
        for name in ("direct.ndp", "q.ndp")
    ]
    assert compared[0] == compared[1]
    assert compared[0][0]["first_difference"]["variable"] == "u"
    # recompiled for another length, copied, and quantized once more, it is still there
    invoke("compile", tmp_path / "q.ndp", "--steps", 20, "-o", tmp_path / "again.ndp")
    invoke("convert", tmp_path / "q.ndn", tmp_path / "copy.ndn")
    invoke("quantize", tmp_path / "copy.ndn", "--weight-bits", 2, "-o", tmp_path / "two.ndn")
    invoke("compile", tmp_path / "two.ndn", "-o", tmp_path / "two.ndp")
    for name, steps in (("again.ndp", 20), ("two.ndp", 50)):
        program = nd.load(tmp_path / name)
        assert isinstance(program, nd.Program)
        assert program.source is not None
        assert (program.source.steps, program.network.steps) == (steps, steps)
        np.testing.assert_array_equal(program.source.projections[0].synapse.weight, projections[0].synapse.weight)
    # and left out on request, at either step
    invoke("quantize", real, "--weight-bits", 3, "--no-source", "-o", tmp_path / "bare.ndn")
    invoke("compile", tmp_path / "bare.ndn", "-o", tmp_path / "bare.ndp")
    invoke("compile", tmp_path / "q.ndn", "--no-source", "-o", tmp_path / "bare2.ndp")
    for name in ("bare.ndp", "bare2.ndp"):
        refused = invoke("compare", tmp_path / name, "--data", recordings)
        assert refused.exit_code == 1
        assert "finds no float network" in refused.stderr
