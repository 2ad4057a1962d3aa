"""What a camera's answers mean, in one sentence that helps. Nothing that a camera wrote gets into one,
but the name of an encoding.

SourceError
└── TakeOver             our client is at a loss here: another may fare better
    └── TransportRefused the camera does not send over TCP: try UDP
"""

from __future__ import annotations

from nightlatch.errors import Reason, SourceError


class TakeOver(SourceError):
    """Our client is at a loss with this camera: try FFmpeg; the sentence holds where that fails as well."""


class TransportRefused(TakeOver):
    """The camera does not send over the RTSP connection: try UDP."""

    def __init__(self) -> None:
        super().__init__(Reason.REFUSED, "The camera does not send over TCP. Set this camera's transport to UDP.")


def refusal(status: int) -> SourceError:
    """What an answer with this status (RFC 2326, 11.3) says to the owner."""
    if status == 461:
        return TransportRefused()
    if status in (404, 410):
        text = "The camera answers, but has no stream at this path. Check the path in its manual."
        return SourceError(Reason.NOT_FOUND, text)
    if status == 403:
        text = (
            "The camera does not let this name see the stream. Allow it in the camera's own app, or use another name."
        )
        return SourceError(Reason.REFUSED, text)
    if status == 454:
        return SourceError(Reason.BROKEN_STREAM, "The camera ended the session. Nightlatch keeps trying.")
    if status == 453 or status >= 500:
        text = "The camera answers with an error. It may have too many viewers: close others or restart it."
        return SourceError(Reason.REFUSED, text)
    return TakeOver(
        Reason.REFUSED, "The camera refuses the stream. Try the other transport (TCP or UDP) or another path."
    )


def wrong_password() -> SourceError:
    """A challenge was answered as it should be, and refused."""
    text = "The camera does not accept this name and password. Check both in its own app."
    return SourceError(Reason.WRONG_PASSWORD, text)


def no_password() -> SourceError:
    """There is a challenge and nothing to answer it with."""
    return SourceError(Reason.WRONG_PASSWORD, "The camera asks for a name and a password. Use those of its own app.")


def unknown_login() -> SourceError:
    """None of the camera's challenges is of a kind that we can answer."""
    text = (
        "The camera asks for the password in a way that Nightlatch does not know. Set its login to Digest (MD5 or "
        "SHA-256) or Basic."
    )
    return TakeOver(Reason.REFUSED, text)


def no_answer() -> SourceError:
    """Nothing came in time."""
    text = "The camera did not answer in time. Check its address, and that it is switched on."
    return SourceError(Reason.TIMEOUT, text)


def hung_up() -> SourceError:
    """The connection ended."""
    return SourceError(Reason.BROKEN_STREAM, "The camera closed the connection. Nightlatch keeps trying.")


def ended() -> SourceError:
    """It played, and is over."""
    return SourceError(Reason.ENDED, "The camera ended its stream. Nightlatch keeps trying.")


def stalled(has_begun: bool) -> SourceError:
    """Nothing comes any more; where nothing ever came, the fault may be ours."""
    kind = SourceError if has_begun else TakeOver
    return kind(Reason.STALLED, "The camera stopped sending. Nightlatch keeps trying.")


def unreadable() -> TakeOver:
    """What came is no RTSP."""
    return TakeOver(Reason.BROKEN_STREAM, "What the camera sends cannot be read. Restart it if this continues.")


def lost_track() -> SourceError:
    """The stream was readable and is no more."""
    return SourceError(Reason.BROKEN_STREAM, "What the camera sends cannot be read. Restart it if this continues.")


def sent_away() -> SourceError:
    """A redirect that we do not follow."""
    text = "The camera sends Nightlatch on to another address that it cannot follow. Use the stream's own address."
    return SourceError(Reason.REFUSED, text)


def no_picture() -> SourceError:
    """The description has no track of pictures."""
    return TakeOver(Reason.NO_VIDEO, "There is no picture in this stream. Check the address.")


def unknown_picture(encoding: str) -> SourceError:
    """The description has pictures, but none that can be recorded."""
    text = f"The picture is encoded as {encoding}, which cannot be recorded as it is. Switch this stream to H.264."
    return TakeOver(Reason.NOT_H264, text)
