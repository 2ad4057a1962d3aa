"""What the owner noted about clips, sealed in the browser: the hub keeps it and cannot read it."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import ClipRow, RemarkRow
from nightlatch.seal.envelope import Sealed


def remark(engine: Engine, clip_id: str) -> bytes | None:
    """The sealed remark on a clip; None when there is none."""
    with Session(engine) as session:
        row = session.get(RemarkRow, clip_id)
        return None if row is None else row.sealed


def keep_remark(books: Books, clip_id: str, sealed: Sealed, now_ms: int) -> bool:
    """Keep a remark in place of any earlier one; False when its clip is gone. Raises `OSError`."""
    with books.change() as session:
        if session.get(ClipRow, clip_id) is None:
            return False
        session.merge(RemarkRow(clip_id=clip_id, sealed=bytes(sealed), changed_ms=now_ms))
        return True
