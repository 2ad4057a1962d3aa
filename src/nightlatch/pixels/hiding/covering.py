"""Covers more of a finished film: its owner saw something in it that no eye here looks for. In memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from io import BytesIO

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.domain.redaction import Redacted
from nightlatch.pixels.hiding.film import CannotRedact, encoded
from nightlatch.pixels.hiding.plate import GREY, mask_of

Bgr = NDArray[np.uint8]


def cover_more(film: Redacted, boxes: Sequence[Box], on_share: Callable[[float], None]) -> Redacted:
    """The film with grey over `boxes` in every picture. Raises `CannotRedact` when it cannot be read."""
    report, grey = film.report, 0.0

    def pictures() -> Iterator[Bgr]:
        nonlocal grey
        with av.open(BytesIO(film.mp4), "r", metadata_errors="ignore") as container:
            for frame in container.decode(container.streams.video[0]):
                shown = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                over = mask_of(boxes, shown.shape)
                grey = float(over.mean())
                shown[over] = GREY
                yield shown

    try:
        made = encoded(pictures(), lambda n: on_share(min(1.0, n / max(1, report.pictures))))
    except (av.error.FFmpegError, ValueError, IndexError):
        raise CannotRedact("The finished film is damaged. Hide people again.") from None
    return Redacted(
        made,
        replace(
            report,
            sha256=sha256(made).hexdigest(),
            owner_covered=report.owner_covered + len(boxes),
            share_covered=min(1.0, round(report.share_covered + grey, 3)),
            share_grey=min(1.0, round(report.share_grey + grey, 3)),
        ),
    )
