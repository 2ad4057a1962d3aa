"""A watch process without a camera: keeps parts as fast as it can, settles beside it, and says what it has kept.

    python -m tests.hub.killed FOLDER RECIPIENT SEED

It is killed at any moment. A line on its standard output is written before a part is kept (`begin`) and after it
(`kept`); what was kept then outlives it.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path

from nightlatch.domain.recording import Part, Segment
from nightlatch.hub.vault.files import Vault
from nightlatch.seal.recipients import Sealer
from tests.clocks import TestClock

CAMERA = "0123456789ab"
PART_MS = 800
T0 = 1_790_000_000_000


def text_of(number: int, seed: int) -> bytes:
    """Of the part that is this many-th since the start: an MP4 box, its length made from its number."""
    length = random.Random(f"{seed}-{number}").choice((20, 900, 30_000, 65_536, 70_000, 250_000))
    return length.to_bytes(4, "big") + b"mdat" + f"{number:08d}".encode() + bytes([number % 251 + 1]) * (length - 16)


def main() -> None:
    """Keep parts of segments of one to six parts until killed."""
    folder, recipient, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    vault, sealer = Vault(folder, TestClock(fixed_ms=T0)), Sealer([recipient])
    stop = threading.Event()

    def settle() -> None:
        while not stop.wait(0.01):
            vault.settle()

    threading.Thread(target=settle, daemon=True).start()
    number, sizes = 0, random.Random(seed)
    for seq in range(1_000_000):
        began_ms, parts = T0 + number * PART_MS, sizes.randint(1, 6)
        for index in range(parts):
            os.write(1, f"begin {number}\n".encode())
            vault.keep_part(Part(CAMERA, T0 + number * PART_MS, PART_MS, index, text_of(number, seed), seq), sealer)
            os.write(1, f"kept {number}\n".encode())
            number += 1
        vault.keep_segment(Segment(CAMERA, seq, began_ms, parts * PART_MS, "avc1.640028"))


if __name__ == "__main__":
    main()
