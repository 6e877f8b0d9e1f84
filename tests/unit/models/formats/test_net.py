"""`.net` files: every layer, every neuron, every form a producer writes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from neurodeploy import api
from neurodeploy.emulator.reference import Reference
from neurodeploy.errors import FormatError, NetworkError
from neurodeploy.models.formats import Loaded
from neurodeploy.models.formats.net_input import transformed
from neurodeploy.network import (
    Alif,
    Bias,
    Conv2d,
    CubaLif,
    Delta,
    Dense,
    Network,
    Neuron,
    OneToOne,
    Population,
    Projection,
    Reset,
    ResonateFire,
    Sigma,
    SigmaDelta,
    SumPool2d,
)
from neurodeploy.spikes.events import Events

CUBA = {"type": "CUBA", "iDecay": 1024, "vDecay": 128, "vThMant": 80, "refDelay": 1, "gradedSpike": False}
LOIHI = {"type": "LOIHI", "iDecay": 1024, "vDecay": 128, "vThMant": 80, "refDelay": 3, "wgtExp": 2, "theta": 7,
         "tauRho": 0.5, "scaleRho": 1.0}  # fmt: skip
ALIF = {"type": "ALIF", "iDecay": 1, "vDecay": 2, "vThMant": 3, "thDecay": 4, "refDecay": 5, "vThStep": 6}
SDNN = {"type": "SDNN", "activation": "relu", "vThMant": 9}
INPUT = {"type": "input", "shape": np.array([2, 4, 5])}
DENSE = {"type": "dense", "shape": np.array([3]), "inFeatures": 40, "outFeatures": 3,
         "weight": np.arange(120, dtype=np.float32).reshape(3, 40) - 60, "neuron": CUBA}  # fmt: skip
CONV = {"type": "conv", "shape": np.array([4, 4, 5]), "inChannels": 2, "outChannels": 4,
        "kernelSize": np.array([3, 3]), "stride": np.array([1, 1]), "padding": np.array([1, 1]),
        "dilation": np.array([1, 1]), "groups": 1,
        "weight": np.arange(72, dtype=np.float32).reshape(4, 2, 3, 3) * 2, "neuron": CUBA}  # fmt: skip
POOL = {"type": "pool", "shape": np.array([2, 2, 3]), "kernelSize": 2, "stride": 2, "padding": 0, "dilation": 1,
        "weight": np.full((1, 1, 2, 2), 28.0), "neuron": CUBA}  # fmt: skip


def write(path: Path, *layers: dict[str, Any], numbers: list[str] | None = None, **extra: Any) -> Path:
    with h5py.File(path, "w") as file:
        for number, layer in zip(numbers or map(str, range(len(layers))), layers, strict=False):
            put(file.create_group(f"layer/{number}"), layer)
        for name, value in extra.items():
            file[name.replace("__", "/")] = value
    return path


def put(group: h5py.Group, values: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, dict):
            put(group.create_group(name), value)
        elif name == "type" and "iDecay" not in values and "vThMant" not in values:
            group.create_dataset(name, (1,), "S10", [value.encode()])
        elif value is not None:
            group[name] = value


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Loaded]:
    def call(*layers: dict[str, Any], numbers: list[str] | None = None, **options: Any) -> Loaded:
        extra = {name: options.pop(name) for name in list(options) if "__" in name}
        return api.read(write(tmp_path / "x.net", *layers, numbers=numbers, **extra), **options)

    return call


def test_layers_in_the_order_of_their_numbers(read: Callable[..., Loaded]) -> None:
    """Names sort as text in HDF5: 0, 1, 10, 2 …; some may be left out."""
    layers = [INPUT] + [DENSE | {"shape": np.array([n]), "inFeatures": None, "outFeatures": None,
                                 "weight": np.ones((n, 40 if n == 2 else n - 1))} for n in range(2, 13)]  # fmt: skip
    numbers = [str(2 * n) for n in range(12)]
    loaded = read(*layers, numbers=numbers, simulation__Ts=0.5, simulation__tSample=[30])
    assert [p.neurons for p in loaded.network.populations] == [40, *range(2, 13)]
    assert [p.name for p in loaded.network.populations] == ["input", *(f"fc{n}" for n in range(1, 12))]
    assert (loaded.network.timestep_ms, loaded.network.steps) == (0.5, 60)


def test_conv_pool_flatten_dense(read: Callable[..., Loaded]) -> None:
    conv = CONV | {"weight": np.asarray(CONV["weight"])[..., None], "bias": np.array([1.0, 0, -2, 3]),
                   "delay": np.array([0.0, 1, 2, 62], "f4")}  # fmt: skip
    pool = POOL | {"shape": np.array([4, 2, 3]), "weight": np.full((2, 2), 28)}
    flat = {"type": "flatten", "shape": np.array([1, 1, 24])}
    dense = DENSE | {"weight": np.ones((3, 4, 2, 3, 1)), "inFeatures": 24, "neuron": CUBA | {"vDecay": [1, 2, 3]}}
    network = read(INPUT, conv, pool, flat, dense).network
    assert [p.name for p in network.populations] == ["input", "conv1", "pool1", "fc1"]
    _, first, second, third = network.populations
    kernel = network.projections[0].synapse
    assert isinstance(kernel, Conv2d)
    np.testing.assert_array_equal(kernel.weight, CONV["weight"])
    assert kernel.weight.dtype == np.int32
    assert (kernel.padding, first.shape) == ((1, 1), (4, 4, 5))
    assert isinstance(first.bias, Bias)
    np.testing.assert_array_equal(first.bias.value(0), np.repeat([64, 0, -128, 192], 20))
    np.testing.assert_array_equal(first.delays(), np.repeat([0, 1, 2, 62], 20))
    window = network.projections[1].synapse
    assert isinstance(window, SumPool2d)
    assert (window.padding, second.shape) == ((0, 0, 0, 1), (4, 2, 3))  # 5 columns by 2: one more
    assert third.neuron is not None
    np.testing.assert_array_equal(third.neuron.parameters()["voltage_decay"], [1, 2, 3])


def test_parameters_per_channel(read: Callable[..., Loaded]) -> None:
    network = read(INPUT, CONV | {"neuron": CUBA | {"iDecay": np.array([1, 2, 3, 4])}}).network
    neuron = network.output.neuron
    assert isinstance(neuron, CubaLif)
    np.testing.assert_array_equal(neuron.current_decay, np.repeat([1, 2, 3, 4], 20))


def test_neurons(read: Callable[..., Loaded]) -> None:
    def neuron(fields: dict[str, Any]) -> tuple[str, dict[str, Any], int]:
        network = read(INPUT, DENSE | {"neuron": fields}).network
        assert network.output.neuron is not None
        return (
            type(network.output.neuron).__name__,
            network.output.neuron.parameters(),
            network.projections[0].weight_exponent,
        )

    assert neuron(CUBA) == ("CubaLif", CubaLif(1024, 128, 80).parameters(), 0)
    assert neuron(LOIHI) == ("CubaLif", CubaLif(1024, 128, 80, 3).parameters(), 2)
    assert neuron(ALIF) == ("Alif", Alif(1, 2, 3, 4, 5, 6).parameters(), 0)
    resonate = {"type": "RF_PHASE", "sinDecay": -5, "cosDecay": 4000, "vThMant": 7, "gradedSpike": False}
    assert neuron(resonate) == ("ResonateFire", ResonateFire(-5, 4000, 7).parameters(), 0)
    assert neuron(resonate | {"type": "RF_IZHIKEVICH"})[1] == ResonateFire(-5, 4000, 7, True).parameters()


def test_complex_weights(read: Callable[..., Loaded]) -> None:
    resonate = {"type": "RF_PHASE", "sinDecay": 5, "cosDecay": 4000, "vThMant": 7}
    parts = {"real": np.ones((3, 40)), "imag": np.full((3, 40), 2.0)}
    network = read(INPUT, DENSE | {"neuron": resonate, "weight": parts}).network
    assert [(p.imaginary, p.synapse.weight[0, 0]) for p in network.projections] == [(False, 1), (True, 2)]
    with pytest.raises(NetworkError, match="is imaginary, and the neurons of fc1 have real states only"):
        read(INPUT, DENSE | {"weight": parts})


def test_sigma_delta(read: Callable[..., Loaded], tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", np.arange(40).reshape(2, 4, 5))
    head = DENSE | {"inFeatures": 3, "weight": np.eye(3), "neuron": SDNN | {"sigma_output": True}}
    body = DENSE | {"neuron": SDNN, "bias": np.array([1, 2, 3])}
    affine = {key: value for key, value in head.items() if key != "neuron"}
    for last in (head, affine):
        network = read(INPUT | {"neuron": SDNN}, body, last, input_bias=tmp_path / "z.npy").network
        assert [type(p.neuron) for p in network.populations] == [Delta, SigmaDelta, Sigma]
        assert network.input.bias is not None
        np.testing.assert_array_equal(network.input.bias.value(0), np.arange(40))
        assert network.populations[1].bias is not None
        assert network.populations[1].bias.value(0).tolist() == [1, 2, 3]


def test_recurrent_and_affine_and_average(read: Callable[..., Loaded]) -> None:
    rec = DENSE | {"type": "dense_rec", "weight_rec": np.arange(9).reshape(3, 3), "neuron": LOIHI}
    affine = {"type": "dense", "shape": np.array([4]), "weight": np.ones((4, 3))}
    average = {"type": "average", "shape": np.array([2, 1, 1])}
    loaded = read(INPUT, rec, affine, average)
    assert [(p.source, p.target, p.weight_exponent) for p in loaded.network.projections] == [
        ("input", "fc1", 2), ("fc1", "fc1", 2), ("fc1", "fc2", 0),
    ]  # fmt: skip
    assert loaded.network.projections[1].synapse.weight[2].tolist() == [6, 7, 8]
    neuron = loaded.network.output.neuron
    assert isinstance(neuron, CubaLif)
    assert neuron.parameters() == {"current_decay": 0, "voltage_decay": 4096, "threshold_mantissa": 131071,
                                   "refractory_delay": 1}  # fmt: skip
    assert any("vote together for class k of 2" in note for note in loaded.notes)
    assert loaded.network.classes == 2


def test_an_affine_sums_up_in_u(read: Callable[..., Loaded]) -> None:
    """As in netx: a sum beyond 2^23 wraps. Summed up in v it would be set to 0 by a spike."""
    affine = {"type": "dense", "inFeatures": 20, "shape": np.array([1]), "weight": np.full((1, 20), 254)}
    network = read(affine).network
    steps = np.repeat(np.arange(30), 20)
    state = Reference(network).advance(Events(steps, np.tile(np.arange(20), 30)), 31, [1]).states[1]
    sums = (64 * 5080 * np.minimum(np.arange(1, 32), 30) + 2**23) % 2**24 - 2**23
    assert sums.min() < 0
    assert state.u[:, 0].tolist() == sums.tolist()
    assert state.v[:, 0].tolist() == sums.tolist()


def test_a_threshold_that_stands_for_never(read: Callable[..., Loaded]) -> None:
    loaded = read(INPUT, DENSE | {"neuron": CUBA | {"vThMant": 2**18 - 1}})
    neuron = loaded.network.output.neuron
    assert isinstance(neuron, CubaLif)
    assert neuron.threshold_mantissa == 131071
    assert "fc1: vThMant 262143 stands for never: the chip's highest, 131071, is taken" in loaded.notes


def test_delays_and_steps_of_other_lengths(read: Callable[..., Loaded]) -> None:
    delayed = DENSE | {"delay": np.array([5, 0, 3])}
    loaded = read(INPUT, delayed, simulation__Ts=0.1, simulation__nSample=12)
    assert loaded.network.output.delays().tolist() == [5, 0, 3]
    assert "delays are taken as steps, of 0.1 ms each" in loaded.notes
    assert not any("delays" in note for note in read(INPUT, delayed).notes)


def test_no_input_layer_and_real_weights(read: Callable[..., Loaded]) -> None:
    loaded = read(DENSE | {"weight": np.full((3, 40), 0.5)}, DENSE | {"inFeatures": 3, "weight": np.ones(9)})
    assert loaded.network.input.shape == (40,)
    assert not loaded.network.is_integer
    assert "from inFeatures" in loaded.notes[0]


def test_input_and_its_image(read: Callable[..., Loaded], tmp_path: Path) -> None:
    driven = INPUT | {"neuron": LOIHI | {"wgtExp": 0}, "weight": np.array([36.0]), "bias": 34, "delay": 2}
    network = read(driven, DENSE).network
    assert network.input.bias is not None
    assert (int(network.input.bias.value(0)), int(network.input.delays()[0])) == (34 * 64, 2)
    x = np.linspace(-1, 1, 120).reshape(3, 2, 4, 5)
    np.save(tmp_path / "x.npy", x)
    bias = read(driven, DENSE, image=tmp_path / "x.npy").network.input.bias
    assert bias is not None
    assert bias.steps == 3
    np.testing.assert_array_equal(bias.mantissa, np.rint(36 * np.rint(x * 32) / 32 + 34).reshape(3, 40))
    assert transformed(np.array([1 / 64, 3 / 64, 1.0]), 64, 0).tolist() == [0, 4, 64]


def test_resets(read: Callable[..., Loaded]) -> None:
    assert read(INPUT, DENSE, reset_interval=17, reset_offset=2).network.reset == Reset(17, 2)
    with pytest.raises(FormatError, match="without a reset interval"):
        read(INPUT, DENSE, reset_offset=2)


def without(layer: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in layer.items() if key not in names}


REFUSED: list[tuple[tuple[dict[str, Any], ...], str]] = [
    ((INPUT, {}), "is empty"),
    ((INPUT, {"type": "convT"}), "shape: is missing"),
    ((INPUT, {"type": "unpool"}), "shape: is missing"),
    ((INPUT, {"type": "concat", "layers": [0]}), "joins layers"),
    ((INPUT, {"type": "kwta"}), "'kwta' is no layer"),
    ((INPUT, INPUT), "is an input that is not the first"),
    ((INPUT, DENSE | {"skip": 1}), "/layer/1/skip: has no meaning"),
    ((INPUT, DENSE | {"neuron": CUBA | {"gradedSpike": True}}), "asks for graded spikes"),
    ((INPUT, DENSE | {"neuron": CUBA | {"messageBits": 8}}), "asks for graded spikes"),
    ((INPUT, DENSE | {"neuron": CUBA | {"weight_exp": 2}}), "training scaled the weights"),
    ((INPUT, DENSE | {"neuron": CUBA | {"new": 2}}), "/neuron/new: has no meaning"),
    ((INPUT, DENSE | {"neuron": CUBA | {"type": "ADRF_PHASE"}}), "'ADRF_PHASE' is no neuron"),
    ((INPUT, DENSE | {"neuron": CUBA | {"iDecay": 0.5}}), "not whole"),
    ((INPUT, DENSE | {"neuron": CUBA | {"iDecay": [1, 2]}}), "holds 2 values for 3 channels"),
    ((INPUT, DENSE | {"neuron": without(CUBA, "vDecay")}), "vDecay: is missing"),
    ((INPUT, DENSE | {"neuron": CUBA | {"vThMant": 2**17}}), "131072 is outside"),
    ((INPUT, DENSE | {"neuron": ALIF | {"refDelay": 2}}), "never held"),
    ((INPUT, DENSE | {"neuron": SDNN | {"messageBits": 8}}), "another width"),
    ((INPUT, DENSE | {"neuron": SDNN | {"activation": "tanh"}}), "'tanh' is unknown"),
    ((INPUT, DENSE | {"neuron": LOIHI | {"wgtExp": 9}}), "9 is outside -7 … 7"),
    ((INPUT, DENSE | {"bias": np.array([0.5, 0, 0])}), "not whole"),
    ((INPUT, DENSE | {"bias": np.array([5000, 0, 0])}), "5000 is outside"),
    ((INPUT, DENSE | {"delay": np.array([63, 0, 0])}), "63 is outside 0 … 62"),
    ((INPUT, DENSE | {"delay": np.array([0.5, 0, 0])}), "not whole"),
    ((INPUT, DENSE | {"weight": np.full((3, 40), np.nan)}), "NaN"),
    ((INPUT, DENSE | {"weight": np.ones((3, 39))}), r"no 3 x 40"),
    ((INPUT, DENSE | {"weight": np.ones((40, 3))}), r"no 3 x 40"),
    ((INPUT, DENSE | {"inFeatures": 41}), "is 41 where 40"),
    ((INPUT, CONV | {"shape": np.array([4, 4, 4])}), r"is \(4, 4, 4\), and its parameters give \(4, 4, 5\)"),
    ((INPUT, CONV | {"groups": 3}), "does not divide"),
    ((INPUT, CONV | {"inChannels": 3}), "is 3 where 2"),
    ((INPUT, CONV | {"weight": np.ones((4, 3, 3, 2))}), "has shape"),
    ((INPUT, {"type": "flatten"}, CONV), "behind a flatten"),
    ((INPUT, without(CONV, "kernelSize")), "kernelSize: is missing"),
    ((INPUT, POOL | {"shape": np.array([2, 3, 3])}), "and its parameters give"),
    ((INPUT, POOL | {"dilation": 2}), "spreads the windows"),
    (
        (
            INPUT | {"shape": np.array([1, 5, 5])},
            POOL | {"shape": np.array([1, 2, 2]), "kernelSize": 3, "stride": 3, "weight": np.ones((3, 3))},
        ),
        "windows reach into the next channel",
    ),
    ((CONV, DENSE), "has no input layer"),
    ((INPUT, DENSE | {"type": "dense_rec", "weight_rec": np.eye(3), "delay": [1, 2, 3]}), "delays a recurrent layer"),
    ((INPUT, without(DENSE, "neuron") | {"type": "dense_rec", "weight_rec": np.eye(3)}), "recurrent without a neuron"),
    ((INPUT, {"type": "average", "shape": [2]}), "averages 40 outputs to 2"),
    ((INPUT, DENSE, {"type": "average", "shape": [2]}), "averages 3 outputs to 2"),
    ((INPUT, DENSE, {"type": "average", "shape": [3]}, DENSE), "follows an average"),
    ((INPUT | {"weight": 36}, DENSE), "no neuron that they could drive"),
    ((INPUT | {"neuron": LOIHI}, DENSE), "weight exponent on the input"),
]


@pytest.mark.parametrize(("layers", "problem"), REFUSED)
def test_what_is_refused(read: Callable[..., Loaded], layers: tuple[dict[str, Any], ...], problem: str) -> None:
    with pytest.raises((FormatError, NetworkError), match=problem):
        read(*layers)


def test_other_groups_are_refused(read: Callable[..., Loaded]) -> None:
    with pytest.raises(FormatError, match="instead of layer and simulation"):
        read(INPUT, DENSE, other__x=1)
    with pytest.raises(FormatError, match="no numbered layer"):
        read(INPUT, DENSE, numbers=["0", "one"])
    with pytest.raises(FormatError, match="each number once"):
        read(INPUT, DENSE, numbers=["1", "01"])
    with pytest.raises(FormatError, match="is no time"):
        read(INPUT, DENSE, simulation__Ts=0)


LIF = CubaLif(1, 2, 3)
CHAIN = (Population("input", shape=(2, 4, 5)), Population("a", LIF))


def network(synapse: Any, *more: Projection, target: Population = CHAIN[1], source: Population = CHAIN[0]) -> Network:
    return Network((source, target), (Projection("input", "a", synapse), *more))


ONES = np.ones((3, 40), np.int64)


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (network(Dense(ONES / 2)), "has float weights"),
        (network(OneToOne(np.array([1]))), "is OneToOne"),
        (network(Dense(ONES), Projection("input", "a", Dense(ONES))), "has 2 projections from input"),
        (network(Dense(ONES), Projection("a", "a", OneToOne(np.array([1])))), "is OneToOne"),
        (network(Dense(ONES), target=Population("a", LIF, bias=Bias(np.array(1)))), "no multiple of 64"),
        (network(Dense(ONES), target=Population("a", LIF, bias=Bias(np.ones((2, 3), int), 6))), "per step"),
        (network(Conv2d(np.ones((2, 2, 1, 1), int)), target=Population("a", LIF, axonal_delay=np.arange(40))),
         "axonal delay per neuron"),
        (network(SumPool2d(np.ones((2, 2), int), (2, 2), (1, 0, 0, 0))), r"pads \(1, 0, 0, 0\)"),
        (network(Dense(ONES), Projection("a", "a", Dense(np.eye(3, dtype=int))),
                 target=Population("a", LIF, axonal_delay=1)), "is recurrent and delayed"),
        (network(Dense(ONES), target=Population("a", SigmaDelta(1, spike_exponent=5))), "exponents other than 6"),
    ],
)  # fmt: skip
def test_what_cannot_be_written(made: Network, problem: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=problem):
        api.convert(made, tmp_path / "x.net")


def test_every_neuron_is_written(tmp_path: Path) -> None:
    neurons: list[Neuron] = [
        Alif(1, 2, 3, 4, np.array([5, 6, 7]), 8), ResonateFire(1, -2, 3), ResonateFire(1, 2, 3, True), SigmaDelta(4),
        SigmaDelta(4, activation="identity"), Sigma(), CubaLif(1, 2, 3, 4),
    ]  # fmt: skip
    for neuron in neurons:
        source = Population("input", Delta(2), (2, 4, 5)) if isinstance(neuron, (SigmaDelta, Sigma)) else CHAIN[0]
        more = [Projection("input", "a", Dense(2 * ONES), imaginary=True)] if isinstance(neuron, ResonateFire) else []
        api.convert(network(Dense(ONES), *more, target=Population("a", neuron), source=source), tmp_path / "x.net",
                    overwrite=True)  # fmt: skip
        again = api.read(tmp_path / "x.net").network
        assert type(again.output.neuron) is type(neuron)
        assert again.output.neuron is not None
        for name, value in neuron.parameters().items():
            assert np.array_equal(value, again.output.neuron.parameters()[name]), name
        assert [p.synapse.weight[0, 0] for p in again.projections] == [1, 2][: len(again.projections)]


def test_what_the_writer_says(tmp_path: Path) -> None:
    made = Network((CHAIN[0], Population("a", LIF)), (Projection("input", "a", Dense(ONES * 200), 3),),
                   reset=Reset(5))  # fmt: skip
    _, notes = api.convert(made, tmp_path / "x.net")
    assert any("--reset-interval 5 --reset-offset 0" in note for note in notes)
    assert any("netx ignores weight exponents" in note for note in notes)
    again = api.read(tmp_path / "x.net").network.projections[0]
    assert (again.weight_exponent, int(again.synapse.weight[0, 0])) == (3, 200)
