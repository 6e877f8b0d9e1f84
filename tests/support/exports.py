"""Exported networks, run step by step: ONNX in onnxruntime and in the reference evaluator, C in a process."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from neurodeploy.emulator.simulation import Simulation
from neurodeploy.models.formats import WriteOptions, written_network
from neurodeploy.models.formats.c_text import identifier
from neurodeploy.models.formats.onnx_write import step_model
from neurodeploy.network import Alif, CubaLif, Network, Population, Sigma
from neurodeploy.spikes.events import Events

Array = NDArray[Any]
Feeds = dict[str, Array]

WARNINGS = (
    "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow",
)  # fmt: skip
SANITIZERS = ("-fsanitize=undefined,address", "-fno-sanitize-recover=all")

_KINDS = {7: np.int64, 6: np.int32, 2: np.uint8}  # element types of ONNX


class Export(Protocol):
    """Something that computes a network's steps."""

    def advance(self, raster: Array) -> dict[str, tuple[Array, Array, Array]]:
        """Payloads of the spikes, u and v of every population with neurons, each (steps, neurons).

        Args:
            raster: payloads of the input, (steps, neurons).
        """


@dataclass
class OnnxExport:
    """The ONNX model of a network, with the states that it was left in."""

    network: Network
    run: Callable[[Feeds], Feeds]
    states: Feeds
    step: int = 0

    @classmethod
    def in_onnxruntime(cls, network: Network, profile: str = "loihi") -> OnnxExport:
        import onnxruntime

        model = step_model(network, profile, traces=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = 1, 3
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return cls._of(network, model, lambda feeds: session.run(None, feeds))

    @classmethod
    def in_reference_evaluator(cls, network: Network, profile: str = "loihi") -> OnnxExport:
        from onnx.checker import check_model
        from onnx.reference import ReferenceEvaluator

        model = step_model(network, profile, traces=True)
        check_model(model, full_check=True)
        evaluator = ReferenceEvaluator(model)
        return cls._of(network, model, lambda feeds: cast("list[Array]", evaluator.run(None, feeds)))

    @classmethod
    def _of(cls, network: Network, model: Any, run: Callable[[Feeds], list[Array]]) -> OnnxExport:
        names = [output.name for output in model.graph.output]
        states = {}
        for given in model.graph.input:
            if f"{given.name}.next" in names:
                kind = given.type.tensor_type
                states[given.name] = np.zeros([d.dim_value for d in kind.shape.dim], _KINDS[kind.elem_type])
        return cls(network, lambda feeds: dict(zip(names, run(feeds), strict=True)), states)

    def rest(self) -> OnnxExport:
        """The same model before its first step."""
        return replace(self, states={name: np.zeros_like(state) for name, state in self.states.items()}, step=0)

    def advance(self, raster: Array) -> dict[str, tuple[Array, Array, Array]]:
        feeds = {**self.states, "step": np.arange(self.step, self.step + len(raster))}
        if self.network.input.neuron is None:
            feeds[f"{self.network.input.name}.spikes"] = raster.astype(np.int32)
        found = self.run(feeds)
        self.states = {name: found[f"{name}.next"] for name in self.states}
        self.step += len(raster)
        for p in cells(self.network):
            np.testing.assert_array_equal(found[f"{p.name}.u.next"], found[f"{p.name}.u.trace"][-1])
            assert found[f"{p.name}.spikes"].dtype == spike_kind(p)
        shown = {p.name: [f"{p.name}.{x}.trace" for x in states(p)] for p in cells(self.network)}
        return {n: (found[f"{n}.spikes"], found[u], found[v]) for n, (u, v) in shown.items()}


@dataclass
class CExport:
    """The C export of a network, compiled with every warning an error; in a `with`, a process at rest."""

    network: Network
    profile: str
    folder: Path
    flags: tuple[str, ...] = ("-O1", *SANITIZERS)
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        written = written_network(self.network, "exported-net.c", WriteOptions(profile=self.profile))
        for suffix, content in written.files.items():
            (self.folder / f"exported-net{suffix}").write_bytes(content)
        (self.folder / "main.c").write_text(self._main())
        command = ["cc", *WARNINGS, *self.flags, "exported-net.c", "main.c", "-o", "main"]
        built = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr[:4000]

    def __enter__(self) -> CExport:
        self.process = subprocess.Popen([self.folder / "main"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait() == 0

    def advance(self, raster: Array) -> dict[str, tuple[Array, Array, Array]]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        kind = self._row()
        rows = np.zeros(len(raster), kind)
        for step, payloads in enumerate(raster):
            self.process.stdin.write(payloads.astype(np.int16).tobytes())
            self.process.stdin.flush()
            data = self.process.stdout.read(kind.itemsize)
            assert len(data) == kind.itemsize, f"ended in step {step} with {self.process.wait()}"
            rows[step] = np.frombuffer(data, kind)[0]
        return {p.name: (rows[p.name]["s"], rows[p.name]["u"], rows[p.name]["v"]) for p in cells(self.network)}

    def _row(self) -> np.dtype[Any]:
        return np.dtype([(p.name, self._shown(p)) for p in cells(self.network)])

    def _shown(self, population: Population) -> list[tuple[str, Any, tuple[int]]]:
        """The program shows spikes, u and v; u has 64 bits where profile lava-0.10 lets it leave 24."""
        wide = self.profile != "loihi" and isinstance(population.neuron, (CubaLif, Alif))
        u, v = (np.int64 if wide and x == "u" else np.int32 for x in states(population))
        return [(x, kind, (population.neurons,)) for x, kind in (("s", spike_kind(population)), ("u", u), ("v", v))]

    def _main(self) -> str:
        given = ", input" if self.network.input.neuron is None else ""
        words = [p.name.replace("-", "_") for p in cells(self.network)]
        shown = [
            f"fwrite(net_spikes_{w}(&s), sizeof *net_spikes_{w}(&s), {p.neurons}, stdout);"
            + "".join(f" fwrite(s.{x}_{w}, sizeof s.{x}_{w}, 1, stdout);" for x in states(p))
            for w, p in zip(words, cells(self.network), strict=True)
        ]
        text = f"""
#include "exported-net.h"
#include <stdio.h>
static net_state s;
static int16_t input[{self.network.input.neurons}];
int main(void) {{
    net_init(&s);
    while (fread(input, sizeof input, 1, stdin) == 1) {{
        if (net_step(&s{given})) return 3;
        {" ".join(shown)}
        fflush(stdout);
    }}
    return 0;
}}"""
        return text.replace("net_", f"{identifier('exported-net')}_")


def cells(network: Network) -> list[Population]:
    """The populations with neurons."""
    return [p for p in network.populations if p.neuron is not None]


def states(population: Population) -> str:
    """What exports show as u and v; the one state of sigma decoders is both."""
    return "uu" if isinstance(population.neuron, Sigma) else "uv"


def spike_kind(population: Population) -> type[np.integer[Any]]:
    """Type of exported spikes: payloads of graded models, else 0 and 1."""
    assert population.neuron is not None
    return np.int32 if population.neuron.GRADED else np.uint8


def raster(events: Events, first: int, steps: int, neurons: int) -> Array:
    """The payloads of a stretch, (steps, neurons)."""
    low, high = np.searchsorted(events.step, (first, first + steps))
    inside = events.between(int(low), int(high))
    payloads = np.zeros((steps, neurons), np.int32)
    if len(inside):
        amount = 1 if inside.payload is None else inside.payload
        np.add.at(payloads, (inside.step - first, inside.neuron), amount)
    return payloads


def compare(export: Export, simulation: Simulation, network: Network, events: Events, steps: int, stretch: int) -> int:
    """Fail unless every spike, payload, u and v of every step are equal; the number of spikes compared."""
    spikes = 0
    for first in range(0, steps, stretch):
        count = min(stretch, steps - first)
        low, high = np.searchsorted(events.step, (first, first + count))
        numbers = [network.index(p.name) for p in cells(network)]
        chunk = simulation.advance(events.between(int(low), int(high)), count, numbers)
        found = export.advance(raster(events, first, count, network.input.neurons))
        for number in numbers:
            population, fired = network.populations[number], chunk.spikes[number]
            expected = np.zeros((count, population.neurons), np.int64)
            expected[fired.step - first, fired.neuron] = fired.payloads
            state = chunk.states[number]
            for name, ours, theirs in zip("suv", (expected, state.u, state.v), found[population.name], strict=True):
                np.testing.assert_array_equal(theirs, ours, err_msg=f"{population.name}.{name} from step {first}")
            spikes += len(fired.step)
    return spikes
