"""A link as a QR code, to be scanned with a telephone: for a page, for paper and for a terminal."""

from __future__ import annotations

import io

BORDER = 4  # modules of white around it: what the standard asks for (ISO/IEC 18004), and scanners look for
SCALE = 12  # pixels a module: some 600 for a link, enough for paper


def as_svg(link: str) -> str:
    """Black on white, as large as the page makes it."""
    import segno

    return str(segno.make_qr(link).svg_inline(border=BORDER, light="#fff", omitsize=True))


def as_png(link: str) -> bytes:
    """Black on white, for paper."""
    import segno

    made = io.BytesIO()
    segno.make_qr(link).save(made, kind="png", border=BORDER, scale=SCALE)
    return made.getvalue()


def as_text(link: str) -> str:
    """For a terminal, in its own colours' reverse where that must be: scanners want dark on light."""
    import segno

    made = io.StringIO()
    segno.make_qr(link).terminal(made, border=2, compact=True)
    return made.getvalue()
