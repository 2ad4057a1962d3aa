"""What the owner deleted in the mailbox is there no longer, and is not sent again.

Only the owner's signature deletes there; the hub passes the request on, and hears that it was done.
"""

from __future__ import annotations

import re

from sqlalchemy import select, update

from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import ClipPartRow, ClipRow

WHY = "The owner deleted it in the mailbox."
_CLIPS = re.compile(r"clips(?:/([0-9a-f]{16}))?\Z")


def note(books: Books, path: str) -> None:
    """A deletion of `clips` or `clips/CLIP` was carried out. A clip that still grows is sent anew, as a whole."""
    found = _CLIPS.match(path)
    if found is None:
        return
    sent = select(ClipPartRow.clip_id).where(ClipPartRow.sent_version > 0)
    if found[1] is not None:
        sent = sent.where(ClipPartRow.clip_id == found[1])
    growing = select(ClipRow.id).where(ClipRow.open)
    with books.change() as session:
        ids = list(session.scalars(sent.distinct()))
        mine = ClipPartRow.clip_id.in_(ids)
        over = update(ClipPartRow).where(mine, ClipPartRow.clip_id.not_in(growing))
        session.execute(over.values(sent_version=0, sent_ms=None, refused=WHY))
        session.execute(
            update(ClipPartRow).where(mine, ClipPartRow.clip_id.in_(growing)).values(sent_version=0, sent_ms=None)
        )
    books.counter.forget()
