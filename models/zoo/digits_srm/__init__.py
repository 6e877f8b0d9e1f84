"""Handwritten digits seen by an event camera: a 512-128-10 network of SRM neurons with float weights, to be converted."""
