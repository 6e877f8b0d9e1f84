"""Every command on good input: the JSON contract, and that text and JSON say the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

import neurodeploy as nd
from neurodeploy.compiler.program_file import load_program
from neurodeploy.container import checksum
from neurodeploy.network import Network
from neurodeploy.runtime.record import load_record
from tests.cli.conftest import Invoke


def test_help_imports_nothing_heavy() -> None:
    """numpy, torch, h5py, matplotlib and rich wait until they are needed."""
    code = (
        "import sys\nfrom neurodeploy.cli.main import cli\n"
        "try: cli(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'torch', 'h5py', 'matplotlib', 'rich', 'yaml', 'jinja2'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert finished.stdout.splitlines()[-1] == "[]"
    assert "compile" in finished.stdout


def test_inspect(invoke: Invoke, program_path: Path) -> None:
    data = json.loads(invoke("inspect", program_path, "--json").stdout)
    assert data["schema"] == "neurodeploy.inspect/1"
    assert data["learned_weights"] == 6 * 32 + 3 * 6
    assert [p["name"] for p in data["populations"]] == ["input", "fc1", "fc2"]
    assert (data["timestep_ms"], data["steps"]) == (1.0, 50)
    assert "210" in invoke("inspect", program_path).stdout


def test_compile_for_an_objective(invoke: Invoke, network: Network, recordings: Path, tmp_path: Path) -> None:
    """Measured rates, the trade, and refusals; text and JSON say the same."""
    nd.save(network, tmp_path / "n.ndn")
    command = ("compile", tmp_path / "n.ndn", "-o", tmp_path / "p.ndp", "--force", "--calibrate", recordings)
    data = json.loads(invoke(*command, "--objective", "latency", "--seed", "5", "--json").stdout)
    assert [data["traffic"][key] for key in ("rates", "recordings", "seed")] == ["measured", 3, 5]
    assert data["objective"]["name"] == "latency"
    assert sum(choice["chosen"] for choice in data["objective"]["choices"]) == 1
    text = invoke(*command, "--objective", "latency").stdout
    assert "as 3 recordings show" in text
    assert f"Objective latency, an average step by the constants of {data['objective']['constants']}" in text
    refused = invoke(*command, "--objective", "size")
    assert refused.exit_code == 1
    assert "objective size: is unknown; choose from cores, latency, energy" in refused.stderr


def test_compile(invoke: Invoke, network: Network, tmp_path: Path) -> None:
    nd.save(network, tmp_path / "n.ndn")
    result = invoke("compile", tmp_path / "n.ndn", "-o", tmp_path / "p.ndp", "--json")
    data = json.loads(result.stdout)
    assert data["schema"] == "neurodeploy.compile/1"
    assert data["target"] == "loihi1"
    assert data["cores"] == 1
    assert set(data["bounds"]) == {
        "compartments",
        "input_axons",
        "output_slots",
        "synapse_memory_proven",
        "synapse_memory_any",
        "synapse_memory_uniform",
    }
    assert data["cores_lower_bound"] == 1
    assert {"name", "neurons", "synapses", "synapse_bits", "cores", "binding_limit"} <= set(data["populations"][1])
    assert {"name", "max", "used_max"} <= set(data["limits"][0])
    assert data["seconds"] > 0
    loaded = nd.load(tmp_path / "p.ndp")
    assert isinstance(loaded, nd.Program)
    assert [p.name for p in loaded.network.populations] == ["input", "fc1", "fc2"]
    apart = invoke("compile", tmp_path / "n.ndn", "-o", tmp_path / "q.ndp", "--json", "--one-layer-per-core")
    assert json.loads(apart.stdout)["cores"] == 2


def test_equal_programs_give_equal_files(network: Network, tmp_path: Path) -> None:
    for name in ("a.ndp", "b.ndp"):
        nd.save(nd.compile(network), tmp_path / name)
    assert (tmp_path / "a.ndp").read_bytes() == (tmp_path / "b.ndp").read_bytes()


def test_run(invoke: Invoke, program_path: Path, recordings: Path) -> None:
    data = json.loads(invoke("run", program_path, "--data", recordings, "--json", "--threads", 2).stdout)
    assert data["schema"] == "neurodeploy.run/1"
    assert data["backend"] == "emulator"
    assert data["program_sha256"] == checksum(program_path.read_bytes())
    assert [s["file"] for s in data["samples"]] == ["1.bs2", "2.bs2", "10.bs2"]
    assert all(s["steps"] == 50 and s["events_dropped"] > 0 for s in data["samples"])
    assert data["accuracy"]["total"] == 3
    other = json.loads(invoke("run", program_path, "--data", recordings, "--json", "--backend", "reference").stdout)
    for key in ("samples", "populations", "events", "accuracy"):
        assert data[key] == other[key]
    program, _ = load_program(program_path)
    runs = nd.run(program, recordings)
    assert isinstance(runs, list)
    assert [run.output_counts.tolist() for run in runs] == [s["output_counts"] for s in data["samples"]]


def test_run_chooses_recordings(invoke: Invoke, program_path: Path, recordings: Path) -> None:
    words = ("run", program_path, "--data", recordings, "--json")
    chosen = json.loads(invoke(*words, "--split", "test", "--limit", 1).stdout)["samples"]
    assert [s["file"] for s in chosen] == ["2.bs2"]
    assert invoke(*words, "--min-accuracy", 101).exit_code == 3


def test_dropped_events_are_counted(invoke: Invoke, program_path: Path, tmp_path: Path) -> None:
    """Bins are round-half-even of µs / 1000: 49,500 µs is bin 50, 49,499 µs is bin 49."""
    times = (0, 49_499, 49_500, 55_000)
    rows = b"".join(bytes([0, 0]) + time.to_bytes(3, "big") for time in times)
    (tmp_path / "r.bs2").write_bytes(rows)
    data = json.loads(invoke("run", program_path, "--data", tmp_path / "r.bs2", "--json").stdout)
    assert data["samples"][0]["events_dropped"] == 2
    assert invoke("run", program_path, "--data", tmp_path / "r.bs2", "--strict-time").exit_code == 1


def test_verify(invoke: Invoke, program_path: Path, recordings: Path) -> None:
    data = json.loads(invoke("verify", program_path, "--data", recordings, "--json").stdout)
    assert data["schema"] == "neurodeploy.verify/1"
    assert data["equal"] is True
    assert data["states_compared"] == 3 * 50 * 2 * 9
    assert data["first_difference"] is None
    assert data["layers"][1]["spikes"]["reference"] == data["layers"][1]["spikes"]["emulator"] > 0
    assert "equal" in invoke("verify", program_path, "--random", 0.1).stdout


def test_verify_of_nothing_is_no_success(invoke: Invoke, program_path: Path) -> None:
    assert invoke("verify", program_path, "--random", 0).exit_code == 3


def test_verify_names_the_first_difference(invoke: Invoke, network: Network, tmp_path: Path) -> None:
    """The float network against the same with one weight bit: exit code 3, and where it starts."""
    nd.save(network, tmp_path / "n.ndn")
    weights = network.projections[0].synapse.weight.astype(np.float64)
    assert weights.std() > 0
    from dataclasses import replace

    from neurodeploy.network import Dense

    floating = replace(
        network, projections=(replace(network.projections[0], synapse=Dense(weights)), network.projections[1])
    )
    nd.save(nd.compile(floating, weight_bits=2), tmp_path / "coarse.ndp")
    result = invoke("verify", tmp_path / "coarse.ndp", "--backends", "torch,emulator", "--random", 0.1, "--json")
    assert result.exit_code == 3
    first = json.loads(result.stdout)["first_difference"]
    assert (first["population"], first["variable"]) == ("fc1", "u")


def test_probes(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    words = ("run", program_path, "--data", recordings, "--probe", "fc1.u[:2]@10:20", "--probe", "fc2.spikes")
    assert invoke(*words).exit_code == 1, "without -o they have nowhere to go"
    assert invoke(*words, "-o", tmp_path / "r.ndr").exit_code == 0
    traces = load_record(tmp_path / "r.ndr").traces
    program, _ = load_program(program_path)
    run = nd.run(program, recordings / "1.bs2", probes=["fc1.u[:2]@10:20"])
    assert isinstance(run, nd.Run)
    assert list(traces) == ["fc1.u[:2]@10:20", "fc2.spikes"]
    np.testing.assert_array_equal(traces["fc1.u[:2]@10:20"], run["fc1.u[:2]@10:20"])
    np.testing.assert_array_equal(traces["fc2.spikes"], run["fc2.spikes"])


def test_report(invoke: Invoke, program_path: Path, recordings: Path, tmp_path: Path) -> None:
    assert invoke("run", program_path, "--data", recordings, "-o", tmp_path / "r.ndr").exit_code == 0
    result = invoke("report", tmp_path / "r.ndr", "--json")
    data = json.loads(result.stdout)
    assert data["schema"] == "neurodeploy.report/1"
    assert json.loads((tmp_path / "r.json").read_text()) == data
    assert "<html" in (tmp_path / "r.html").read_text()


def test_lists(invoke: Invoke) -> None:
    targets = json.loads(invoke("target", "list", "--json").stdout)["targets"]
    assert {"loihi1": 128, "loihi1-2": 256, "loihi1-8": 1024, "loihi1-32": 4096}.items() <= {
        t["name"]: t["cores"] for t in targets
    }.items()
    assert json.loads(invoke("target", "show", "loihi1", "--json").stdout)["core"]["compartments"] == 1024
    assert {b["name"] for b in json.loads(invoke("backend", "list", "--json").stdout)["backends"]} == {
        "emulator",
        "reference",
        "torch",
        "lava",
        "lava-hw",
    }
    assert json.loads(invoke("doctor", "--json").stdout)["complete"] is True


def test_options_from_environment_and_file(program_path: Path, recordings: Path, tmp_path: Path) -> None:
    """A flag beats the environment, that beats the file."""
    config = tmp_path / "neurodeploy.toml"
    config.write_text("[run]\nsteps = 11\n")
    base = [
        sys.executable,
        "-m",
        "neurodeploy",
        "--config",
        str(config),
        "run",
        str(program_path),
        "--json",
        "--data",
        str(recordings),
    ]

    def steps(extra: list[str], environment: dict[str, str]) -> int:
        finished = subprocess.run([*base, *extra], check=True, capture_output=True, text=True, env=environment)
        return int(json.loads(finished.stdout)["samples"][0]["steps"])

    assert steps([], {}) == 11
    assert steps([], {"NEURODEPLOY_RUN_STEPS": "12"}) == 12
    assert steps(["--steps", "13"], {"NEURODEPLOY_RUN_STEPS": "12"}) == 13
