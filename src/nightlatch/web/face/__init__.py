"""The face of every program: errors as sentences, sizes, deadlines, headers, and a bound on connections, once.

A program declares a `Face` and puts it on: `put_on(app, Face("this mailbox", statuses={Conflict: 409}))`. Whatever
serves the application (`nightlatch.web.serving`) finds the face on it and keeps its limits on connections, too.
"""

from nightlatch.web.face.face import SAFE, Face, Gate, Statuses, only_from
from nightlatch.web.face.guard import face_of, put_on
from nightlatch.web.face.limits import Limits, Upload
from nightlatch.web.face.refusals import NotAtHome, TooLarge, TooSlow, Unmeasured
from nightlatch.web.sizes import KIB, MIB

__all__ = [
    "KIB",
    "MIB",
    "SAFE",
    "Face",
    "Gate",
    "Limits",
    "NotAtHome",
    "Statuses",
    "TooLarge",
    "TooSlow",
    "Unmeasured",
    "Upload",
    "face_of",
    "only_from",
    "put_on",
]
