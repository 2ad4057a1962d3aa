"""Giving one clip to the programme, and taking it back.

The hub never opens what it sealed: the owner's browser opens the clip and hands it over. The hub redacts it
in memory; the owner plays exactly these bytes to the end and signs their hash. Only then, and only sealed to a
key that the keeper made for this one clip, does anything leave. Half-given clips are forgotten
half an hour after they are ready.
"""

from nightlatch.hub.serve.giving.client import EntryClaims, ProgrammeClient
from nightlatch.hub.serve.giving.donations import Donations
from nightlatch.hub.serve.giving.inviting import Invitation, find_invitation
from nightlatch.hub.serve.giving.offers import Offer
from nightlatch.web.invitation import Programme, read_invitation

__all__ = [
    "Donations",
    "EntryClaims",
    "Invitation",
    "Offer",
    "Programme",
    "ProgrammeClient",
    "find_invitation",
    "read_invitation",
]
