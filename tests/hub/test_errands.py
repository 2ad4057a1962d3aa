"""Whatever a child does, an errand ends by its deadline and says what happened."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from nightlatch.domain.redaction import NotARedaction, Redacted, RedactionReport, Style
from nightlatch.errors import Reason, SourceError
from nightlatch.hub.errands.asking import PROBE, ProbeAnswer, ProbeRequest
from nightlatch.hub.errands.errand import CalledBack, Errand, ErrandFailed, Recall, TooLong


class Question(msgspec.Struct, frozen=True):
    text: str


ECHO = Errand("none", Question, Question, deadline_s=20.0, most_bytes=1000, broke="It broke.", hung="It hung.")
HASTY = msgspec.structs.replace(ECHO, deadline_s=1.0)


def child(tmp_path: Path, work: str) -> list[str]:
    """A child that runs `work` on a request and its bytes."""
    program = tmp_path / "child.py"
    program.write_text(
        f"import os, sys, time\nsys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from nightlatch.errors import ConfigError, Reason, SourceError\n"
        "from nightlatch.hub.errands.errand import run_child\n"
        "from tests.hub.test_errands import ECHO, Question\n"
        f"def work(request, body, share):\n{work}\n"
        "run_child(ECHO, work)\n"
    )
    return [sys.executable, str(program)]


def test_an_answer_comes_back_with_its_bytes_and_its_progress(tmp_path: Path) -> None:
    shares: list[float] = []
    work = "    share(0.25); share(1.0)\n    return Question(request.text + '!'), body[::-1]"
    answer, body = ECHO.send(Question("well"), b"abc", on_share=shares.append, command=child(tmp_path, work))
    assert (answer, body, shares) == (Question("well!"), b"cba", [0.25, 1.0])


def test_a_failure_in_words_comes_back_as_these_words(tmp_path: Path) -> None:
    with pytest.raises(ErrandFailed, match="Choose another part"):
        ECHO.send(Question(""), command=child(tmp_path, "    raise ConfigError('Choose another part.')"))
    command = child(tmp_path, "    raise SourceError(Reason.NOT_FOUND, 'No such stream.')")
    with pytest.raises(SourceError, match="No such stream") as refused:
        ECHO.send(Question(""), command=command)
    assert refused.value.reason is Reason.NOT_FOUND


@pytest.mark.parametrize(
    "work",
    [
        "    os.abort()",
        "    os._exit(0)",
        "    raise ZeroDivisionError",
        "    os.write(1, b'rubbish that is no frame at all' * 99); os._exit(0)",
        "    return Question('x'), bytes(5000)",  # more than may come back
        "    os.write(1, b'A' + (2**31).to_bytes(4, 'big')); time.sleep(60)",  # a message of two gigabytes
    ],
)
def test_a_child_that_breaks_off_or_talks_nonsense_counts_as_broken(tmp_path: Path, work: str) -> None:
    with pytest.raises(ErrandFailed, match=r"It broke\."):
        ECHO.send(Question(""), b"film" * 100_000, command=child(tmp_path, work))


@pytest.mark.parametrize("work", ["    time.sleep(600)", "    share(0.1)\n    while True: pass"])
def test_a_child_that_hangs_is_ended_by_the_deadline(tmp_path: Path, work: str) -> None:
    began_s = time.monotonic()
    with pytest.raises(TooLong, match=r"It hung\."):
        HASTY.send(Question(""), b"film", command=child(tmp_path, work))
    assert time.monotonic() - began_s < 15


def test_a_child_that_never_reads_what_it_is_given_is_ended_too(tmp_path: Path) -> None:
    program = tmp_path / "deaf.py"
    program.write_text("import time\ntime.sleep(600)\n")
    with pytest.raises(TooLong):
        HASTY.send(Question(""), bytes(2_000_000), command=[sys.executable, str(program)])


@pytest.mark.parametrize("work", ["    time.sleep(600)", "    share(0.1)\n    while True: pass"])
def test_an_errand_that_is_called_back_ends_at_once(tmp_path: Path, work: str) -> None:
    recall = Recall()
    threading.Timer(0.5, recall.call).start()
    began_s = time.monotonic()
    with pytest.raises(CalledBack), capture_logs() as said:
        ECHO.send(Question(""), b"film", recall=recall, command=child(tmp_path, work))
    assert time.monotonic() - began_s < 15
    assert said == []


def test_an_errand_that_was_called_back_before_is_not_done(tmp_path: Path) -> None:
    recall = Recall()
    recall.call()
    with pytest.raises(CalledBack):
        ECHO.send(Question(""), recall=recall, command=child(tmp_path, "    time.sleep(600)"))


def test_a_child_that_cannot_be_started_is_one_that_broke(tmp_path: Path) -> None:
    with pytest.raises(ErrandFailed, match=r"It broke\."):
        ECHO.send(Question(""), command=[str(tmp_path / "none")])


def test_a_child_that_goes_before_it_is_asked_is_one_that_broke() -> None:
    for _ in range(50):  # whether the request still finds a reader is a race
        with pytest.raises(ErrandFailed, match=r"It broke\."):
            ECHO.send(Question("x" * 6000), b"film" * 5000, command=["/bin/true"])


def test_what_broke_is_in_the_log_without_what_was_asked(tmp_path: Path) -> None:
    with capture_logs() as logged, pytest.raises(ErrandFailed):
        ECHO.send(Question("rtsp://user:hunter2@10.0.0.9/"), command=child(tmp_path, "    os._exit(7)"))
    assert [(each["event"], each["errand"], each["status"]) for each in logged] == [("errand.broke", "none", 7)]
    assert "hunter2" not in str(logged)


def test_a_film_that_was_changed_on_its_way_is_not_a_redacted_film() -> None:
    report = RedactionReport("0" * 64, Style.COVER, 1, 0, True, True)
    with pytest.raises(NotARedaction):
        Redacted(b"another film", report)


def test_a_probe_says_what_is_wrong_and_shows_no_password() -> None:
    request = ProbeRequest("rtsp://user:hunter2@127.0.0.1:9/none", "tcp", "age1x")
    assert "hunter2" not in repr(request)
    with pytest.raises(SourceError) as refused:
        PROBE.send(request)
    assert refused.value.reason is Reason.REFUSED
    assert "hunter2" not in str(refused.value)
    assert PROBE.answer is ProbeAnswer
