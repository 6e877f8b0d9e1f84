"""Figures show the data they are asked for, with units; tables are escaped."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurodeploy as nd
from neurodeploy.compiler.mesh import Mesh
from neurodeploy.errors import NetworkError, OptionError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.plotting.tables import html_table
from neurodeploy.reporting.sweep_points import Point, Sweep
from neurodeploy.runtime.run import Run
from neurodeploy.training_session import Trained

PROBES = ["fc1.v[1:4]", "fc2.v@5:", "fc1.u"]


@pytest.fixture(scope="module")
def program() -> nd.Program:
    draw = np.random.default_rng(3)
    neuron = CubaLif(1024, 128, np.array([20, 21, 22, 23, 24, 25]))
    return nd.compile(
        Network(
            (
                Population("input", shape=(2, 4, 4)),
                Population("fc1", neuron),
                Population("fc2", CubaLif(1024, 128, 20)),
            ),
            (
                Projection("input", "fc1", Dense(2 * draw.integers(-10, 60, (6, 32)))),
                Projection("fc1", "fc2", Dense(2 * draw.integers(-10, 60, (3, 6)))),
            ),
            timestep_ms=0.5,
            steps=40,
        )
    )


@pytest.fixture(scope="module")
def run(program: nd.Program) -> Run:
    raster = np.random.default_rng(1).random((40, 2, 4, 4)) < 0.1
    made = nd.run(program, raster, "reference", probes=PROBES)
    assert isinstance(made, Run)
    return made


def test_raster(run: Run) -> None:
    axes = run.plot.raster("fc1").axes[0]
    drawn = np.concatenate([collection.get_offsets() for collection in axes.collections])
    spikes = run.spikes[1]
    assert len(spikes.step)
    np.testing.assert_allclose(drawn, np.stack([spikes.step * 0.5, spikes.neuron], axis=1))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time in ms", "neuron of fc1")
    assert axes.get_xlim() == (0, 20)


def test_raster_of_an_input_has_both_polarities(run: Run) -> None:
    off, on = (collection.get_offsets()[:, 1] for collection in run.plot.raster("input").axes[0].collections)
    assert off.max() < 16 <= on.min()
    assert len(off) + len(on) == len(run.spikes[0].step)


def test_raster_of_the_output_has_the_winner_apart(run: Run) -> None:
    others, winner = (collection.get_offsets()[:, 1] for collection in run.plot.raster().axes[0].collections)
    assert set(winner) == {run.prediction}
    assert len(winner) == run.output_counts.max()
    assert run.prediction not in others


def test_membrane(run: Run) -> None:
    axes = run.plot.membrane("fc1", 3).axes[0]
    when, v = axes.lines[0].get_data()
    np.testing.assert_array_equal(v, run["fc1.v[1:4]"][:, 2])
    np.testing.assert_allclose(when, (np.arange(40) + 1) * 0.5)
    assert set(axes.lines[1].get_ydata()) == {64 * 23}
    ticks = [line.get_xdata()[0] for line in axes.lines[2:]]
    np.testing.assert_allclose(ticks, (run.spikes[1].step[run.spikes[1].neuron == 3] + 1) * 0.5)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time in ms", "membrane voltage v")


@pytest.mark.parametrize(("population", "neuron"), [("fc1", 0), ("fc1", 4), ("fc2", 1)])
def test_a_membrane_that_was_not_recorded(run: Run, population: str, neuron: int) -> None:
    with pytest.raises(OptionError, match=rf"was not recorded.*{population}.v\[{neuron}:{neuron + 1}\]"):
        run.plot.membrane(population, neuron)


def test_counts(run: Run) -> None:
    axes = replace(run, label=2, file="<a$b$>").plot.counts().axes[0]
    assert [bar.get_height() for bar in axes.patches] == run.output_counts.tolist()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("class", "output spikes")
    assert axes.lines[0].get_xdata()[0] == 2


def test_chip(program: nd.Program) -> None:
    figure = program.plot.chip()
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["fc1", "fc2"]
    mesh = Mesh.of(program.target)
    stripes = sum(len(np.unique(program.cores.population)) for _ in range(len(program.cores)))
    assert len(axes.patches) == mesh.cores_per_chip - len(program.cores) + stripes + mesh.routers[0] * mesh.routers[1]
    with pytest.raises(OptionError, match="chip 1"):
        program.plot.chip(1)


def test_weights(program: nd.Program) -> None:
    axes = program.network.plot.weights("fc2").axes[0]
    weight = program.network.projections[1].synapse.weight
    centres = [round(bar.get_x() + bar.get_width() / 2) for bar in axes.patches]
    counts = {
        centre: int(bar.get_height()) for centre, bar in zip(centres, axes.patches, strict=True) if bar.get_height()
    }
    values, expected = np.unique(weight, return_counts=True)
    assert counts == dict(zip(values.tolist(), expected.tolist(), strict=True))
    with pytest.raises(OptionError, match="no projection ends there"):
        program.network.plot.weights("input")
    with pytest.raises(NetworkError):
        program.network.plot.weights("fc9")


def test_figures_have_no_global_state(run: Run) -> None:
    run.plot.counts()
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_figures_can_be_saved(run: Run, program: nd.Program, tmp_path: Path) -> None:
    for figure in (run.plot.raster("input"), run.plot.membrane("fc1", 1), run.plot.counts(), program.plot.chip()):
        figure.savefig(tmp_path / "figure.png", dpi=40)


def test_networks_and_runs_do_not_import_plots() -> None:
    text = (
        "import sys, neurodeploy.runtime.run\n"
        "sys.exit(any(m.startswith(('matplotlib', 'neurodeploy.plotting')) for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", text], check=False).returncode == 0


def test_tables(program: nd.Program, run: Run) -> None:
    verified = nd.verify(program, rate=0.1, backends=("reference", "emulator"))
    trained = Trained(
        Path("a.pt"), Path("a.yaml"), None, 1200, 7, {"share": 0.5}, np.zeros((7, 2), np.int64), None, 3.0
    )
    sweep = Sweep(7, None, (Point(4, "loihi1", fits=False, problem="large"),), {})
    named = replace(run, file="<script>alert(1)</script>")
    for item, told in (
        (program, "program for loihi1"),
        (program.network, "2×4×4"),
        (named, "&lt;script&gt;"),
        (verified, "equal: "),
        (nd.Comparison(0, (), ()), "nothing in common"),
        (trained, "50.00 %"),
        (sweep, "does not fit"),
    ):
        html = item._repr_html_()
        assert told in html
        assert "<script" not in html


@given(st.text(), st.text())
def test_table_cells_are_escaped(title: str, cell: str) -> None:
    html = html_table(title, ("a",), [(cell,), (None,)])
    assert html.count("<") == html_table("t", ("a",), [("c",), (None,)]).count("<")
    assert html.encode()


def test_long_tables_are_cut() -> None:
    assert "60 more" in html_table("t", ("a",), [(k,) for k in range(100)])
