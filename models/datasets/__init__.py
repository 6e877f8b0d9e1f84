"""Data sets, made or read on the user's own machine."""
