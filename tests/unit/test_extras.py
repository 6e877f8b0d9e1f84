"""The remedy for a missing package is true wherever this one came from: it names packages that an index has."""

from __future__ import annotations

import tomllib

import pytest

from neurodeploy import extras
from neurodeploy.extras import install_remedy, packages
from tests.conftest import REPOSITORY


@pytest.mark.parametrize("extra", ["torch", "onnx", "demo", "video"])
def test_what_the_extra_asks_for(extra: str) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = " ".join(f"'{requirement}'" for requirement in project["optional-dependencies"][extra])
    assert install_remedy(extra) == f"pip install {asked}"


def test_conditions_of_metadata() -> None:
    lines = [
        "numpy>=1.26",
        "torch>=2.4; extra == 'torch'",
        'sanafe>=2; (sys_platform == "linux") and extra == "dev"',
        'pick==1 ; extra == "torch-more"',
    ]
    assert packages(lines, "torch") == ("torch>=2.4",)
    assert packages(lines, "dev") == ("sanafe>=2",)
    assert packages(lines, "torch-more") == ("pick==1",)


def test_without_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "_declared", lambda: ())
    assert install_remedy("torch") == "pip install 'torch'"
