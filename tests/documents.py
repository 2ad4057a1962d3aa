"""Reading our own Markdown: code spans, code blocks, links, tables, and the commands that are named there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from nightlatch.cli import app

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "nightlatch"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^(?: {4}|\t).*\n?)+", re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")
_END = re.compile(r"[|;&#…)(]|^\.\.\.$")


def blocks(text: str) -> list[str]:
    """Fenced and indented code."""
    fenced = _FENCE.findall(text)
    without = _FENCE.sub("", text)
    return [*fenced, *(re.sub(r"^(?: {4}|\t)", "", each, flags=re.MULTILINE) for each in _INDENTED.findall(without))]


def spans(text: str) -> list[str]:
    """Code within a line; one that goes on in the next line is joined."""
    return [" ".join(each.split()) for each in _SPAN.findall(_FENCE.sub("", text))]


def links(text: str) -> list[str]:
    """Targets of links and images."""
    return re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """What `#…` may name on a page."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head).strip().lower().replace(" ", "-") for head in heads}


def table(text: str, *columns: str) -> list[dict[str, str]]:
    """The rows of the first table that has these columns; empty when there is none."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        names = cells(line)
        if set(columns) <= set(names):
            rows = []
            for row in lines[at + 2 :]:
                if not row.startswith("|"):
                    break
                rows.append(dict(zip(names, cells(row), strict=False)))
            return rows
    return []


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []


def typed(text: str) -> Iterator[list[str]]:
    """Every command that the page says to type, as words: from code blocks, and from spans that are commands."""
    lines = [line for block in blocks(text) for line in block.splitlines()]
    for line in [*lines, *spans(text)]:
        words = _split(line.removeprefix("$ ").partition("  #")[0])
        if words and re.fullmatch(r"(\.venv/bin/)?(nightlatch|pytest|python)|make", words[0]):
            end = next((n for n, word in enumerate(words) if _END.search(word)), len(words))
            yield [words[0].removeprefix(".venv/bin/"), *words[1:end]]


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # an apostrophe in words after the command
        return line.split()


def wrong_in(words: list[str]) -> str | None:
    """What is wrong with `nightlatch …`: a command or an option that does not exist."""
    command: Any = typer.main.get_command(app)
    for word in words[1:]:
        if word.startswith("-"):
            known = {"--help", *(opt for each in command.params for opt in (*each.opts, *each.secondary_opts))}
            if word.partition("=")[0] not in known:
                return f"{' '.join(words)}: there is no {word}"
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"{' '.join(words)}: there is no command {word}"
            command = command.commands[word]
    return None


def targets() -> set[str]:
    """What `make` can make."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
