"""Which events are told at once: by what they mean, and by what the household is doing. Pure.

What an owner has chosen for a device rules over this: one that asked for routine events gets them.
"""

from __future__ import annotations

from collections.abc import Collection

from nightlatch.domain.context import Mode
from nightlatch.domain.sighting import Kind, Verdict

ALWAYS = frozenset({Verdict.THREAT, Verdict.HELP})


def wakes(verdict: Verdict, mode: Mode | None, kinds: Collection[Kind]) -> bool:
    """Whether an event is told at once. At night and while nobody is home, people of whom it is not sure are, too.

    A mode that is not known wakes as HOME does.
    """
    if verdict in ALWAYS:
        return True
    return verdict is Verdict.UNSURE and mode in (Mode.NIGHT, Mode.AWAY) and Kind.PERSON in kinds
