"""The messages by which Home Assistant finds this program and shows it as a device.

One discovery message per sensor, on ``homeassistant/sensor/ID/NAME/config``. Home Assistant
2024.11 and newer would also take one message per device, but that needs such a version, and the
single ones are understood by every version, which ignores the keys it does not know.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..decoder import SILENCE, UNKNOWN
from ..unicode_text import escaped
from ..version import __version__

BIRTH = "online"
"""Home Assistant's message on ``homeassistant/status`` when it has started."""


@dataclass(frozen=True, kw_only=True)
class Topics:
    """Where this program publishes."""

    prefix: str

    @property
    def availability(self) -> str:
        """``online`` while sound is heard, else ``offline``; retained."""
        return f"{self.prefix}/availability"

    @property
    def state(self) -> str:
        """What is playing now, JSON, retained; empty where nothing is heard."""
        return f"{self.prefix}/state"

    @property
    def changes(self) -> str:
        """Each change of the label, JSON; those of an outage come late, with their time."""
        return f"{self.prefix}/changes"


def device_id(prefix: str) -> str:
    """A name of letters, digits, ``_`` and ``-`` that stays the same as long as the prefix does."""
    if re.fullmatch(r"edge-genre(/[a-zA-Z0-9-]+)+", prefix):
        return prefix.replace("/", "_")
    # Other prefixes could become the same name; the checksum tells them apart.
    name = re.sub(r"[^a-zA-Z0-9-]", "_", prefix)
    return f"edge-genre_{name}_{zlib.crc32(prefix.encode(errors='replace')):08x}"


def discovery_messages(
    topics: Topics,
    *,
    labels: Iterable[str],
    names_style: bool = False,
    names_mood: bool = False,
    model: str,
    expire_after_s: int,
    discovery_prefix: str,
) -> dict[str, str]:
    """Discovery messages of the sensors by topic: JSON, or empty for a sensor that there is not.

    An empty one removes the sensor that another model, before this one, had.

    Parameters
    ----------
    topics : Topics
    labels : iterable of str
        All that the model tells apart: genres, and what is none of them.
    names_style, names_mood : bool
        Whether there is a sensor for the style and one for the mood.
    model : str
        Name of the model, shown with the device.
    expire_after_s : int
        A sensor without a new state for so long is shown as unavailable, seconds.
    discovery_prefix : str
        ``homeassistant`` unless Home Assistant is set to another one.
    """
    device = device_id(topics.prefix)
    common = {
        "state_topic": topics.state,
        "availability_topic": topics.availability,
        "payload_available": "online",
        "payload_not_available": "offline",
        "expire_after": expire_after_s,
        "device": {
            "identifiers": [device],
            "name": topics.prefix.replace("/", " "),
            "manufacturer": "edge-genre",
            "model": model,
            "sw_version": __version__,
        },
        "origin": {"name": "edge-genre", "sw_version": __version__},
    }
    missing = {name for name, named in (("style", names_style), ("mood", names_mood)) if not named}
    messages = {}
    for name, sensor in _sensors(labels).items():
        config = {**sensor, "unique_id": f"{device}_{name}", **common}
        messages[f"{discovery_prefix}/sensor/{device}/{name}/config"] = (
            "" if name in missing else escaped(json.dumps(config, ensure_ascii=False))
        )
    return messages


def _sensors(labels: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The part of the configuration in which the sensors differ, by name."""
    return {
        # Options exclude a unit and a state class.
        "genre": {
            "name": "Genre",
            "icon": "mdi:music",
            "device_class": "enum",
            "options": list(dict.fromkeys((*labels, SILENCE, UNKNOWN))),
            "value_template": _value("value_json.label"),
        },
        # Any text, and none where the model is sure of nothing: no class, no unit.
        "style": {
            "name": "Style",
            "icon": "mdi:music-note-plus",
            "value_template": _value("value_json.style"),
        },
        "mood": {
            "name": "Mood",
            "icon": "mdi:emoticon-outline",
            "value_template": _value("value_json.mood"),
        },
        "confidence": {
            "name": "Confidence",
            "icon": "mdi:percent",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "value_template": _value("(value_json.confidence * 100) | round(1)"),
        },
        # Not the class sound_pressure: dB relative to full scale are no sound pressure.
        "level": {
            "name": "Level",
            "icon": "mdi:microphone",
            "unit_of_measurement": "dB",
            "state_class": "measurement",
            "value_template": _value("value_json.level_dbfs"),
        },
        "cpu": {
            "name": "CPU",
            "icon": "mdi:cpu-64-bit",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "entity_category": "diagnostic",
            "value_template": _value("value_json.cpu_percent"),
        },
    }


def _value(expression: str) -> str:
    """A template of the state; an empty one has no values, and is no fault."""
    return f"{{{{ {expression} if value_json is defined else None }}}}"
