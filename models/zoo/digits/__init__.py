"""Handwritten digits seen by an event camera: a trained 512-128-10 network."""

from __future__ import annotations

from pathlib import Path

#: A slayerPytorch LOIHI checkpoint.
CHECKPOINT = Path(__file__).with_name("digits.pt")
#: The yaml that goes with it: simulation, neuron, layers, training.
YAML = Path(__file__).with_name("network.yaml")
