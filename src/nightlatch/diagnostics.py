"""Logging for diagnosis: readable on a terminal, JSON elsewhere, and never a secret in it.

When it is unclear where a secret ends, the rest of the line is hidden with it: a log that says too little can be
asked again, one that said too much cannot be taken back. What is not logged at all is safer still; this is the net
below that, for texts that are not ours (FFmpeg names addresses with their passwords in its errors; its own log is
off, which is PyAV's default).
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import types
from typing import Any

import structlog

HIDDEN = "•••"
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


def configure(level: int = logging.INFO) -> None:
    """Send structlog, the standard library's logging, warnings and uncaught exceptions through the redaction."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    last = (
        structlog.dev.ConsoleRenderer(colors=True, exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[structlog.stdlib.PositionalArgumentsFormatter(), *shared, _wrap],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda what: _uncaught(what.exc_type, what.exc_value, what.exc_traceback)
    threading.excepthook = lambda what: _uncaught(what.exc_type, what.exc_value, what.exc_traceback)


_wrap = structlog.stdlib.ProcessorFormatter.wrap_for_formatter


def _uncaught(kind: type[BaseException], error: BaseException | None, traceback: types.TracebackType | None) -> None:
    """Python would print these with the text of the error as it is, passwords included."""
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    logging.getLogger("nightlatch").error("uncaught", exc_info=(kind, error or kind(), traceback))
