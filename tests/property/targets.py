"""Random targets so small that small networks have to be split under every limit."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from neurodeploy.compiler.target import MEMORY_RULES, load_target

#: Least and largest random value of each limit; loihi1 stands far above.
TIGHT = {
    "compartments": (2, 24),
    "synapse_words": (60, 200),
    "words_per_axon": (2, 8),
    "input_axons": (40, 120),
    "output_slots": (2, 60),
    "neuron_rows": (1, 6),
    "threshold_rows": (1, 4),
    "synapse_formats": (2, 4),
}


def tight_target(random: np.random.Generator, folder: Path) -> str:
    """The file of a target with many small cores."""
    data: dict[str, Any] = load_target("loihi1").as_dict()
    data |= {"cores_per_chip": 1024, "mesh": [16, 16], "memory_rule": str(random.choice(MEMORY_RULES))}
    for name, (low, high) in TIGHT.items():
        if random.random() < 0.6:
            data["core"][name] = int(random.integers(low, high + 1))
    for name in data["stack"]:
        data["stack"][name] = bool(random.random() < 0.2)
    return target_file(data, folder)


def tight_board(random: np.random.Generator, folder: Path) -> str:
    """The file of a board of many small chips of small cores."""
    path = Path(tight_target(random, folder))
    data = tomllib.loads(path.read_text("utf-8"))
    routers = int(random.integers(1, 4)), int(random.integers(1, 3))
    per_router = int(random.integers(1, 4))
    cores = routers[0] * routers[1] * per_router - (0 if per_router == 1 else int(random.integers(0, 2)))
    data |= {"chips": 2048 // cores, "cores_per_chip": cores, "mesh": list(routers), "cores_per_router": per_router}
    data["core"]["output_slots_across"] = int(random.integers(8, 200))
    return target_file({key: value for key, value in data.items() if key != "boards"}, folder)


def target_file(data: dict[str, Any], folder: Path) -> str:
    """A file with the tables of `Target.as_dict`."""
    data = data | {"boards": [data["chips"]]}
    plain = {key: value for key, value in data.items() if key != "chips" and not isinstance(value, dict)}
    tables = [(key, value) for key, value in data.items() if isinstance(value, dict)]
    path = folder / "target.toml"
    path.write_text("\n".join([*_lines(plain), *(line for k, v in tables for line in (f"[{k}]", *_lines(v)))]), "utf-8")
    return str(path)


def _lines(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in table.items()]
