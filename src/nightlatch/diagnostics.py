"""Logging for diagnosis: sentences on the terminal, everything in a file, and never a secret in either.

The file is `logging/PROGRAM.log` in the program's data folder, one JSON object a line, five files of two megabytes at
most. A full disk costs log lines, nothing else. `NIGHTLATCH_LOG=debug` (or `nightlatch --verbose`) shows all of it on
the terminal, too; `info` shows what the file gets.

When it is unclear where a secret ends, the rest of the line is hidden with it: a log that says too little can be
asked again, one that said too much cannot be taken back. What is not logged at all is safer still; this is the net
below that, for texts that are not ours (FFmpeg names addresses with their passwords in its errors; its own log is
off, which is PyAV's default).
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import re
import signal
import sys
import threading
import types
from collections.abc import Callable
from functools import partial
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

from nightlatch.errors import ConfigError
from nightlatch.terminal import Terminal

HIDDEN = "•••"
LEVEL_NAME = "NIGHTLATCH_LOG"
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}
FILE_BYTES, FILES = 2_000_000, 5  # two demo cameras fill the ten megabytes in about six hours
_DEEPEST = 6
_VALUE = r"(?:(?:b?\"(?:\\.|[^\"\\])*\"|b?'(?:\\.|[^'\\])*')\S*|\S+)"
_REST = r"[^\r\n]+"
_IS = r"(?:[\"']\s*[=:,]|\s*[=:])\s*"  # name=value, "name": "value", (b'name', b'value')
_WORD = r"pass|pwd|psw|loginpas|token|secret|api[_-]?key|credential|login_key|wrapped_root|private_key"
_HEADER = r"authorization|cookie|signature(?:-input)?"
_LONG = rf"{_HEADER}|passphrase|set-?up[_ -]code|enrolment[_ -]code|recovery[_ -]words"  # values may hold spaces
_SECRETS = (
    (re.compile(r"AGE-(?:SECRET-KEY|PLUGIN)-[A-Z0-9-]+", re.IGNORECASE), HIDDEN),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), HIDDEN),
    (re.compile(rf"((?:{_LONG})[\"']\s*[=:,]\s*){_VALUE}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(rf"((?:{_LONG})\s*[=:]\s*){_REST}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(rf"([?&]setup=|(?:{_WORD})[\w-]{{0,20}}{_IS}){_VALUE}", re.IGNORECASE), rf"\1{HIDDEN}"),
    # a recovery sheet: words of BIP-39 have three to eight letters
    (re.compile(r"(?<![a-z])(?:(?:\d{1,2}\.\s*)?[a-z]{3,8}[\s,]+){23}(?:24\.\s*)?[a-z]{3,8}", re.IGNORECASE), HIDDEN),
)
_RUN = re.compile(r"\S+")
_SECRET_NAMES = re.compile(
    rf"{_WORD}|{_LONG}|wrap_key|^(?:key|root|seed|words|url|sub_url|identity)$",
    re.IGNORECASE,
)
_NOISY = ("httpx", "httpcore", "alembic", "uvicorn.error", "sqlalchemy")


def redact(text: str) -> str:
    """`text` without URL credentials, age secret keys, recovery words, or values of names like password and token."""
    for pattern, instead in _SECRETS:  # before addresses: a password in a query may hold an @, too
        text = pattern.sub(instead, text)
    return _RUN.sub(_hide_login, text)


def _hide_login(run: re.Match[str]) -> str:
    """`rtsp://user:p@ss/word@camera/` up to the last @ that may belong to it; one pass, whatever a camera sends."""
    word = run[0]
    colon, end = word.find(":"), word.rfind("@")
    if not 0 <= colon < end:
        return word
    begin = colon + 1
    while begin < end and word[begin] == "/":
        begin += 1
    return f"{word[:begin]}{HIDDEN}{word[end:]}"


def redact_event(_: object, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor: every value redacted, however deep, and secret names' values hidden whole."""
    return {str(name): _redact_value(str(name), value, 0) for name, value in event.items()}


def _redact_value(name: str, value: object, depth: int) -> object:
    if name in ("_record", "_from_structlog"):  # structlog's own, removed before anything is written
        return value
    if value is None or isinstance(value, bool):
        return value
    if _SECRET_NAMES.search(name):
        return HIDDEN
    if isinstance(value, int | float):
        return value
    if depth < _DEEPEST and isinstance(value, dict):
        return {redact(str(k)): _redact_value(str(k), v, depth + 1) for k, v in value.items()}
    if depth < _DEEPEST and isinstance(value, list | tuple):
        return [_redact_value("", item, depth + 1) for item in value]
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes"
    return redact(value if isinstance(value, str) else repr(value))


def log_file(folder: Path, program: str) -> Path:
    """Where a program with this data folder keeps its log."""
    return folder / "logging" / f"{program}.log"


def configure(file: Path | None = None) -> None:
    """Send structlog, the standard library's logging, warnings and uncaught exceptions through the redaction.

    `file`: where the log goes (see `log_file`); None for a command that is over at once.

    Raises:
        ConfigError: `NIGHTLATCH_LOG` is neither debug nor info.
    """
    before: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    structlog.configure(
        processors=[structlog.stdlib.PositionalArgumentsFormatter(), *before, _wrap],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    wanted = _wanted_level()
    terminal = Terminal(file, before)
    root = logging.getLogger()
    root.handlers = [terminal if wanted is None else _whole(before)]
    if file is not None:
        root.handlers.append(LogFile(file, terminal.say, before))
    root.setLevel(wanted or logging.INFO)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    if sys.__stderr__ is not None:
        faulthandler.register(signal.SIGUSR1, sys.__stderr__)  # what each thread does now: files and functions only
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda what: _uncaught(what.exc_type, what.exc_value, what.exc_traceback)
    threading.excepthook = lambda what: _uncaught(what.exc_type, what.exc_value, what.exc_traceback)


class LogFile(RotatingFileHandler):
    """The whole log, as JSON lines for its owner only. What cannot be written is dropped, and said once."""

    def __init__(self, file: Path, say: Callable[[str], None], before: list[Any]) -> None:
        """Nothing is made on the disk before the first line: the folder may have to be claimed first."""
        super().__init__(file, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8", delay=True)
        self._say, self._is_failing = say, False
        self.setFormatter(_formatter(before, structlog.processors.JSONRenderer(ensure_ascii=False)))

    def _open(self) -> TextIOWrapper:
        folder = Path(self.baseFilename).parent
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        return open(self.baseFilename, "a", encoding="utf-8", opener=partial(os.open, mode=0o600))

    def handleError(self, record: logging.LogRecord) -> None:
        """Begin with a fresh handle at the next line: the disk may have room again."""
        error = sys.exc_info()[1]
        stream, self.stream = self.stream, None
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.close()
        if not self._is_failing:
            self._is_failing = True
            why = error.strerror if isinstance(error, OSError) else type(error).__name__
            self._say(f"The log {self.baseFilename} cannot be written: {why}. Everything else goes on.")


def _wanted_level() -> int | None:
    name = os.environ.get(LEVEL_NAME, "")
    if name and name not in LEVELS:
        raise ConfigError(f"{LEVEL_NAME} is {' or '.join(LEVELS)}, not “{name}”. Unset it to see sentences only.")
    return LEVELS.get(name)


def _whole(before: list[Any]) -> logging.Handler:
    """All of the log on the terminal: coloured there, JSON lines where it is piped somewhere."""
    is_terminal = sys.stderr.isatty()
    plain = structlog.dev.plain_traceback
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _formatter(
            before,
            structlog.dev.ConsoleRenderer(colors=True, exception_formatter=plain)
            if is_terminal
            else structlog.processors.JSONRenderer(ensure_ascii=False),
        )
    )
    return handler


def _formatter(before: list[Any], last: Any) -> logging.Formatter:
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=[remove_meta, last])


_wrap = structlog.stdlib.ProcessorFormatter.wrap_for_formatter


def _uncaught(kind: type[BaseException], error: BaseException | None, traceback: types.TracebackType | None) -> None:
    """Python would print these with the text of the error as it is, passwords included."""
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("nightlatch").error("uncaught", exc_info=(kind, error or kind(), traceback))
