"""Points of a sweep: what does not fit, what is equal, and the fronts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.errors import OptionError
from neurodeploy.network import Dense, Network
from neurodeploy.reporting.sweep_figure import check_plot, sweep_figure
from neurodeploy.reporting.sweep_points import Point, with_fronts
from neurodeploy.reporting.yardstick import Yardstick
from tests.unit.test_comparison import float_network, folder

__all__ = ["float_network", "folder"]  # fixtures


def test_points_are_what_compile_and_run_give(float_network: Network, folder: Path) -> None:
    parts: list[float] = []
    found = nd.sweep(float_network, folder, (2, 8), progress=parts.append)
    assert sum(parts) == pytest.approx(3 * 12)
    assert [point.bits for point in found.points] == [8, 2]
    assert found.baseline is not None
    assert found.baseline.kind == "float"
    stages = {bits: nd.stages(nd.compile(float_network, weight_bits=bits), folder) for bits in (2, 8)}
    for point in found.points:
        stage = stages[point.bits]
        assert found.baseline.accuracy == stage.runs[0].accuracy
        assert point.accuracy == stage.runs[1].accuracy
        assert point.silent == stage.runs[1].silent
        assert point.joules == pytest.approx(stage.runs[1].joules)
        assert list(point.layers) == [layer.as_dict() for layer in stage.pairs[0].layers]
        assert point.pairing is not None
        assert point.pairing["same"] == stage.pairs[0].pairing.same
        assert point.pairing["only_this"] == stage.pairs[0].pairing.only_second
        assert point.compared == 12
    fine, rough = found.points
    assert fine.agreement is not None
    assert rough.agreement is not None
    assert fine.agreement["share"] > rough.agreement["share"]


def test_silent_recordings_are_counted(float_network: Network, folder: Path) -> None:
    deaf = replace(float_network.projections[-1], synapse=Dense(np.zeros((3, 12))))
    found = nd.sweep(replace(float_network, projections=(*float_network.projections[:-1], deaf)), folder, (8,), limit=5)
    assert found.points[0].silent == 5
    assert found.points[0].accuracy is not None
    assert found.points[0].accuracy["correct"] == 0


def test_whole_numbers_have_the_finest_point_as_baseline(folder: Path, float_network: Network) -> None:
    whole = tuple(
        replace(p, synapse=replace(p.synapse, weight=2 * np.rint(p.synapse.weight / 2).astype(np.int32)))
        for p in float_network.projections
    )
    found = nd.sweep(replace(float_network, projections=whole), folder, (3, 8), limit=3)
    assert found.recordings == 3
    assert found.baseline is not None
    assert found.baseline.kind == "finest"
    assert found.points[0].agreement is not None
    assert found.points[0].agreement["share"] == 1.0


def test_what_does_not_fit_is_a_point(float_network: Network, folder: Path, tmp_path: Path) -> None:
    text = (Path(nd.__file__).parent / "compiler" / "targets" / "loihi1.toml").read_text("utf-8")
    tiny = tmp_path / "tiny.toml"
    for old, new in (
        ("compartments = 1024", "compartments = 4"),
        ("boards = [1, 2, 8, 32]", "boards = [1]"),
        ("mesh = [8, 4]", "mesh = [1, 1]"),
        ("cores_per_chip = 128", "cores_per_chip = 1"),
        ("cores_per_router = 4", "cores_per_router = 1"),
    ):
        assert old in text
        text = text.replace(old, new)
    tiny.write_text(text)
    found = nd.sweep(float_network, folder, (2, 8), [str(tiny), "loihi1"])
    assert [(point.fits, point.target) for point in found.points] == [(False, str(tiny))] * 2 + [(True, "loihi1")] * 2
    assert found.points[0].problem
    assert found.points[0].front == ()
    assert nd.sweep(float_network, folder, (2,), str(tiny)).baseline is None


def test_fronts_are_by_target() -> None:
    def point(bits: int, target: str, cores: int, right: int) -> Point:
        found = {"correct": right, "total": 10, "share": right / 10, "interval_95": [0.0, 1.0]}
        return Point(bits, target, fits=True, cores=cores, accuracy=found)

    points = [
        point(8, "a", 3, 9),
        point(6, "a", 2, 9),
        point(4, "a", 2, 8),
        point(8, "b", 3, 5),
        replace(point(2, "a", 1, 10), fits=False, accuracy=None, cores=None),
    ]
    assert [p.front for p in with_fronts(points)] == [(), ("bits", "cores"), ("bits",), ("bits", "cores"), ()]


@pytest.mark.parametrize(
    ("bits", "targets", "message"),
    [
        ((), "loihi1", "no bits"),
        ((2,), (), "no targets"),
        ((2, 2), "loihi1", "twice"),
        ((2,), ("loihi1", "loihi1"), "twice"),
        ((0, 4), "loihi1", "0 … 4 are not within 1 … 8"),
        ((9,), "loihi1", "not within"),
    ],
)
def test_what_cannot_be_swept(
    float_network: Network, folder: Path, bits: tuple[int, ...], targets: str, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        nd.sweep(float_network, folder, bits, targets)


def test_spikes_beyond_the_room_are_not_compared(float_network: Network, folder: Path) -> None:
    program = nd.compile(float_network)
    runs = nd.run(program, folder)
    assert isinstance(runs, list)
    counts = [sum(len(s.step) for s in run.spikes[1:]) for run in runs]
    held = Yardstick(float_network, room=sum(counts[:2]))
    for number, run in enumerate(runs):
        held.keep(number, [run])
    assert held.compared == 2
    assert held.counts(1, [runs[1]])[:, 2].sum() == counts[1]
    assert not held.counts(2, [runs[2]]).any()


def test_figure_shows_the_points_that_fit(float_network: Network, folder: Path) -> None:
    answer = nd.sweep(float_network, folder, (2, 8), limit=3).as_dict()
    refused = answer["points"][0] | {"fits": False, "accuracy": None, "bits": 5}
    figure = sweep_figure(answer | {"points": [*answer["points"], refused]}, ".svg")
    assert figure.startswith(b"<?xml")
    text = figure.decode()
    assert "float network" in text
    assert "loihi1: Pareto front" in text
    assert sweep_figure(answer, ".svg") == sweep_figure(answer, ".svg")
    assert sweep_figure(answer | {"points": []}, ".png").startswith(b"\x89PNG")
    with pytest.raises(OptionError, match=r"\.svg, \.png, \.pdf"):
        check_plot(Path("sweep.txt"))
