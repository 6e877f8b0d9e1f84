"""Every block of every page runs, as its reader would run it, in a folder that holds what the page speaks of."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from unittest import SkipTest

import pytest

from tests.conftest import REPOSITORY, SUMMARY
from tests.docs import pages
from tests.docs.blocks import blocks, tokens

PAGES = {
    path.relative_to(REPOSITORY).as_posix(): path
    for path in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md")))
    if "_build" not in path.parts
}
LANGUAGES = ("sh", "console", "python", "toml", "c", "text", "{toctree}", "{eval-rst}")
#: Blocks that no test can run; each says why in the page.
MOST_LEFT_OUT = 4
LEFT_OUT = re.compile(r"^<!-- skip: (.*) -->$", re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
def test_languages(name: str) -> None:
    """Blocks say what they are; an indented block cannot, so there are none."""
    for kind, language, line in tokens(PAGES[name]):
        assert kind == "fence", f"{name}:{line}: an indented block, fence it"
        assert language in LANGUAGES, f"{name}:{line}: {language or 'nothing'} is none of {', '.join(LANGUAGES)}"


@pytest.mark.parametrize("name", [name for name in PAGES if any(t[1] in LANGUAGES[:5] for t in tokens(PAGES[name]))])
def test_blocks(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    prepare: Callable[[pages.Desk], None] = pages.PREPARATIONS.get(name, lambda desk: None)
    document = blocks(PAGES[name])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    prepare(pages.Desk(tmp_path, document.namespace, monkeypatch, request))
    for example in document.examples():
        try:
            example.evaluate()
        except SkipTest:
            continue


def test_left_out(record_property: Callable[[str, object], None]) -> None:
    """What is left out is little, and printed."""
    found = {name: LEFT_OUT.findall(path.read_text(encoding="utf-8")) for name, path in PAGES.items()}
    lines = [f"{name}: {directive}" for name, directives in found.items() for directive in directives]
    record_property(SUMMARY, "blocks that are not run:\n" + "\n".join(lines))
    for line in lines:
        assert re.search(r': next "[^"]{20,}"$', line), f"{line}: one block at a time, with a reason"
    assert len(lines) <= MOST_LEFT_OUT
    assert set(pages.PREPARATIONS) <= set(PAGES)
