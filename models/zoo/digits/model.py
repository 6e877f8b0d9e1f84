"""The digits network in torch: built from `network.yaml`, trained weights from `digits.pt`."""

from __future__ import annotations

import torch
import yaml

from neurodeploy.models.slayer.loss import SpikeCountLoss
from neurodeploy.models.slayer.network import LoihiMlp
from neurodeploy.models.slayer.parameters import TrainedNeuron
from neurodeploy.models.zoo.digits import CHECKPOINT, YAML


def build_model(seed: int = 0) -> tuple[LoihiMlp, SpikeCountLoss]:
    """Build the untrained network and the loss that `network.yaml` describes.

    Args:
        seed: of the initial weights.
    """
    config = yaml.safe_load(YAML.read_text(encoding="utf-8"))
    (width, height, channels), *widths = ([int(n) for n in str(layer["dim"]).split("x")] for layer in config["layer"])
    simulation, counts = config["simulation"], config["training"]["error"]["tgtSpikeCount"]
    model = LoihiMlp(
        (channels, height, width),
        [neurons for (neurons,) in widths],
        TrainedNeuron.from_yaml(config["neuron"]),
        steps=round(simulation["tSample"] / simulation["Ts"]),
        timestep_ms=simulation["Ts"],
        seed=seed,
    )
    return model, SpikeCountLoss(true_count=counts[True], false_count=counts[False])


def load_model() -> LoihiMlp:
    """The trained network."""
    model, _ = build_model()
    model.load_state_dict(torch.load(CHECKPOINT, map_location="cpu", weights_only=True))
    return model
