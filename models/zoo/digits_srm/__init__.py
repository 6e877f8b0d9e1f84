"""Handwritten digits seen by an event camera: a 512-128-10 network of float SRM neurons, to be converted."""
