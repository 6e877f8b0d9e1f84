"""Lava's side of backend `lava`: runs under Python 3.10 inside the Lava environment and imports nothing of ours."""
