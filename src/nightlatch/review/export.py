"""Labels for other tools: JSON, CVAT for video 1.1, Label Studio. Labels only: no clip, no still, no way to one.

A clip is named by its donation's number and its length. Who labelled it stays here: what leaves is the consensus.

Sources: docs.cvat.ai, “CVAT XML format”, version 1.1 (annotations of a video); labelstud.io, “Import pre-annotated
data” (tasks with `annotations[].result[]` of type choices and timelinelabels).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from nightlatch.domain.label import Happening, Label, Subject
from nightlatch.domain.sighting import Verdict
from nightlatch.domain.time import Span
from nightlatch.review.writing import written

FRAMES_S = 25  # frames a second by which the CVAT export counts
LABEL_STUDIO_CONFIG = (
    "<View><Video name='clip' value='$clip' framerate='25'/>"
    "<TimelineLabels name='spans' toName='clip'><Label value='event'/></TimelineLabels>"
    "<Choices name='subjects' toName='clip' choice='multiple'>{subjects}</Choices>"
    "<Choices name='happenings' toName='clip' choice='multiple'>{happenings}</Choices>"
    "<Choices name='verdict' toName='clip'>{verdicts}</Choices></View>"
)


@dataclass(frozen=True, slots=True)
class ClipExport:
    """A clip's label as it leaves. `certainty` is of the verdict, 0 to 1."""

    donation: str
    length_ms: int
    label: Label
    certainty: float
    labels: int


def as_json(exported: Sequence[ClipExport]) -> str:
    """A list of objects, one a clip."""
    told = [
        {
            "donation": each.donation,
            "length_ms": each.length_ms,
            "certainty": round(each.certainty, 6),
            "labels": each.labels,
            **json.loads(written(each.label)),
        }
        for each in exported
    ]
    return json.dumps({"version": 1, "clips": told}, indent=1)


def as_cvat(exported: Sequence[ClipExport]) -> str:
    """CVAT for video 1.1: one task whose tracks are whole-picture boxes over each span, tags as attributes.

    The frames of all clips follow each other; a `<track>` names its clip in the attribute `donation`.
    """
    root = Xml.Element("annotations")
    Xml.SubElement(root, "version").text = "1.1"
    root.append(_cvat_meta(exported))
    first = 0
    for number, each in enumerate(exported):
        frames = _frame(each.length_ms)
        track = Xml.SubElement(root, "track", {"id": str(number), "label": "event", "source": "manual"})
        for began, ended in _stretches(each):
            for frame, outside in ((first + began, "0"), (first + ended, "1")):
                box = Xml.SubElement(track, "box", {"frame": str(frame), "outside": outside, **_WHOLE})
                for name, value in _attributes(each):
                    Xml.SubElement(box, "attribute", name=name).text = value
        first += frames + 1
    Xml.indent(root, " ")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def as_label_studio(exported: Sequence[ClipExport]) -> str:
    """A list of Label Studio tasks with one annotation each; import it into a project of `label_studio_config`."""
    return json.dumps([_task(each) for each in exported], indent=1)


def label_studio_config() -> str:
    """The labelling configuration that the exported tasks belong to."""

    def choices(words: Sequence[str]) -> str:
        return "".join(f"<Choice value='{word}'/>" for word in words)

    return LABEL_STUDIO_CONFIG.format(
        subjects=choices([*Subject]), happenings=choices([*Happening]), verdicts=choices([*Verdict])
    )


_WHOLE = {
    "keyframe": "1",
    "occluded": "0",
    "xtl": "0.00",
    "ytl": "0.00",
    "xbr": "1.00",
    "ybr": "1.00",
    "z_order": "0",
}


def _frame(at_ms: int) -> int:
    return at_ms * FRAMES_S // 1000


def _stretches(each: ClipExport) -> list[tuple[int, int]]:
    """[began, ended) in frames, apart and in order; the whole clip when no span is marked."""
    found: list[tuple[int, int]] = []
    for span in each.label.spans or (Span(0, each.length_ms),):
        began, ended = _frame(span.began_ms), max(_frame(span.ended_ms), _frame(span.began_ms) + 1)
        if found and began <= found[-1][1]:
            began, ended = found[-1][0], max(found.pop()[1], ended)
        found.append((began, ended))
    return found


def _attributes(each: ClipExport) -> list[tuple[str, str]]:
    told = each.label
    return [
        ("donation", each.donation),
        ("verdict", told.verdict.value if told.verdict else ""),
        ("subjects", ",".join(sorted(told.subjects))),
        ("happenings", ",".join(sorted(told.happenings))),
        ("certainty", f"{each.certainty:.4f}"),
    ]


def _cvat_meta(exported: Sequence[ClipExport]) -> Xml.Element:
    meta = Xml.Element("meta")
    task = Xml.SubElement(meta, "task")
    size = sum(_frame(each.length_ms) + 1 for each in exported)
    facts: dict[str, str] = {
        "name": "Nightlatch",
        "size": str(size),
        "mode": "interpolation",
        "overlap": "0",
        "start_frame": "0",
    }
    for name, value in {**facts, "stop_frame": str(max(0, size - 1)), "frame_filter": ""}.items():
        Xml.SubElement(task, name).text = value
    label = Xml.SubElement(Xml.SubElement(task, "labels"), "label")
    Xml.SubElement(label, "name").text = "event"
    attributes = Xml.SubElement(label, "attributes")
    for name in ("donation", "verdict", "subjects", "happenings", "certainty"):
        attribute = Xml.SubElement(attributes, "attribute")
        facts = {"name": name, "mutable": "False", "input_type": "text", "default_value": "", "values": ""}
        for fact, value in facts.items():
            Xml.SubElement(attribute, fact).text = value
    return meta


def _task(each: ClipExport) -> dict[str, object]:
    told = each.label
    results: list[dict[str, object]] = []
    for question, words in (
        ("subjects", sorted(told.subjects)),
        ("happenings", sorted(told.happenings)),
        ("verdict", [told.verdict] if told.verdict else []),
    ):
        if words:
            chosen = {"choices": [str(word) for word in words]}
            results.append({"from_name": question, "to_name": "clip", "type": "choices", "value": chosen})
    for number, span in enumerate(told.spans):
        stretch = {"start": _frame(span.began_ms) + 1, "end": max(_frame(span.ended_ms), _frame(span.began_ms) + 1)}
        value = {"ranges": [stretch], "timelinelabels": ["event"]}
        results.append(
            {"id": f"span-{number}", "from_name": "spans", "to_name": "clip", "type": "timelinelabels", "value": value}
        )
    clip = {"clip": f"nightlatch:{each.donation}", "length_ms": each.length_ms, "certainty": each.certainty}
    return {"data": clip, "annotations": [{"result": results}]}
