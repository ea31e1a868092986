"""Only the Python of the functions builds what is deployed; any from 3.12 on runs the rest."""

import re
import tomllib

import pytest
from cloud import ROOT

from local.build import RUNTIME, require_runtime


def test_another_python_is_told_what_to_do() -> None:
    with pytest.raises(SystemExit, match=r"run on Python 3\.13 at AWS.*has 3\.12: install Python 3\.13"):
        require_runtime((3, 12))


def test_the_python_of_the_functions_builds() -> None:
    require_runtime(RUNTIME)


def test_the_oldest_python_is_the_same_for_packages_types_and_lint() -> None:
    """mypy then reports what the standard library of that version lacks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    oldest = project["project"]["requires-python"].removeprefix(">=")

    assert project["tool"]["mypy"]["python_version"] == oldest
    assert project["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")


def test_make_prefers_the_python_of_the_functions_and_accepts_the_oldest() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    found = re.search(
        r"^PYTHONS := \$\(or \$\(UV_PYTHON\),([\d. ]+)\)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
    )
    assert found is not None
    first, *others = found[1].split()

    assert first == ".".join(map(str, RUNTIME))
    assert project["project"]["requires-python"].removeprefix(">=") in others
