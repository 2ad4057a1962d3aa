"""A programme's invitation: what it says, its fingerprint, and the link by which it is handed on.

A household believes what an invitation says: the programme's key, its addresses, its log's policy, the notice. A link
carries a fingerprint of all of that behind its “#”, which no browser and no hub sends anywhere: what is fetched is what
the maker of the link meant, or it is refused, whatever a network or a web server in between shows. Whoever makes the
link is believed. So the fingerprint is shown as words, too, for comparing them with what the programme says elsewhere.
"""

from __future__ import annotations

import functools
import json
import re
from base64 import b64decode
from dataclasses import asdict, dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from nightlatch.errors import ConfigError
from nightlatch.web.addresses import is_secure_base
from nightlatch.web.sizes import KIB

PAGE = "/invitation"  # where a keeper shows it to people; behind it, with DOCUMENT, to hubs
DOCUMENT = ".json"
LONGEST = 64 * KIB
DIGITS = 32  # hex, of a fingerprint: 128 bits, so that nobody makes another invitation for a link that is out
WORDS = 8  # of 11 bits: 2^88 invitations to try for one that reads the same
LONGEST_FILE_NAME = 40
_LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_FINGERPRINT = re.compile(rf"[0-9a-f]{{{DIGITS}}}\Z")
_NO_INVITATION = "This is not an invitation of a programme. Use its link, or its file, whole and as it came."


@dataclass(frozen=True, slots=True)
class Programme:
    """What an invitation says."""

    name: str
    keeper_url: str
    log_url: str
    key: str  # b64 Ed25519
    policy: str  # of its log: keys and quorum, as the ledger reads it
    notice: str  # the text that the owner reads before signing
    language: str
    revocations_url: str | None = None  # where the keeper takes revocations alone; invitations before 0.4 name none

    @property
    def fingerprint(self) -> str:
        """32 hex digits of all that the invitation says."""
        said = {name: value for name, value in asdict(self).items() if value is not None}
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:DIGITS]

    @property
    def id(self) -> str:
        """16 hex digits of what the invitation says: another address, key or policy is another programme here."""
        return self.fingerprint[:16]

    @property
    def words(self) -> str:
        """The fingerprint's first 88 bits as eight words, for comparing by eye and by telephone."""
        bits = f"{int(self.fingerprint, 16):0{4 * DIGITS}b}"
        known = _words()
        return " ".join(known[int(bits[at : at + 11], 2)] for at in range(0, 11 * WORDS, 11))

    @property
    def link(self) -> str:
        """What is handed to households: a page for people, and for their hubs the fingerprint."""
        return f"{self.keeper_url.rstrip('/')}{PAGE}#{self.fingerprint}"

    @property
    def file_name(self) -> str:
        """What its file is called, without an ending."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:LONGEST_FILE_NAME] or "invitation"


def read_invitation(text: str) -> Programme:
    """Raises `ConfigError` for anything that is not an invitation."""
    try:
        told = json.loads(text.removeprefix("\ufeff"))
        names = ("name", "keeper_url", "log_url", "programme_key", "policy", "notice", "language")
        name, keeper_url, log_url, key, policy, notice, language = (str(told[each]) for each in names)
        revocations_url = str(told["revocations_url"]) if "revocations_url" in told else None
        found = Programme(name, keeper_url, log_url, key, policy, notice, language, revocations_url)
        if len(b64decode(found.key, validate=True)) != 32:
            raise ValueError("a key has 32 bytes")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ConfigError(_NO_INVITATION) from None
    for url in (found.keeper_url, found.log_url, found.revocations_url):
        if url is not None and not is_secure_base(url):
            raise ConfigError("The programme's addresses must begin with https://.")
    return found


@dataclass(frozen=True, slots=True)
class InvitationLink:
    """Where an invitation is, and which one is meant; None: the link does not say."""

    page: str
    fingerprint: str | None

    @property
    def document(self) -> str:
        """The address of the invitation itself."""
        return f"{self.page}{DOCUMENT}"


def read_link(text: str) -> InvitationLink:
    """The first link in a text that somebody pasted.

    Only addresses that end in `/invitation` are asked: a hub that follows any link would fetch whatever anybody wants.

    Raises:
        ConfigError: there is none, or it does not lead to an invitation; says what to do.
    """
    found = _LINK.search(text)
    if found is None:
        raise ConfigError(_NO_INVITATION)
    link = found.group().rstrip(".,;)")
    page, _, fragment = link.partition("#")
    if fragment.startswith("invite="):
        raise ConfigError("This link invites a reviewer. Open it in a browser; households have another one.")
    page = page.rstrip("/").removesuffix(DOCUMENT)
    if not is_secure_base(page):
        raise ConfigError("The link of an invitation begins with https://. Ask the programme for that one.")
    if not urlsplit(page).path.endswith(PAGE):
        raise ConfigError(f"This link does not lead to an invitation: its address ends in {PAGE}. Copy it once more.")
    if fragment and _FINGERPRINT.match(fragment) is None:
        raise ConfigError("This link was cut off or changed on its way. Copy all of it, to its last digit.")
    return InvitationLink(page, fragment or None)


@functools.cache
def _words() -> list[str]:
    """2,048 of them, as on a recovery sheet (BIP 39)."""
    from mnemonic import Mnemonic

    return list(Mnemonic("english").wordlist)
