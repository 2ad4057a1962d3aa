"""Tries a camera in a process of its own, so that a hostile stream can crash nothing but the try.

`python -m nightlatch.hub.errands.probe` reads {"url", "transport", "recipient"} on stdin, prints one JSON answer. The
first picture comes back sealed for the household.
"""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from typing import Any

TIME_LIMIT_S = 30.0


def try_camera(url: str, transport: str, recipient: str) -> dict[str, Any]:
    """{"ok": true, …, "still": b64 sealed JPEG} or {"ok": false, "reason", "text"}."""
    asked = json.dumps({"url": url, "transport": transport, "recipient": recipient}).encode()
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "nightlatch.hub.errands.probe"],
            input=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIME_LIMIT_S,
            check=False,
        )
        return dict(json.loads(ran.stdout))
    except subprocess.TimeoutExpired:
        return _no("timeout", "The camera did not send a picture within 30 seconds. Check the address, then try again.")
    except ValueError:
        return _no("broken_stream", "What this address sends could not be read. Choose another stream of the camera.")


def _no(reason: str, text: str) -> dict[str, Any]:
    return {"ok": False, "reason": reason, "text": text}


def main() -> None:
    """The child process."""
    from nightlatch.clocks import system_clock
    from nightlatch.errors import SourceError
    from nightlatch.pixels.sources.probe import probe
    from nightlatch.seal.recipients import Sealer

    asked = json.loads(sys.stdin.buffer.read(100_000))
    try:
        found = probe(asked["url"], asked["transport"], clock=system_clock())
    except SourceError as error:
        answer = _no(error.reason.value, str(error))
    else:
        video, audio = found.streams.video, found.streams.audio
        answer = {
            "ok": True,
            "width": video.width,
            "height": video.height,
            "fps": found.fps,
            "codecs": found.streams.codecs,
            "audio": audio.codec if audio else None,
            "gop_s": found.gop_s,
            "notes": list(found.notes),
            "still": b64encode(Sealer([asked["recipient"]]).seal(found.still.jpeg)).decode(),
        }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
