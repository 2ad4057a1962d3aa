"""The programme's invitation: for people a page, for their hubs the document, and nothing else of this keeper.

Whoever scans the code with a telephone's own camera comes to the page: it says what it is and what to do with the
link. It runs no script. The link that it shows is made of the file as it is now, as is the code.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from nightlatch.errors import ConfigError, NotFound
from nightlatch.keeper.premises import Here
from nightlatch.web.invitation import DOCUMENT, PAGE, Programme, read_invitation
from nightlatch.web.qr import as_svg

STYLE = """\
:root { color-scheme: light dark; }
body { font: 1.05rem/1.55 system-ui, sans-serif; max-width: 36rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
.link { font-family: ui-monospace, monospace; overflow-wrap: anywhere; user-select: all; -webkit-user-select: all; }
.link, .words { border: 1px solid #8886; border-radius: .6rem; padding: .8rem; }
.words { font-weight: 600; }
.code { width: 13rem; }
.code svg { display: block; width: 100%; border-radius: .6rem; }
.notice { white-space: pre-line; }
"""
_STYLE_SHA256 = b64encode(sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_SHA256}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
}

router = APIRouter()


@router.get(PAGE)
def page(here: Here) -> HTMLResponse:
    """What a person sees who opens the link."""
    return HTMLResponse(_page(read_invitation(_text(here.invitation))), headers=HEADERS)


@router.get(PAGE + DOCUMENT)
def document(here: Here) -> Response:
    """The file, as it is; a browser saves it."""
    text = _text(here.invitation)
    name = f"{read_invitation(text).file_name}.nightlatch"
    return Response(
        text, media_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _text(path: Path | None) -> str:
    """Raises `NotFound`; a file that is no invitation is not shown either."""
    if path is None:
        raise NotFound("This programme shows no invitation here. Ask it for a file.")
    try:
        text = path.read_text(encoding="utf-8")
        read_invitation(text)
    except (OSError, UnicodeDecodeError, ConfigError):
        raise NotFound("This programme's invitation cannot be read just now. Ask it for a file.") from None
    return text


def _page(programme: Programme) -> str:
    name = escape(programme.name)
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>An invitation: {name}</title><style>{STYLE}</style></head>
<body>
<h1>{name} invites you to give clips</h1>
<p>It teaches a security camera's eye what a burglar is and what a pet is, with clips that people give one by one.
Nothing is given by opening this page, or by joining.</p>
<h2>You have Nightlatch at home</h2>
<p>Open <b>your own Nightlatch</b>, choose <b>Giving</b>, and paste this link there, or scan the code:</p>
<p class="link">{escape(programme.link)}</p>
<div class="code">{as_svg(programme.link)}</div>
<p>Where neither works, <a href="{PAGE}{DOCUMENT}" download>save the invitation as a file</a> and choose it there.</p>
<h2>Words to compare</h2>
<p>Your Nightlatch shows eight words before you join. They must be those that the programme tells you in person, on
paper or by telephone; on this page somebody who changed it could change them, too.</p>
<p class="words">{escape(programme.words)}</p>
<h2>What you will be asked to sign, for each clip</h2>
<p class="notice" lang="{escape(programme.language)}">{escape(programme.notice)}</p>
</body></html>
"""
