"""Predictions against sums by hand, and counts against what each other part of the package counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.compiler.flows import Rates
from neurodeploy.compiler.prediction import (
    CoreCounts,
    Counts,
    LayerCounts,
    known_constants,
    load_constants,
    predicted,
    summed,
)
from neurodeploy.compiler.prediction import constants as module
from neurodeploy.compiler.prediction.counting import counted, expected_counts
from neurodeploy.compiler.prediction.deliveries import Deliveries
from neurodeploy.compiler.program import Program
from neurodeploy.compiler.traffic import traffic
from neurodeploy.errors import FormatError, OptionError
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from neurodeploy.runtime.run import Run
from neurodeploy.spikes.events import random_events

FILE = Path(module.__file__).parent / "davies2018.toml"
STEPS = 40


def by_hand() -> Counts:
    """Two steps on two cores: core 0 has 10 neurons that all work, core 1 has 4 of which half do."""
    zeros = np.zeros((2, 2), int)
    return Counts(
        steps=2,
        layers=(
            LayerCounts("input", 0, 0, 0, 3, 0, 0, 5, 0, 0),
            LayerCounts("fc1", 14, 24, 4, 6, 1000, 100, 7, 11, 13),
        ),
        cores=CoreCounts(
            synaptic_ops=np.array([[20, 0], [900, 80]]),
            sparse_ops=np.array([[0, 0], [100, 0]]),
            words=np.array([[3, 0], [90, 9]]),
            packets_in=np.array([[5, 0], [0, 7]]),
            packets_out=np.array([[0, 4], [3, 0]]),
            spikes=zeros,
            neurons=np.array([10, 4]),
            active=np.array([1.0, 0.5]),
        ),
        tiles=2,
        chips=1,
        chip="loihi1",
    )


def test_energy_by_hand() -> None:
    found = predicted(by_hand(), load_constants("sana-fe"))
    synapses = 900 * 35.5 + 100 * 33.6
    neurons = 24 * 72.8 + 4 * 51.2 + 6 * 69.3  # the host's three spikes cost nothing
    packets = 7 * 111.0 + 11 * 3.0 + 13 * 4.2
    assert found.layers[1].synapses == pytest.approx(synapses * 1e-12)
    assert found.layers[1].neurons == pytest.approx(neurons * 1e-12)
    assert found.layers[1].packets == pytest.approx(packets * 1e-12)
    assert found.layers[0].joules == pytest.approx(5 * 111e-12)
    assert found.dynamic_joules == pytest.approx((synapses + neurons + packets + 5 * 111) * 1e-12)
    assert found.dynamic_joules == pytest.approx(sum(layer.joules for layer in found.layers))


def test_time_by_hand() -> None:
    found = predicted(by_hand(), load_constants("sana-fe"))
    sending = 10 * 9.7  # step 0, core 0 does both side by side
    receiving = 20 * 3.8 + 5 * 16
    second = 800 * 3.8 + 100 * 4.7  # step 1, core 0 receives
    assert receiving > sending
    assert found.work_seconds == pytest.approx((receiving + second) * 1e-9)
    assert found.barrier_seconds == pytest.approx(2 * 1000e-9)
    assert found.longest_step_seconds == pytest.approx((second + 1000) * 1e-9)
    assert found.neuron_bound_steps == 0
    assert found.static_joules == pytest.approx(0.104 * found.seconds)
    davies = predicted(by_hand(), load_constants("davies2018"))
    updates = 10 * 8.4  # step 0, core 0; 20 · 3.5 = 70 is less
    assert davies.work_seconds == pytest.approx((updates + 900 * 3.5) * 1e-9)
    assert davies.neuron_bound_steps == 1


def test_maxima_name_the_core() -> None:
    maxima = {m.name: (m.most, m.core, m.busiest) for m in predicted(by_hand(), load_constants("sana-fe")).maxima}
    wanted = {
        "neurons": (10, 0, 10),
        "synaptic_ops": (900, 0, 460),
        "words": (90, 0, 46.5),
        "packets_in": (7, 1, 3.5),
        "packets_out": (4, 1, 2),
        "spikes": (0, 0, 0),
    }
    assert maxima == wanted


@pytest.mark.parametrize(
    ("tiles", "davies", "sanafe"), [(1, 113, 600), (3, 113 + 352 * 2 / 31, 1000), (4, 147.06, 1400), (32, 465, 1800)]
)
def test_barriers(tiles: int, davies: float, sanafe: float) -> None:
    assert load_constants("davies2018").barrier.at(tiles) == pytest.approx(davies, abs=0.01)
    assert load_constants("sana-fe").barrier.at(tiles) == sanafe


def test_recordings_add_up() -> None:
    one = predicted(by_hand(), load_constants("sana-fe"))
    both = summed([one, one])
    assert both.joules == pytest.approx(2 * one.joules)
    assert both.seconds == pytest.approx(2 * one.seconds)
    assert (both.steps, both.longest_step_seconds, both.maxima) == (4, one.longest_step_seconds, one.maxima)


def test_the_busiest_core_is_that_of_all_recordings() -> None:
    one, cores = by_hand(), by_hand().cores
    mirrored = replace(cores, synaptic_ops=np.asarray(cores.synaptic_ops)[:, ::-1])
    both = summed([predicted(each, load_constants("sana-fe")) for each in (one, replace(one, cores=mirrored))])
    (ops,) = (m for m in both.maxima if m.name == "synaptic_ops")
    assert (ops.most, ops.busiest) == (900, 250)  # 920 and 80 of each core in four steps


def test_what_is_left_out_is_said() -> None:
    notes = predicted(
        replace(by_hand(), chip="loihi2", chips=2, updates_counted=False), load_constants("sana-fe")
    ).notes
    assert [next(word for word in ("loihi2", "between chips", "active") if word in note) for note in notes] == [
        "loihi2",
        "between chips",
        "active",
    ]


def program(rule: str = "conservative") -> Program:
    random = np.random.default_rng(4)
    neuron = CubaLif(current_decay=1024, voltage_decay=128, threshold_mantissa=400)
    weights = [random.integers(-40, 60, shape) * (random.random(shape) < 0.3) for shape in ((300, 64), (40, 300))]
    network = Network(
        (
            Population("input", shape=(64,)),
            Population("hidden", neuron, shape=(300,), axonal_delay=np.arange(300) % 5),
            Population("output", neuron, shape=(40,)),
        ),
        (Projection("input", "hidden", Dense(weights[0])), Projection("hidden", "output", Dense(weights[1]))),
        timestep_ms=1.0,
    )
    return nd.compile(network, memory_rule=rule, one_layer_per_core=True)


def ran(made: Program) -> Run:
    run = nd.run(made, random_events(64, STEPS, 0.2, 1), steps=STEPS)
    assert isinstance(run, Run)
    return run


@pytest.mark.parametrize("rule", ["conservative", "nxtf"])
def test_counts_agree_with_traffic_and_with_themselves(rule: str) -> None:
    made = program(rule)
    run = ran(made)
    assert all(len(spikes.step) for spikes in run.spikes)
    counts = counted(Deliveries.of(made), [(s.step, s.neuron) for s in run.spikes], STEPS, None)
    cost = traffic(made)
    fired = np.concatenate(
        [np.bincount(s.neuron, minlength=p.neurons) for s, p in zip(run.spikes, made.network.populations, strict=True)]
    )
    assert sum(layer.synaptic_ops for layer in counts.layers) == fired @ cost.synapses >= run.synaptic_ops
    assert sum(layer.packets for layer in counts.layers) == run.packets
    assert sum(layer.hops_east_west + layer.hops_north_south for layer in counts.layers) == run.hops
    assert counts.cores.synaptic_ops.sum() == fired @ cost.synapses
    assert counts.cores.packets_in.sum() == run.packets
    assert counts.cores.packets_out.sum() == run.packets - counts.layers[0].packets
    assert counts.cores.spikes.sum() == fired[64:].sum()
    assert counts.cores.words.sum() * 64 > 2 * counts.cores.synaptic_ops.sum()


def test_mean_rates_give_the_same_energy() -> None:
    made = program()
    run = ran(made)
    sizes = [p.neurons for p in made.network.populations]
    fired = np.concatenate([np.bincount(s.neuron, minlength=n) for s, n in zip(run.spikes, sizes, strict=True)])
    seen = predicted(
        counted(Deliveries.of(made), [(s.step, s.neuron) for s in run.spikes], STEPS, None), load_constants("sana-fe")
    )
    expected = predicted(expected_counts(made, Rates(fired, STEPS, 1)), load_constants("sana-fe"))
    assert expected.dynamic_joules == pytest.approx(seen.dynamic_joules)
    assert expected.seconds <= seen.seconds
    assert any("average step" in note for note in expected.notes)


def test_constants_that_come_with_the_package() -> None:
    assert known_constants() == ("davies2018", "sana-fe")
    with pytest.raises(OptionError, match="davies2018, sana-fe"):
        load_constants("davies")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("packet = 1.7", "packet = -1.7", r"line 15: picojoules\.packet: -1\.7 is no number in 0"),
        ("packet = 1.7", "packet = nan", r"line 15: picojoules\.packet"),
        ("packet = 1.7", "packets = 1.7", r"line 15: picojoules\.packets: is no known key"),
        ("neuron_active = 8.4\n", "", r"line 19: nanoseconds\.neuron_active: is missing"),
        ("tiles = [1, 32]", "tiles = [32, 1]", r"line 29: barrier\.tiles: .* does not ascend"),
        ("nanoseconds = [113.0", "nanoseconds = [\n1, 113.0", r"line 30: barrier\.nanoseconds"),
        ('between = "linear"', 'between = "cubic"', r"line 31: barrier\.between: 'cubic' is unknown"),
    ],
)
def test_constants_that_make_no_sense(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = FILE.read_text("utf-8")
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(FormatError, match=message):
        load_constants(str(path))


def test_links_between_chips_are_counted_and_not_priced() -> None:
    """Of what is not published a count is told and no energy; the links stay among the hops."""
    layers = tuple(replace(layer, crossings=2.0 * i) for i, layer in enumerate(by_hand().layers))
    counts = replace(by_hand(), layers=layers, chips=2)
    for name in ("sana-fe", "davies2018"):
        one, two = predicted(by_hand(), load_constants(name)), predicted(counts, load_constants(name))
        assert two.dynamic_joules == one.dynamic_joules
        line = summed([two, two]).as_dict()["chip_crossings"]
        assert line == {"count": 4.0, "per_step": 1.0, "joules": None, "energy": "not published"}
        assert any("not published" in note for note in two.notes)
        assert one.as_dict()["chip_crossings"]["count"] == 0
