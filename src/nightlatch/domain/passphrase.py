"""How a passphrase is stretched into keys. The browser chooses the parameters, the hub keeps them, the owner's side
reads them back; `Kdf.read` and `Kdf.write` are inverses."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from nightlatch.errors import SealError


@dataclass(frozen=True, slots=True)
class Kdf:
    """Parameters of Argon2id (RFC 9106). Those who use them decide whether they are sensible."""

    alg: Literal["argon2id"]
    m_kib: int
    t: int  # passes
    p: int  # lanes
    salt: str  # b64

    @classmethod
    def read(cls, text: str) -> Kdf:
        """The parameters in `text`. Raises `SealError` for anything that `write` did not write."""
        try:
            kdf = cls(**json.loads(text))
        except (ValueError, TypeError, RecursionError):
            raise SealError("The household's key parameters are damaged. Use the 24 words.") from None
        if kdf.alg != "argon2id" or not isinstance(kdf.salt, str):
            raise SealError("The household's key parameters are not ones that Nightlatch makes. Use the 24 words.")
        if not all(type(each) is int for each in (kdf.m_kib, kdf.t, kdf.p)):
            raise SealError("The household's key parameters are damaged. Use the 24 words.")
        return kdf

    def write(self) -> str:
        """JSON, as the household's row holds it."""
        return json.dumps(asdict(self))
