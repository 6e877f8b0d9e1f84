"""Links between pages as the repository shows them, and the files that describe the project to machines."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

import neurodeploy as nd
from tests.conftest import REPOSITORY
from tests.docs.test_pages import PAGES


def _links(path: Path) -> list[str]:
    found = MarkdownIt().parse(path.read_text(encoding="utf-8"))
    inline = [child for token in found for child in token.children or ()]
    targets = [str(child.attrs.get("href") or child.attrs.get("src") or "") for child in inline]
    tables = re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8"))  # which this parser does not know
    return [target for target in {*targets, *tables} if target and "://" not in target]


def _anchors(path: Path) -> set[str]:
    """Of headings, as the repository's view and the site both make them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", PAGES)
def test_links(name: str) -> None:
    for link in _links(PAGES[name]):
        file, _, anchor = link.partition("#")
        target = (PAGES[name].parent / file).resolve() if file else PAGES[name]
        assert target.exists(), f"{name}: {link} leads nowhere"
        assert not anchor or anchor in _anchors(target), f"{name}: {link} names no heading"


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.citation-file-format", "CITATION.cff"),
        ("vendor.github-workflows", ".github/workflows/wheels.yml"),
    ],
)
def test_schemas(schema: str, file: str) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(REPOSITORY / file)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_one_version() -> None:
    """Version and licence are the same wherever they stand, and the changelog knows the version."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert f"## {project['version']}" in (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")


def test_wheels_for_every_python() -> None:
    """What is built and tested is what the metadata promises."""
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    promised = re.findall(r":: (3\.\d+)", "\n".join(settings["project"]["classifiers"]))
    assert settings["tool"]["cibuildwheel"]["build"] == [f"cp{version.replace('.', '')}-*" for version in promised]


def test_reference_is_complete() -> None:
    """Every public name has its entry."""
    page = PAGES["docs/reference/python.md"].read_text(encoding="utf-8")
    missing = set(nd.__all__) - set(re.findall(r"^\.\. auto\w+:: (\w+)$", page, flags=re.MULTILINE))
    assert not missing
