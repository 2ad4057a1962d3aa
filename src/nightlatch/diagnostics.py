"""Logging for diagnosis: readable on a terminal, JSON elsewhere, and never a secret in it."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog

HIDDEN = "•••"
_SECRETS = (
    (re.compile(r"([a-z][a-z0-9+.-]*://)[^\s/@]*@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    (re.compile(r"AGE-SECRET-KEY-[A-Z0-9-]+", re.IGNORECASE), HIDDEN),
    (
        re.compile(
            r"((?:pass(?:word|phrase|wd)?|token|secret|login_key|wrapped_root|authorization|cookie|signature|code)"
            r"[\"']?\s*[=:]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;}&]+)",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
)
_SECRET_NAMES = re.compile(
    r"pass|token|secret|login_key|wrapped_root|authorization|cookie|signature|^key$|^url$|^code$", re.IGNORECASE
)


def redact(text: str) -> str:
    """`text` without URL credentials, age secret keys, or values of names like password and token."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def _redact_event(_: object, __: str, event: dict[str, Any]) -> dict[str, Any]:
    return {
        name: HIDDEN
        if _SECRET_NAMES.search(name) and value is not None
        else redact(value)
        if isinstance(value, str)
        else value
        if isinstance(value, bool | int | float | type(None))
        else redact(repr(value))
        for name, value in event.items()
    }


def configure(level: int = logging.INFO) -> None:
    """Send structlog and the standard library's logging through the redaction, to stderr."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    last = structlog.dev.ConsoleRenderer(colors=True) if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
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
    for noisy in ("httpx", "httpcore", "alembic", "uvicorn.error", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
