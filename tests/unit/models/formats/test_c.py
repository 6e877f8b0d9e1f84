"""C99 export: names, memory, refusals. That it computes the right bits is `tests/property/test_exports.py`."""

from __future__ import annotations

import ctypes
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from neurodeploy.emulator.reference import Reference
from neurodeploy.emulator.simulation import Options
from neurodeploy.errors import FormatError
from neurodeploy.models.formats import WriteOptions, c_write, written_network
from neurodeploy.models.formats.c_text import identifier
from neurodeploy.network import Bias, CubaLif, Dense, Network, Population, Projection, ResonateFire, Sigma, Sparse
from neurodeploy.spikes.events import Events
from tests.support.exports import WARNINGS, CExport, OnnxExport, compare

NEURON = CubaLif(1024, 128, 3)


def built(network: Network, name: str, folder: Path) -> ctypes.CDLL:
    """The export as a shared library."""
    for suffix, content in written_network(network, f"{name}.c").files.items():
        (folder / f"{name}{suffix}").write_bytes(content)
    command = ["cc", *WARNINGS, "-shared", "-fPIC", f"{name}.c", "-o", "net.so"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "net.so"))


@pytest.mark.parametrize(
    ("text", "word"),
    [("fc", "fc"), ("my net-2", "my_net_2"), ("2nd", "net_2nd"), ("Größe", "Gr_e"), ("é", "net"), ("_x", "x")],
)
def test_identifiers(text: str, word: str) -> None:
    assert identifier(text) == word


def test_names_that_differ_in_a_dash(tmp_path: Path) -> None:
    names = ("a-b", "a_b", "7", "int")
    populations = (Population("input", shape=(2,)), *(Population(n, NEURON) for n in names))
    projections = tuple(Projection("input", n, Dense(np.full((1, 2), 2))) for n in names)
    library = built(Network(populations, projections), "2 nets", tmp_path)
    for word in ("a_b", "a_b_2", "7", "int"):
        assert hasattr(library, f"net_2_nets_spikes_{word}")


def test_memory_that_the_header_tells(tmp_path: Path) -> None:
    """The structure is as large as it says, and at most padded to whole 8 bytes a member."""
    populations = (Population("input", shape=(5,), axonal_delay=3), Population("fc1", NEURON, axonal_delay=2))
    network = Network(populations, (Projection("input", "fc1", Dense(np.arange(35).reshape(7, 5) * 2)),))
    header = written_network(network, "n.c").files[".h"].decode()
    found = re.search(r"Memory: (\d+) bytes of constants, (\d+) bytes of state", header)
    assert found is not None
    # step, q, rows of past input, its row; u, v, four rows of spikes, their row; weights in one byte each
    assert (int(found[1]), int(found[2])) == (35, 8 + 7 * 4 + 4 * 5 * 2 + 4 + 7 * 8 + 4 * 7 + 4)
    (tmp_path / "n.h").write_text(header)
    (tmp_path / "m.c").write_text(
        '#include "n.h"\n#include <stdio.h>\nint main(void){printf("%u",(unsigned)sizeof(n_state));}'
    )
    subprocess.run(["cc", "-std=c99", "m.c", "-o", "m"], cwd=tmp_path, check=True)
    size = int(subprocess.run([tmp_path / "m"], capture_output=True, check=True).stdout)
    assert int(found[2]) <= size < int(found[2]) + 8 * 8


def test_a_bias_given_per_step_ends(tmp_path: Path) -> None:
    bias = Bias(np.array([[1], [2]]))
    populations = (Population("input", shape=(1,)), Population("fc1", NEURON, bias=bias))
    network = Network(populations, (Projection("input", "fc1", Dense(np.full((1, 1), 2))),))
    library = built(network, "net", tmp_path)
    state, given = ctypes.create_string_buffer(4096), ctypes.create_string_buffer(16)
    library.net_init(state)
    assert [library.net_step(state, given) for _ in range(4)] == [0, 0, -1, -1]


def test_no_synapse_at_all(tmp_path: Path) -> None:
    nothing = np.zeros(0, int)
    populations = (Population("input", shape=(2,)), Population("fc1", NEURON, bias=Bias(np.array(90))))
    network = Network(populations, (Projection("input", "fc1", Sparse(nothing, nothing, nothing, 3)),))
    with CExport(network, "loihi", tmp_path) as export:
        assert compare(export, Reference(network), network, Events.none(), 30, 30) > 0


@pytest.mark.parametrize("profile", ["loihi", "lava-0.10"])
def test_sums_far_beyond_24_bits(profile: str, tmp_path: Path) -> None:
    """q needs 40 bits: modulo 2^32 is enough for one profile, the other corrects u once and keeps the rest."""
    populations = (Population("input", shape=(4,)), Population("fc1", CubaLif(100, 50, 131071)))
    network = Network(populations, (Projection("input", "fc1", Dense(np.array([[254, 250, -256, 7]])), 7),))
    events = Events(np.arange(20), np.arange(20) % 4, np.where(np.arange(20) % 3, 32767, -32768))
    in_onnx = OnnxExport.in_onnxruntime(network, profile)
    with CExport(network, profile, tmp_path) as in_c:
        for export in (in_c, in_onnx):
            compare(export, Reference(network, Options(profile)), network, events, 30, 30)


def test_messages_of_32_bits(tmp_path: Path) -> None:
    """Sigma decoders send 2^31 − 1 and −2^31; what receives them adds in 64 bits and wraps in 32 or is refused."""
    populations = (
        Population("input", shape=(1,)),
        Population("s1", Sigma()),
        Population("s2", Sigma()),
        Population("rf", ResonateFire(0, 4096, 131071)),
    )
    first = Projection("input", "s1", Dense(np.array([[2**15]])))
    second = Projection("s1", "s2", Dense(np.array([[255]])))
    network = Network(populations, (first, second, Projection("s2", "rf", Dense(np.array([[-255]])))))
    steps = np.arange(8)
    events = Events(steps, 0 * steps, np.array([32767, 32767, 2, -1, 3, -32768, -32768, 32767]))
    assert {2**31 - 32768, -(2**31)} <= set(Reference(network).advance(events, 12).spikes[1].payloads.tolist())
    for export in (OnnxExport.in_onnxruntime(network), OnnxExport.in_reference_evaluator(network)):
        compare(export, Reference(network), network, events, 12, 5)
    with CExport(network, "loihi", tmp_path) as in_c:
        compare(in_c, Reference(network), network, events, 12, 5)
    much = replace(second, synapse=Dense(np.array([[2**20]])), weight_exponent=7)
    with pytest.raises(FormatError, match=r"s2: can receive \d+ in a step, beyond the 4611686018427387904"):
        written_network(replace(network, projections=(first, much)), "n.c")


def test_what_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    populations = (Population("input", shape=(2,)), Population("fc1", NEURON))
    wide = Network(populations, (Projection("input", "fc1", Dense(np.full((1, 2), 2**30)), 7),))
    with pytest.raises(
        FormatError, match=r"fc1: can receive 576460752336977920 in a step, beyond the 1125899906842624"
    ):
        written_network(wide, "n.c", WriteOptions("lava-0.10"))
    floats = Network(populations, (Projection("input", "fc1", Dense(np.full((1, 2), 0.5))),))
    with pytest.raises(FormatError, match="input->fc1: has float weights, C export takes integers"):
        written_network(floats, "n.c")
    monkeypatch.setattr(c_write, "MAX_NUMBERS", 1)
    with pytest.raises(
        FormatError, match=r"network: has 2 weights and biases, a C source takes 1 here; write it as \.onnx"
    ):
        written_network(wide, "n.c")
