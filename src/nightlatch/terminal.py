"""What the terminal shows of the log: one sentence with the time for each warning, and nothing for what goes well.

A sentence says what happened and what happens next. It names a camera by the beginning of its id, as the log does:
its name is sealed. The log itself, with all its figures, is in a file (see `diagnostics`).
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

SAID_AGAIN_S = 3600.0  # a camera that stays away would otherwise say so every half minute
MOST_REMEMBERED = 1000
LONGEST = 600  # characters; what others send us may be of any length

KEEPS_TRYING = "Nightlatch keeps trying."

SENTENCES: Mapping[str, str] = {
    "alert.lost": "An alert could not be sent by {road} ({error}). The event itself is recorded.",
    "books.not_entered": "{waiting} recordings could not be entered into the index ({error}). Nightlatch keeps trying.",
    "books.refused": "The index refused an entry ({entry}: {error}). The recording itself is kept.",
    "books.stumbled": "Entering recordings into the index stumbled. The recordings are whole; Nightlatch keeps trying.",
    "camera.lost": "Camera {camera:.8} was lost: {text} Nightlatch keeps trying.",
    "camera.paused": "Camera {camera:.8} sent no pictures for {ms} ms, and then went on ({reason}).",
    "camera.sub_lost": "Camera {camera:.8} lost its sub-stream ({reason}). Nightlatch watches the main stream "
    "and keeps trying.",
    "cameras.not_remembered": "The list of cameras could not be kept ({error}). Nightlatch keeps trying.",
    "change.untold": "The log holds a change that nobody told the keeper ({index}, {leaf}). It waits for it.",
    "clip.flagged": "A reviewer reported the clip of view {view}. None of its labels counts any more.",
    "clip.still_stays": "The disk refused a better picture of an event ({error}). The earlier one stays.",
    "clip.stays": "An expired clip could not be deleted ({error}). The next round tries again.",
    "detector.failed": "The detector failed ({why}). It starts again in {again_in_s} s; recording goes on.",
    "detector.hangs": "The detector has not answered for {after_s} s; recording goes on.",
    "disk.stumbled": "Storing what was recorded stumbled. Nightlatch keeps trying.",
    "door.full": "A connection could not be accepted ({error}). Nightlatch keeps trying.",
    "duty.failed": "What had to be done could not be done yet ({duty}: {error}). Nightlatch keeps trying.",
    "entry.unknown": "The log holds an entry of this keeper that its rows do not know ({kind}, {index}). "
    "They are older than the log. What it says is done again.",
    "errand.broke": "A piece of work beside the hub ended without a result ({errand}, status {status}).",
    "eye.untold": "How the eye fares could not be told. Looking and recording go on.",
    "face.failed": "A face of this program failed. The program ends, to be started again.",
    "household.key_unusable": "Nothing is recorded, because the household's key cannot be used. {text}",
    "keeper.told_again": "The keeper's rows were older than the log; all changes were told to it again.",
    "label.untold": "The keeper could not be told of a label ({error}). The label counts all the same.",
    "letter.refused": "A push service did not take the word that a hub is silent (status {status}). It is tried again.",
    "lifesign.unheard": "No sign of life could be given to the mailbox. {error} Nightlatch keeps trying.",
    "lock.keeper": "The keeper could not be told that a reviewer left ({error}). It ends the session within a minute.",
    "log.contradicts_itself": "The log of {programme} contradicts itself ({why}). Nothing more is given to it.",
    "log.not_kept": "A programme's log could not be kept on this disk ({error}). Nightlatch keeps trying.",
    "log.unreachable": "A programme's log could not be read ({error}). Nightlatch keeps trying.",
    "log.stumbled": "Reading a programme's log stumbled unexpectedly. Nightlatch keeps trying.",
    "log.not_appended": "Entries could not be appended to the log. Whoever sent them was told so.",
    "log.not_ended": "The log could not begin its next part. It goes on in this one and tries again.",
    "log.unread": "The keeper could not read the log ({error}). Without it, nothing is shown; the keeper keeps trying.",
    "look.failed": "Looking at camera {camera:.8} failed ({error}); recording goes on.",
    "look.hangs": "A look at a camera has not ended for {after_s:.0f} s. The others are looked at; all are recorded.",
    "look.broke": "Looking broke off in a way that nobody thought of. It goes on with the next picture.",
    "look.unfinished": "The last look at camera {camera:.8} was not finished ({error}). Recording never waits for it.",
    "mailbox.unreachable": "The mailbox cannot be reached ({error}). Clips wait at home; Nightlatch keeps trying.",
    "habits.not_kept": "The usual hours of the cameras could not be kept ({error}). Nightlatch keeps trying.",
    "mqtt.lost": "The MQTT broker cannot be reached ({error}). Nightlatch keeps trying.",
    "mqtt.mode_lost": "The mode that was set over MQTT could not be kept ({error}). Check the disk, then set it again.",
    "mqtt.mode_refused": "Something was published to set the mode over MQTT, and refused ({why}).",
    "mqtt.stumbled": "The connection to the MQTT broker stumbled. Nightlatch keeps trying.",
    "notices.missed": "The page was too busy for {count} messages from the recorder; the index is compared with the "
    "recordings.",
    "notice.unfit": "The recorder could not tell the page something ({kind}: {error}). Recording goes on.",
    "outbox.stumbled": "Sending what must arrive at a programme stumbled ({error}). Nightlatch keeps trying.",
    "object.refused": "The mailbox refused part of a clip (status {status}). The clip stays at home.",
    "policy.differs": "{breach}",
    "program.died": "The program “{program}” ended unexpectedly (status {status}). It starts again in {again_in_s} s.",
    "program.hangs": "The program “{program}” has not answered for {after_s} s; it is ended and started again.",
    "program.killed": "The program “{program}” did not end within {after_s} s and was killed.",
    "push.failed": "An alert could not be delivered to a browser ({error}).",
    "push.not_sealed": "An alert could not be sealed for a browser, and was not sent to it.",
    "refresh.failed": "The log could not be confirmed by its witnesses this time. Nightlatch keeps trying.",
    "rows.changed": "The keeper's rows are not as the keeper wrote them ({table}). Nothing is shown until keeper.db is "
    "restored. Taking back goes on.",
    "rows.put_back": "The keeper's rows were put back to earlier ones ({changes} changes are gone). The log says what.",
    "request.failed": "A request could not be answered ({method} {route}). What was asked for may not have happened.",
    "sweep.failed": "Deleting what has expired failed. The next round tries again.",
    "record.broke": "Recording camera {camera:.8} broke off. It starts again.",
    "record.unfinished": "The end of a recording of camera {camera:.8} could not be stored ({error}). "
    "What was stored is kept.",
    "uncaught": "Something happened that Nightlatch does not expect.",
    "uplink.stumbled": "Sending clips to the mailbox stumbled over this machine's disk or index ({error}). Nightlatch "
    "keeps trying.",
    "vigil.stumbled": "Looking after silent hubs stumbled. It goes on with the next look.",
    "work.broke": "A part of the hub broke ({work}) and begins anew.",
    "witness.absent": "The witness {witness} does not answer. The log goes on without its word and keeps asking.",
    "witness.refused": "The witness {witness} refused to cosign the log (status {status}).",
    "witness.stumbled": "The answer of the witness {witness} could not be used.",
    "witness.not_enrolled": "A household's hub could not be named to the log ({error}). Nightlatch keeps trying.",
}


class _Values(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "?"


class Sentences:
    """A structlog renderer: an event, already without its secrets, as a sentence."""

    def __init__(self, log_file: Path | None) -> None:
        """`log_file` is where the rest can be read; without one, an error's traceback follows its sentence."""
        self._log_file = log_file

    def __call__(self, _: object, __: str, event: Mapping[str, Any]) -> str:
        values = _Values({name: str(value) for name, value in event.items()})
        template = SENTENCES.get(values["event"])
        text = template.format_map(values) if template is not None else _untabled(values)
        text = text.replace(f"{KEEPS_TRYING} {KEEPS_TRYING}", KEEPS_TRYING)  # what failed may have said so, too
        if "exception" not in event:
            return printable(text)
        traceback = values["exception"].strip()
        if self._log_file is None:
            return "\n".join([printable(text), *map(printable, traceback.splitlines())])
        return printable(f"{text} {traceback.splitlines()[-1]} The log has the details: {self._log_file}")


def _untabled(values: _Values) -> str:
    more = ", ".join(f"{k} {v}" for k, v in values.items() if k not in ("event", "level", "timestamp", "exception"))
    return values["event"] + (f" ({more})" if more else "")


def printable(text: str) -> str:
    """One line of bounded length without anything that could steer a terminal."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split(" "))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


class Terminal(logging.StreamHandler[Any]):
    """Writes our own warnings and everybody's errors; the same sentence at most once an hour."""

    def __init__(self, log_file: Path | None, before: list[Any]) -> None:
        """`before`: the processors that every record goes through, redaction among them."""
        super().__init__(sys.stderr)
        self._said_s: dict[str, float] = {}
        self.setLevel(logging.WARNING)
        self.addFilter(lambda record: isinstance(record.msg, dict) or record.levelno >= logging.ERROR)
        remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
        self.setFormatter(
            structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=[remove_meta, Sentences(log_file)])
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Never raises: a terminal that is gone is no reason to stop."""
        try:
            self.say(self.format(record))
        except Exception:  # noqa: BLE001 - logging must not end what it reports on
            self.handleError(record)

    def say(self, text: str) -> None:
        """Write a sentence, unless it was said within the hour."""
        now_s = time.monotonic()
        if now_s - self._said_s.get(text, -SAID_AGAIN_S) < SAID_AGAIN_S:
            return
        if len(self._said_s) >= MOST_REMEMBERED:
            self._said_s.clear()
        self._said_s[text] = now_s
        self.stream.write(f"{time.strftime('%H:%M')} {text}\n")
        self.flush()

    def handleError(self, record: logging.LogRecord) -> None:
        """There is nobody left to tell; the file has the record."""
