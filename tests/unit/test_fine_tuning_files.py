"""Fine-tuning with files: fewer bits, the emulator's answers, and the same bits after a stop."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

import neurodeploy as nd
from neurodeploy.errors import FormatError, NeurodeployError, OptionError
from neurodeploy.fine_tuning_files import FineTuned, fine_tune_files
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML
from neurodeploy.network import Network
from tests.support.digits import write_few_digits

BITS = 2


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("digits")
    write_few_digits(path, 120)
    return path


@pytest.fixture(scope="module")
def network() -> Network:
    loaded = nd.load(CHECKPOINT, yaml=YAML)
    assert isinstance(loaded, Network)
    return loaded


def tuned(network: Network, folder: Path, output: Path, **changes: object) -> FineTuned:
    settings = {"weight_bits": BITS, "epochs": 2, "batch_size": 20, "augment": "shift=1", "learning_rate": 0.03}
    files = {"log": output.with_suffix(".csv")}
    return fine_tune_files(network, folder, output, **(settings | files | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole(network: Network, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> FineTuned:
    return tuned(network, folder, tmp_path_factory.mktemp("whole") / "net.ndn")


def predictions(network: Network, folder: Path) -> tuple[int | None, ...]:
    """Of the compiled network; compiling changes no weight."""
    program = nd.compile(network)
    assert not any(layer.changed for layer in program.quantization)
    runs = nd.run(program, folder, split="test")
    assert isinstance(runs, list)
    return tuple(run.prediction for run in runs)


def test_the_file_answers_as_told(whole: FineTuned, network: Network, folder: Path) -> None:
    given, rounded, trained = whole.answers
    assert len(trained.labels) == 60
    written = nd.load(whole.output)
    assert isinstance(written, Network)
    assert predictions(written, folder) == trained.predictions
    assert predictions(network, folder) == given.predictions
    assert predictions(nd.quantize(network, BITS)[0], folder) == rounded.predictions
    assert rounded.correct < trained.correct
    assert len({float(w) for w in written.projections[0].synapse.weight.flat}) <= 2**BITS
    answer = whole.as_dict()
    assert answer["accuracy"]["correct"] == trained.correct
    assert [pair["networks"] for pair in answer["pairs"]][-1] == ["rounded", "fine-tuned"]


def test_the_log_has_a_line_per_epoch(whole: FineTuned) -> None:
    assert whole.log is not None
    with whole.log.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["phase"], row["epoch"]) for row in rows] == [("fine-tuning", "1"), ("fine-tuning", "2")]
    assert float(rows[-1]["test_accuracy"]) == pytest.approx(whole.answers[-1].correct / 60, abs=1e-5)


def test_distorted_recordings_are_what_is_trained_on(
    whole: FineTuned, network: Network, folder: Path, tmp_path: Path
) -> None:
    plain = tuned(network, folder, tmp_path / "net.ndn", augment="", test_every=0)
    weights = [each.network.projections[0].synapse.weight for each in (plain, whole)]
    assert (weights[0] != weights[1]).any()
    assert plain.answers[:2] == whole.answers[:2]


def nearly(network: Network) -> Network:
    """The same but for one weight."""
    first, *others = network.projections
    weight = first.synapse.weight.copy()
    weight[0, 0] += 2
    changed = replace(first, synapse=replace(first.synapse, weight=weight))
    return replace(network, projections=(changed, *others))


@pytest.mark.parametrize("left_after", [2, 4])
def test_a_stopped_one_goes_on_with_the_same_bits(
    whole: FineTuned, network: Network, folder: Path, tmp_path: Path, left_after: int
) -> None:
    output, updates = tmp_path / "net.ndn", iter(range(1, 1000))
    with pytest.raises(OptionError, match="go on with the same command and --resume"):
        tuned(network, folder, output, stopped=lambda: next(updates) >= left_after)
    assert not output.exists()
    for other in ({"augment": ""}, {"weight_bits": 3}, {"network": nearly(network)}):
        with pytest.raises(OptionError, match="resume with the same options"):
            tuned(**({"network": network, "folder": folder, "output": output, "resume": True} | other))  # type: ignore[arg-type]
    resumed = tuned(network, folder, output, resume=True)
    for ours, theirs in zip(resumed.network.projections, whole.network.projections, strict=True):
        assert ours.weight_exponent == theirs.weight_exponent
        assert (ours.synapse.weight == theirs.synapse.weight).all()
    assert resumed.answers == whole.answers


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"output": "net.pt"}, FormatError, "does not end in .ndn"),
        ({"weight_bits": 9}, OptionError, "9 is outside 1 … 8"),
        ({"layer_bits": {"fc7": 4}}, OptionError, "no learned weights lead there"),
        ({"steps": 0}, OptionError, "steps: 0 is less than 1"),
        ({"split": "none"}, OptionError, "has no split 'none'"),
        ({"data": "missing"}, FormatError, "cannot be read"),
    ],
)
def test_what_cannot_be_fine_tuned_is_said(
    network: Network,
    folder: Path,
    tmp_path: Path,
    changes: dict[str, object],
    error: type[NeurodeployError],
    message: str,
) -> None:
    settings = {"data": folder, "output": "net.ndn", "limit": 2} | changes
    settings["output"] = tmp_path / str(settings["output"])
    with pytest.raises(error, match=message):
        fine_tune_files(network, **settings)  # type: ignore[arg-type]  # mixed keywords
