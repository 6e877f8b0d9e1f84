"""Networks of snnTorch, norse and sinabs: exported as NIR by the framework itself, and run by it.

Runs in an environment of its own (`make nir-frameworks`) and imports nothing of neurodeploy:
`python nir_frameworks.py FOLDER` writes, for every case, NAME.nir and NAME.npz with `input` (steps, neurons),
`spikes` (steps, outputs) and, where the framework shows it, `voltage` of the output after each step.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch
from torch import nn

STEPS = 120
Layers = Callable[[Any, dict[str, Any]], list[nn.Module]]
Case = tuple[Any, np.ndarray[Any, Any], np.ndarray[Any, Any], "np.ndarray[Any, Any] | None"]


def spikes(shape: tuple[int, ...], rate: float, seed: int) -> torch.Tensor:
    """Random input, (steps, 1, *shape)."""
    random = np.random.default_rng(seed)
    return torch.tensor((random.random((STEPS, 1, *shape)) < rate).astype(np.float32))


def flat(rows: list[torch.Tensor]) -> np.ndarray[Any, Any]:
    """Rows of a batch of one as (steps, neurons)."""
    return torch.stack(rows).detach().numpy().reshape(len(rows), -1)


def snntorch_case(
    layers: Callable[[Any, dict[str, Any]], list[nn.Module]], shape: tuple[int, ...], rate: float
) -> Case:
    """Reset to zero in the step of the spike itself, as NIR has it; snnTorch's default waits a step."""
    import snntorch
    from snntorch.export_nir import export_to_nir

    how = {"reset_mechanism": "zero", "reset_delay": False, "init_hidden": True}
    net: Any = nn.Sequential(*layers(snntorch, how))
    given = spikes(shape, rate, 3)
    graph = export_to_nir(net, given[0], ignore_dims=[0])
    for module in net:
        if hasattr(module, "reset_mem"):
            module.reset_mem()
    out, mem = [], []
    for row in given:
        result = net(row)
        out.append(result[0])
        mem.append(result[-1])
    return graph, flat(list(given)), flat(out), flat(mem)


def snntorch_leaky(torch_snn: Any, how: dict[str, Any]) -> list[nn.Module]:
    return [
        nn.Linear(10, 16),
        torch_snn.Leaky(beta=torch.full((16,), 0.9), threshold=torch.full((16,), 0.5), **how),
        nn.Linear(16, 5),
        torch_snn.Leaky(beta=torch.full((5,), 0.8), threshold=torch.full((5,), 0.4), output=True, **how),
    ]


def snntorch_synaptic(torch_snn: Any, how: dict[str, Any]) -> list[nn.Module]:
    alpha, beta = torch.linspace(0.5, 0.8, 16), torch.linspace(0.95, 0.7, 16)
    return [
        nn.Linear(10, 16),
        torch_snn.Synaptic(alpha=alpha, beta=beta, threshold=torch.full((16,), 0.8), **how),
        nn.Linear(16, 5, bias=False),
        torch_snn.Synaptic(
            alpha=torch.full((5,), 0.6),
            beta=torch.full((5,), 0.9),
            threshold=torch.full((5,), 0.3),
            output=True,
            **how,
        ),
    ]


class Recurrent(nn.Module):
    """Resets by hand: in snnTorch 1.0.0 `RSynaptic` without a delay of the reset fails, or does not reset at all."""

    def __init__(self, torch_snn: Any) -> None:
        super().__init__()
        alpha, beta = torch.full((16,), 0.5), torch.full((16,), 0.9)
        self.fc1 = nn.Linear(10, 16)
        self.lif1 = torch_snn.RSynaptic(alpha=alpha, beta=beta, linear_features=16, reset_mechanism="none")
        self.fc2 = nn.Linear(16, 5)
        self.lif2 = torch_snn.Leaky(beta=torch.full((5,), 0.8), threshold=torch.full((5,), 0.1), reset_mechanism="none")
        self.clear()

    def clear(self) -> None:
        self.first, self.second = (torch.zeros(1, 16),) * 3, torch.zeros(1, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spk, syn, mem = self.lif1(self.fc1(x), *self.first)
        self.first = (spk, syn, mem * (1 - spk))
        fired, mem = self.lif2(self.fc2(spk), self.second)
        self.second = mem * (1 - fired)
        result: torch.Tensor = fired
        return result


def snntorch_recurrent() -> Case:
    import snntorch
    from snntorch.export_nir import export_to_nir

    net = Recurrent(snntorch)
    given = spikes((10,), 0.3, 3)
    graph = export_to_nir(net, given[0], ignore_dims=[0])
    net.clear()
    out, mem = [], []
    for row in given:
        out.append(net(row))
        mem.append(net.second)
    return graph, flat(list(given)), flat(out), flat(mem)


def snntorch_conv(torch_snn: Any, how: dict[str, Any]) -> list[nn.Module]:
    def leaky(shape: tuple[int, ...], threshold: float, **more: Any) -> nn.Module:
        module: nn.Module = torch_snn.Leaky(
            beta=torch.full(shape, 0.9), threshold=torch.full(shape, threshold), **how, **more
        )
        return module

    return [
        nn.Conv2d(2, 4, 3, padding=1),
        leaky((4, 8, 8), 0.5),
        nn.AvgPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1, stride=2, bias=False),
        leaky((6, 2, 2), 0.1),
        nn.Flatten(),
        nn.Linear(24, 5),
        leaky((5,), 0.2, output=True),
    ]


def norse_case(cells: Callable[[Any], list[nn.Module]], repair: Callable[[Any], None] = lambda graph: None) -> Case:
    import norse.torch
    from norse.torch.utils.export_nir import to_nir

    net = norse.torch.SequentialState(*cells(norse.torch))
    given = spikes((10,), 0.3, 5)
    # norse writes τ = dt / τ⁻¹: only with dt = 1 is that the time constant, in seconds.
    graph = to_nir(net, given[0], dt=1.0)
    repair(graph)
    out, mem = [], []
    # norse starts at v_leak, NIR says nothing of it, the chip starts at 0.
    state = [s and type(s)(*(torch.zeros_like(x) for x in s)) for s in net(given[0])[1]]
    for row in given:
        fired, state = net(row, state)
        out.append(fired)
        mem.append(state[-1].v)
    return graph, flat(list(given)), flat(out), flat(mem)


def norse_lif_box(torch_norse: Any) -> list[nn.Module]:
    def cell(neurons: int, rate: float, threshold: float) -> nn.Module:
        parameters = torch_norse.LIFBoxParameters(
            tau_mem_inv=torch.full((neurons,), rate),
            v_th=torch.full((neurons,), threshold),
            v_leak=torch.full((neurons,), 0.02),
        )
        module: nn.Module = torch_norse.LIFBoxCell(parameters, dt=0.001)
        return module

    return [nn.Linear(10, 16), cell(16, 100.0, 0.1), nn.Linear(16, 5), cell(5, 200.0, 0.05)]


def norse_iaf(torch_norse: Any) -> list[nn.Module]:
    def cell(neurons: int) -> nn.Module:
        module: nn.Module = torch_norse.IAFCell(torch_norse.IAFParameters(v_th=torch.full((neurons,), 0.6)))
        return module

    return [nn.Linear(10, 16, bias=False), cell(16), nn.Linear(16, 5, bias=False), cell(5)]


def norse_lif(torch_norse: Any) -> list[nn.Module]:
    def cell(neurons: int, threshold: float) -> nn.Module:
        parameters = torch_norse.LIFParameters(
            tau_syn_inv=torch.full((neurons,), 200.0),
            tau_mem_inv=torch.full((neurons,), 100.0),
            v_th=torch.full((neurons,), threshold),
            v_leak=torch.full((neurons,), 0.01),
        )
        module: nn.Module = torch_norse.LIFCell(parameters, dt=0.001)
        return module

    return [nn.Linear(10, 16), cell(16, 0.2), nn.Linear(16, 5), cell(5, 0.2)]


def restore_jump(graph: Any) -> None:
    """What norse leaves out: its LIFCell adds input to the current undivided, so w_in is τ_syn / dt and not 1."""
    for node in graph.nodes.values():
        if isinstance(node, nir.CubaLIF):
            node.w_in = np.asarray(node.tau_syn) / 0.001


def sinabs_case(layers: Layers, shape: tuple[int, ...], rate: float) -> Case:
    """One spike a step at most and reset to zero, as NIR has it; sinabs' defaults are several and subtraction."""
    import sinabs.layers
    from sinabs.activation import MembraneReset, SingleSpike
    from sinabs.nir import to_nir

    how = {"spike_fn": SingleSpike, "reset_fn": MembraneReset(), "batch_size": 1}
    net: Any = nn.Sequential(*layers(sinabs.layers, how))
    given = spikes(shape, rate, 7)[:, 0]
    net(given)
    graph = to_nir(net, given)
    graph.infer_types()  # sizes that are None cannot be written
    for module in net:
        if hasattr(module, "reset_states"):
            module.reset_states()
    return graph, flat(list(given)), flat(list(net(given))), None


def sinabs_iaf(sl: Any, how: dict[str, Any]) -> list[nn.Module]:
    return [
        nn.Conv2d(2, 4, 3, padding=1, bias=False),
        sl.IAFSqueeze(**how),
        sl.SumPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1, bias=False),
        sl.IAFSqueeze(**how),
        nn.Flatten(),
        nn.Linear(96, 5),
        sl.IAFSqueeze(**how),
    ]


def sinabs_lif(sl: Any, how: dict[str, Any]) -> list[nn.Module]:
    return [
        nn.Linear(10, 16),
        sl.LIFSqueeze(tau_mem=torch.full((16,), 8.0), spike_threshold=torch.full((16,), 0.2), **how),
        nn.Linear(16, 5),
        sl.LIFSqueeze(tau_mem=torch.full((5,), 15.0), spike_threshold=torch.full((5,), 0.05), **how),
    ]


CASES: dict[str, Callable[[], Case]] = {
    "snntorch_leaky": lambda: snntorch_case(snntorch_leaky, (10,), 0.3),
    "snntorch_synaptic": lambda: snntorch_case(snntorch_synaptic, (10,), 0.3),
    "snntorch_recurrent": snntorch_recurrent,
    "snntorch_conv": lambda: snntorch_case(snntorch_conv, (2, 8, 8), 0.2),
    "norse_lif_box": lambda: norse_case(norse_lif_box),
    "norse_iaf": lambda: norse_case(norse_iaf),
    "norse_lif": lambda: norse_case(norse_lif, restore_jump),
    "sinabs_iaf": lambda: sinabs_case(sinabs_iaf, (2, 8, 8), 0.4),
    "sinabs_lif": lambda: sinabs_case(sinabs_lif, (10,), 0.3),
}


def main(folder: Path) -> None:
    for name, case in CASES.items():
        torch.manual_seed(1)
        with torch.no_grad():
            graph, given, fired, voltage = case()
        nir.write(folder / f"{name}.nir", graph)
        arrays: dict[str, Any] = {"input": given.astype(np.uint8), "spikes": fired.astype(np.uint8)}
        if voltage is not None:
            arrays["voltage"] = voltage.astype(np.float32)
        np.savez_compressed(folder / f"{name}.npz", allow_pickle=False, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
