"""Bad input: one clear sentence, the right exit code, no traceback, nothing half-written."""

from __future__ import annotations

import pickle
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import neurodeploy as nd
from neurodeploy.network import CubaLif, Dense, Network, Population, Projection
from tests.cli.conftest import Invoke

YAML = """\
simulation: {Ts: 1, tSample: 50}
neuron: {type: LOIHI, vThMant: 80, vDecay: 128, iDecay: 1024, refDelay: 1, wgtExp: 0}
"""


def refused(invoke: Invoke, *words: object, code: int = 1) -> str:
    """Call it, see it refused properly, and give the sentence."""
    result = invoke(*words)
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1
    assert lines[0].endswith(".")
    assert "Traceback" not in result.output
    return lines[0]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A folder of SLAYER-Loihi parameters for 2x4x4 - 3."""
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "network.yaml").write_text(YAML)
    np.savetxt(folder / "fc1.txt", np.full(96, 40), fmt="%d")
    return folder


def test_missing_files(invoke: Invoke, program_path: Path, tmp_path: Path) -> None:
    for words in (
        ("inspect", tmp_path / "none.pt"),
        ("compile", tmp_path / "none", "--arch", "4-3"),
        ("run", tmp_path / "none.ndp"),
        ("run", program_path, "--data", tmp_path / "none.bs2"),
        ("verify", tmp_path / "none.ndp"),
        ("report", tmp_path / "none.ndr"),
    ):
        assert "does not exist" in refused(invoke, *words)


def test_networks_are_to_be_compiled_first(
    invoke: Invoke, network: Network, checkpoint: Path, recordings: Path, tmp_path: Path
) -> None:
    nd.save(network, tmp_path / "n.ndn")
    (tmp_path / "net.pt").write_bytes(b"PK\x03\x04 and so on")
    (tmp_path / "net.net").write_bytes(bytes(5000))
    for path in (checkpoint, tmp_path / "n.ndn", tmp_path / "net.pt", tmp_path / "net.net"):
        remedy = f"compile it first: neurodeploy compile {path} -o {path.stem}.ndp."
        for words in (("run", path, "--data", recordings), ("verify", path, "--random", "0.1")):
            assert refused(invoke, *words).endswith(remedy)


def test_truncated_program(invoke: Invoke, program_path: Path, tmp_path: Path) -> None:
    data = program_path.read_bytes()
    for length in (0, 100, 511, 512, 1000, len(data) - 1):
        broken = tmp_path / "broken.ndp"
        broken.write_bytes(data[:length])
        refused(invoke, "run", broken)


def test_every_flipped_byte_is_seen(invoke: Invoke, program_path: Path, tmp_path: Path) -> None:
    """Every byte of the header, and bytes all over the rest."""
    data = bytearray(program_path.read_bytes())
    broken = tmp_path / "broken.ndp"
    for position in [*range(0, 72), *range(72, len(data), len(data) // 100)]:
        data[position] ^= 0x10
        broken.write_bytes(data)
        refused(invoke, "inspect", broken)
        data[position] ^= 0x10


def test_checkpoint_with_code(invoke: Invoke, tmp_path: Path) -> None:
    """Neither container runs what is in it."""
    ran = tmp_path / "ran"

    class Harmful:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (ran,))

    plain, zipped = tmp_path / "plain.pt", tmp_path / "zipped.pt"
    plain.write_bytes(pickle.dumps({"fc1.weight": Harmful()}))
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"fc1.weight": Harmful()}))
        archive.writestr("archive/version", "3")
    for path in (plain, zipped):
        refused(invoke, "compile", path, "-o", tmp_path / "x.ndp")
    assert not ran.exists()
    assert not (tmp_path / "x.ndp").exists()


def test_weights_that_do_not_match(invoke: Invoke, checkpoint: Path, tmp_path: Path) -> None:
    sentence = refused(invoke, "compile", checkpoint, "--arch", "4x4x2-5", "-o", tmp_path / "x.ndp")
    assert "fc1.txt" in sentence
    assert "96" in sentence
    assert "160" in sentence
    assert not (tmp_path / "x.ndp").exists()


def test_nan_weights(invoke: Invoke, checkpoint: Path, tmp_path: Path) -> None:
    (checkpoint / "fc1.txt").write_text("nan\n" * 96)
    sentence = refused(invoke, "compile", checkpoint, "--arch", "4x4x2-3", "-o", tmp_path / "x.ndp")
    assert "fc1" in sentence


def test_unknown_names(invoke: Invoke, checkpoint: Path, program_path: Path, tmp_path: Path) -> None:
    arch = ("--arch", "4x4x2-3")
    assert "loihi1" in refused(invoke, "compile", checkpoint, *arch, "--target", "loihi9", "-o", tmp_path / "x.ndp")
    assert "emulator" in refused(invoke, "run", program_path, "--backend", "fpga")
    assert "lava-0.10" in refused(invoke, "run", program_path, "--profile", "loihi7")
    assert invoke("run", program_path, "--no-such-option").exit_code == 2


def test_bad_recordings(invoke: Invoke, program_path: Path, tmp_path: Path) -> None:
    odd, outside = tmp_path / "odd.bs2", tmp_path / "outside.bs2"
    odd.write_bytes(bytes(7))
    assert "7" in refused(invoke, "run", program_path, "--data", odd)
    outside.write_bytes(bytes([200, 0, 0, 0, 0]))
    sentence = refused(invoke, "run", program_path, "--data", outside)
    assert "200" in sentence
    assert "outside.bs2" in sentence


def test_labels_and_missing_data(invoke: Invoke, program_path: Path, tmp_path: Path) -> None:
    (tmp_path / "a.bs2").write_bytes(bytes(5))
    (tmp_path / "labels.csv").write_text("file,label\na.bs2,3\n")
    assert "label 3 is outside the 3 outputs" in refused(invoke, "run", program_path, "--data", tmp_path)
    assert "--data" in refused(invoke, "run", program_path)
    assert "count or first or average" in refused(invoke, "run", program_path, "--readout", "last")


def test_full_standard_output(program_path: Path, recordings: Path) -> None:
    words = [sys.executable, "-m", "neurodeploy", "inspect", str(program_path)]
    with Path("/dev/full").open("w") as full:
        finished = subprocess.run(words, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert finished.returncode == 1
    assert "Error: standard output: cannot be written" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_empty_recording_runs(invoke: Invoke, program_path: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.bs2").write_bytes(b"")
    result = invoke("run", program_path, "--data", tmp_path / "empty.bs2")
    assert result.exit_code == 0
    assert "silent" in result.stdout


def test_does_not_fit(invoke: Invoke, tmp_path: Path) -> None:
    """Exit code 3, with the population, the limit, how much over, and what would help."""
    neuron = CubaLif(1024, 128, 20)
    wide = Network(
        (Population("input", shape=(1,)), Population("fc1", neuron), Population("fc2", neuron, (140_000,))),
        (Projection("input", "fc1", Dense(np.full((5000, 1), 2))),),
    )
    deep = Network(
        (Population("input", shape=(5000,)), Population("fc1", neuron)),
        (Projection("input", "fc1", Dense(np.full((2, 5000), 2))),),
    )
    nd.save(wide, tmp_path / "wide.ndn")
    nd.save(deep, tmp_path / "deep.ndn")
    sentence = refused(invoke, "compile", tmp_path / "wide.ndn", "-o", tmp_path / "x.ndp", code=3)
    for part in ("fc2", "140,000", "131,072", "13,928", "loihi1-2"):
        assert part in sentence
    sentence = refused(invoke, "compile", tmp_path / "deep.ndn", "-o", tmp_path / "x.ndp", code=3)
    for part in ("fc1", "5,000 input axons", "4,096"):
        assert part in sentence
    assert not (tmp_path / "x.ndp").exists()


def test_existing_files_are_kept(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.ndr"
    kept.write_text("mine")
    assert "--force" in refused(invoke, "run", program_path, "--data", recordings, "-o", kept)
    assert kept.read_text() == "mine"
    assert invoke("run", program_path, "--data", recordings, "-o", kept, "--force").exit_code == 0


def test_full_disk(program_path: Path, recordings: Path, tmp_path: Path) -> None:
    """A file the system refuses to finish leaves nothing behind."""
    options = ["--data", str(recordings), "-o", str(tmp_path / "r.ndr")]
    words = [sys.executable, "-m", "neurodeploy", "run", str(program_path), *options]
    finished = subprocess.run(
        words,
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
    )
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    assert "cannot be written" in finished.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_name_does_nothing_to_a_terminal(
    invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path
) -> None:
    """Not in a table, not in a sentence, not in the next step: no colour, no bell, no other direction of writing."""
    data = tmp_path / "a\x1b[31m\x07\u202eb.bs2"
    shutil.copy(next(recordings.glob("*.bs2")), data)
    ran = invoke("run", program_path, "--data", data, "-o", data.with_suffix(".ndr"))
    assert ran.exit_code == 0
    missing = invoke("run", program_path, "--data", tmp_path / "no\x1b[31m\x07\u202e")
    assert missing.exit_code == 1
    for told in (ran.stdout, ran.stderr, missing.stderr):
        assert not {"\x1b", "\x07", "\u202e"} & set(told)
        assert "U+" in told  # the cell of a table may break the number
