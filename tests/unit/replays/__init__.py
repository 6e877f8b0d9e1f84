"""Replays: frames, pages and films."""
