"""Finds the invitation that an owner was given, as a link or as a file's text, before anything is joined.

The owner types the link, so this hub asks an address that somebody else chose. It asks little: `GET`, over https or on
this machine, as everything else that a programme is asked; at an address that ends as an invitation's does; 64 KiB,
fifteen seconds, no redirect, nothing sent along. An answer that is no invitation, or not the one that the link means,
is shown to nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from nightlatch.errors import CloudError, ConfigError
from nightlatch.ledger.policy import Policy, read_policy
from nightlatch.web.asking import Bounds, Unanswered, ask
from nightlatch.web.invitation import LONGEST, InvitationLink, Programme, read_invitation, read_link

DOCUMENT = Bounds(LONGEST, within_s=15.0)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as it can be shown to the owner: nothing is joined yet."""

    text: str  # what joining it takes
    programme: Programme
    policy: Policy  # of its log
    is_as_linked: bool | None  # the link names what it says; None: it came without a link


def find_invitation(given: str) -> Invitation:
    """What somebody pasted, dropped or scanned: a link, or the invitation itself.

    Raises:
        ConfigError: it is neither, or not what the link means.
        CloudError: nobody shows an invitation at that address just now.
    """
    given = given.strip().removeprefix("\ufeff")
    if given.startswith("{"):
        programme = read_invitation(given)
        return Invitation(given, programme, read_policy(programme.policy), None)
    link = read_link(given)
    text = _fetch(link)
    programme = read_invitation(text)
    if link.fingerprint not in (None, programme.fingerprint):
        raise ConfigError(
            "The programme shows another invitation than the one that this link means: it may have changed since, or "
            "somebody changes it on its way. Ask the programme for a new link, or for its file."
        )
    return Invitation(text, programme, read_policy(programme.policy), link.fingerprint is not None)


def _fetch(link: InvitationLink) -> str:
    try:
        answer = ask("GET", link.document, DOCUMENT)
    except Unanswered as error:
        raise CloudError(
            f"The programme at this link {error.lack}. Try again later, or ask the programme for its file."
        ) from None
    if answer.status != 200:
        text = f"The programme shows no invitation at this link (status {answer.status})."
        raise CloudError(f"{text} Ask it for a new link, or for its file.")
    return answer.text
