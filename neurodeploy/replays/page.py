"""A replay as HTML: a fragment for any page, or a page of its own. No request, no font, no script from elsewhere."""

from __future__ import annotations

from importlib.resources import files

from neurodeploy.replays.packing import replay_json
from neurodeploy.replays.replay import Replay
from neurodeploy.replays.text import plain

#: Speeds to choose from beside the one that was asked for; 1 is real time.
SPEEDS = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)


def replay_fragment(replay: Replay, speed: float = 0.1, *, alone: bool = False) -> str:
    """One `<section>` with everything in it; several may stand in one page.

    Args:
        replay: what is shown.
        speed: shown milliseconds per millisecond of the recording at the start, 0.1 being ten times slower.
        alone: whether it has the page for itself: it then starts to play and hears keys wherever the focus is.
    """
    import jinja2
    from markupsafe import Markup

    loader = jinja2.PackageLoader("neurodeploy.replays", "")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    folder = files("neurodeploy.replays")
    raster, membrane = replay.raster, replay.membrane
    return environment.get_template("replay.html.jinja").render(
        replay=replay,
        title=plain(raster.file),
        label=_class(replay, raster.label),
        prediction=_class(replay, raster.prediction),
        right=None if raster.label is None else raster.label == raster.prediction,
        membrane=None if membrane is None else f"{plain(membrane.population)}:{membrane.neuron}",
        credit=plain(replay.showing.credit, 1000),
        layer=plain(replay.layer.name),
        speeds=sorted({*SPEEDS, speed}, reverse=True),
        speed=speed,
        alone=alone,
        named=pace_in_words,
        data=Markup(replay_json(replay)),  # noqa: S704 - nothing in it means anything to HTML
        style=Markup(folder.joinpath("replay.css").read_text("utf-8")),  # noqa: S704 - ours
        script=Markup(folder.joinpath("replay.js").read_text("utf-8")),  # noqa: S704 - ours
    )


def replay_page(replay: Replay, speed: float = 0.1) -> str:
    """A page that opens offline; see `replay_fragment`."""
    from markupsafe import escape

    policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(plain(replay.raster.file))} – replay</title>\n"
        "<style>html{background:Canvas}body{margin:0 auto;max-width:1100px;padding:1.5rem}</style>\n"
        f"</head>\n<body>\n{replay_fragment(replay, speed, alone=True)}\n</body>\n</html>\n"
    )


def table(replay: Replay) -> str:
    """The page in a frame, for notebooks."""
    from markupsafe import escape

    return f'<iframe srcdoc="{escape(replay_page(replay))}" width="100%" height="1000" style="border:0"></iframe>'


def _class(replay: Replay, number: int | str | None) -> str | None:
    """Name of a class of the replay, or of one that it does not have."""
    known = isinstance(number, int) and 0 <= number < replay.class_count
    return None if number is None else replay.names[int(number)] if known else plain(number)


def pace_in_words(speed: float) -> str:
    """A speed as one says it."""
    if speed == 1:
        return "real time"
    return f"{1 / speed:g}× slower" if speed < 1 else f"{speed:g}× faster"
