"""Replays: a recording and what a network made of it, moment by moment, as a page or a film."""

from neurodeploy.replays.page import replay_fragment, replay_page
from neurodeploy.replays.replay import Frame, Membrane, Replay, Showing

__all__ = ["Frame", "Membrane", "Replay", "Showing", "replay_fragment", "replay_page"]
