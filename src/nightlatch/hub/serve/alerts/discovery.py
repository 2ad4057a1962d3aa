"""What Home Assistant is told of the house and its cameras (its MQTT discovery, device format). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from nightlatch.domain.context import Mode
from nightlatch.domain.sighting import Verdict

ANY = "homeassistant/device/+/config"


def discovery_topic(camera_id: str) -> str:
    """Where a camera is announced."""
    return f"homeassistant/device/nightlatch_{camera_id}/config"


def announced_camera(topic: str) -> str | None:
    """The camera that a topic announces; None for anybody else's."""
    before, _, camera_id = topic.removesuffix("/config").partition("/nightlatch_")
    return camera_id if before == "homeassistant/device" and topic.endswith("/config") and camera_id else None


def picture(camera_id: str, root: str) -> dict[str, str]:
    """The component that shows the picture of the last event."""
    return {
        "platform": "image",
        "name": "Last event",
        "unique_id": f"nightlatch_{camera_id}_picture",
        "image_topic": f"{root}/{camera_id}/picture",
        "content_type": "image/jpeg",
    }


def house(hub_id: str, root: str, *, may_set_mode: bool) -> tuple[str, ...]:
    """The discovery messages of the house itself, one after the other: its mode, to be read or to be set.

    One component takes the place of the other; a platform without anything else is how it is taken back.
    """
    reading: dict[str, object] = {
        "platform": "sensor",
        "device_class": "enum",
        "options": [mode.value for mode in Mode],
        "name": "Mode",
        "unique_id": f"nightlatch_{hub_id}_mode",
        "state_topic": f"{root}/mode",
    }
    setting: dict[str, object] = {
        "platform": "select",
        "options": [mode.value for mode in Mode],
        "name": "Mode",
        "unique_id": f"nightlatch_{hub_id}_set_mode",
        "state_topic": f"{root}/mode",
        "command_topic": f"{root}/mode/set",
        "retain": False,  # a command that a broker keeps is refused
    }
    gone = {"mode": {"platform": "sensor"}} if may_set_mode else {"set_mode": {"platform": "select"}}
    here = {"set_mode": setting} if may_set_mode else {"mode": reading}
    return tuple(
        json.dumps(
            {
                "device": {"identifiers": [f"nightlatch_{hub_id}"], "name": "Nightlatch", "manufacturer": "Nightlatch"},
                "origin": {"name": "Nightlatch"},
                "availability": [{"topic": f"{root}/status"}],
                "components": components,
            }
        )
        for components in ({**gone, **here}, here)
    )


def device(camera_id: str, name: str, root: str, more: Mapping[str, Mapping[str, str]]) -> str:
    """The discovery message: three things that one camera shows, and `more`. Its topics lie under `root`."""
    event = f"{root}/{camera_id}/event"
    return json.dumps(
        {
            "device": {"identifiers": [f"nightlatch_{camera_id}"], "name": name, "manufacturer": "Nightlatch"},
            "origin": {"name": "Nightlatch"},
            "availability": [{"topic": f"{root}/status"}],
            "components": {
                "motion": {
                    "platform": "binary_sensor",
                    "device_class": "motion",
                    "name": "Motion",
                    "unique_id": f"nightlatch_{camera_id}_motion",
                    "state_topic": f"{root}/{camera_id}/motion",
                },
                "verdict": {
                    "platform": "sensor",
                    "device_class": "enum",
                    "options": [verdict.value for verdict in Verdict],
                    "name": "Verdict",
                    "unique_id": f"nightlatch_{camera_id}_verdict",
                    "state_topic": event,
                    "value_template": "{{ value_json.verdict }}",
                    "json_attributes_topic": event,
                },
                "seen": {
                    "platform": "sensor",
                    "name": "Last seen",
                    "unique_id": f"nightlatch_{camera_id}_seen",
                    "state_topic": event,
                    "value_template": "{{ value_json.kinds | join(', ') or 'motion' }}",
                },
                **more,
            },
        }
    )
