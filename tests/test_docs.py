"""The documents are true: links lead somewhere, commands and options exist, versions agree."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import nightlatch
from tests.documents import PAGES, ROOT, anchors, links, targets, typed, wrong_in

PAGE = pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])


@PAGE
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page.read_text()):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text()), link


@PAGE
def test_commands_exist_with_these_options(page: Path) -> None:
    for words in typed(page.read_text()):
        match words:
            case ["nightlatch", *_]:
                assert wrong_in(words) is None
            case ["make", *named]:
                assert {each for each in named if "=" not in each} <= targets(), words
            case ["python", "-m", module, *_]:
                assert importlib.util.find_spec(module) is not None, words
            case ["python", file, *_] if file.endswith(".py"):
                assert (ROOT / file).exists(), words
            case ["pytest", *named]:
                for each in (each for each in named if each.startswith("tests")):
                    assert (ROOT / each).exists(), words


def test_every_command_of_the_readme_is_looked_at() -> None:
    found = {" ".join(words[:2]) for words in typed((ROOT / "README.md").read_text())}
    assert {"make run", "make test", "nightlatch camera"} <= found


def test_make_alone_says_what_it_can_do() -> None:
    said = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    shown = re.findall(r"^  make ([a-z-]+) +\S", said, re.MULTILINE)
    assert set(shown) == targets()


def test_one_version_everywhere() -> None:
    page = json.loads((ROOT / "web" / "package.json").read_text())
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {project, page["version"], lock["version"], lock["packages"][""]["version"]} == {nightlatch.__version__}
    newest = re.search(r"^## (\S+) – (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == nightlatch.__version__
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", newest[2])


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = links((folder / "README.md").read_text())
    pages = sorted(page.name for page in folder.glob("0*.md"))
    assert [link for link in index if not link.startswith("..")] == pages
    for number, page in enumerate(pages, 1):
        assert page.startswith(f"{number:04}-")
        assert (folder / page).read_text().startswith(f"# {number}. ")
