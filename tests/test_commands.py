"""The command line as a transcript: every command with its arguments, options, defaults and help is in commands.txt.

After a wanted change: `python -m tests.test_commands > tests/commands.txt`, and read what differs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from nightlatch.cli import app

TRANSCRIPT = Path(__file__).with_name("commands.txt")
MEDIA = ("ai_edge_litert", "av", "cv2", "numpy", "onnxruntime", "pyrage", "scipy", "sqlalchemy", "uvicorn")


def transcript() -> str:
    """What `--help` knows of every command, one line a thing, as no width of a terminal changes it."""
    return "\n".join(described(typer.main.get_command(app), "nightlatch")) + "\n"


def described(command: Any, name: str) -> Iterator[str]:
    yield f"$ {name}{'  (hidden)' if command.hidden else ''}"
    yield f"    {' '.join((command.help or '').split())}"
    for parameter in command.params:
        yield f"    {parameter_line(parameter)}"
    yield ""
    for word, below in getattr(command, "commands", {}).items():
        yield from described(below, f"{name} {word}")


def parameter_line(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    shown = (
        "/".join(parameter.opts + parameter.secondary_opts)
        if is_option
        else (parameter.metavar or parameter.name.upper())
    )
    marks = [
        *(["a flag"] if getattr(parameter, "is_flag", False) else [parameter.type_descriptor.annotation.__name__]),
        *(["required"] if parameter.required else []),
        *(["repeated"] if parameter.multiple or parameter.nargs == -1 else []),
        *(["hidden"] if getattr(parameter, "hidden", False) else []),
        *([f"default {parameter.default}"] if parameter.default is not None else []),
    ]
    return f"{shown}  ({', '.join(marks)})  {parameter.help or ''}".rstrip()


def run(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nightlatch", *words], capture_output=True, text=True, cwd=folder, check=False
    )


def test_every_command_and_option_is_as_the_transcript_says() -> None:
    assert transcript().splitlines() == TRANSCRIPT.read_text().splitlines()


def test_the_table_of_commands_is_a_page() -> None:
    source = Path(__file__).parents[1] / "src" / "nightlatch" / "cli.py"
    assert len(source.read_text().splitlines()) < 100


def test_no_command_loads_what_it_does_not_need() -> None:
    code = (
        "import json, sys\nimport nightlatch.cli\n"
        f"print(json.dumps([name for name in {MEDIA!r} if name in sys.modules]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == []


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--version"], 0, ""),
        (["clips"], 0, "No clip yet."),
        (["camera", "list"], 0, "No camera yet."),
        (["clips", "--cloud", "http://127.0.0.1:9"], 1, "The mailbox answers to the owner only"),
        (["hub", "--role", "nothing"], 2, "role is serve or watch"),
        (["models", "fetch", "nothing"], 1, "There is no model called nothing."),
        (["replay", "nothing.mp4"], 2, "nothing.mp4"),
        (["up", "--config", "nothing.toml"], 1, "There is no file nothing.toml."),
        (["nothing"], 2, "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_ends_with_its_status_and_says_why(tmp_path: Path, words: list[str], status: int, said: str) -> None:
    ran = run(*words, folder=tmp_path)
    assert ran.returncode == status, ran.stderr
    assert said in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


if __name__ == "__main__":
    sys.stdout.write(transcript())
