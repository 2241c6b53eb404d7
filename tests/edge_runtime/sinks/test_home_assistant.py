"""Discovery messages, against what Home Assistant documents."""

import json
import re

import pytest

from edge_runtime import __version__
from edge_runtime.sinks.home_assistant import Topics, device_id, discovery_messages

# https://www.home-assistant.io/integrations/sensor.mqtt/ and .../mqtt/#mqtt-discovery
SENSOR_KEYS = {
    "availability", "availability_mode", "availability_template", "availability_topic",
    "default_entity_id", "device", "device_class", "enabled_by_default", "encoding",
    "entity_category", "entity_picture", "expire_after", "force_update", "icon",
    "json_attributes_template", "json_attributes_topic", "last_reset_value_template", "name",
    "options", "origin", "payload_available", "payload_not_available", "platform", "qos",
    "state_class", "state_topic", "suggested_display_precision", "unique_id",
    "unit_of_measurement", "value_template",
}  # fmt: skip
DEVICE_KEYS = {
    "configuration_url", "connections", "hw_version", "identifiers", "manufacturer", "model",
    "model_id", "name", "serial_number", "suggested_area", "sw_version", "via_device",
}  # fmt: skip
ORIGIN_KEYS = {"name", "sw_version", "support_url"}
TOPIC = re.compile(r"homeassistant/sensor/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config")


def payloads(
    prefix="edge-genre/den",
    labels=("blues", "métal"),
    discovery_prefix="homeassistant",
    **named,
):
    return discovery_messages(
        Topics(prefix=prefix),
        labels=labels,
        **named,
        model="tiny",
        expire_after_s=90,
        discovery_prefix=discovery_prefix,
    )


def messages(*args, **named):
    """Of the sensors that there are."""
    found = payloads(*args, **named)
    return {topic: json.loads(payload) for topic, payload in found.items() if payload}


@pytest.fixture
def sensors():
    return {topic.split("/")[3]: config for topic, config in messages().items()}


@pytest.fixture
def all_sensors():
    found = messages(names_style=True, names_mood=True)
    return {topic.split("/")[3]: config for topic, config in found.items()}


def test_there_are_four_sensors_of_one_device(sensors):
    assert list(sensors) == ["genre", "confidence", "level", "cpu"]
    devices = [config["device"] for config in sensors.values()]
    assert devices[1:] == devices[:-1]
    assert devices[0] == {
        "identifiers": ["edge-genre_den"],
        "name": "edge-genre den",
        "manufacturer": "edge-genre",
        "model": "tiny",
        "sw_version": __version__,
    }


def test_a_model_that_names_style_and_mood_has_a_sensor_for_each(sensors, all_sensors):
    assert list(all_sensors) == ["genre", "style", "mood", "confidence", "level", "cpu"]
    assert {name: all_sensors[name] for name in sensors} == sensors, "the others are the same"


@pytest.mark.parametrize(
    ("named", "removed"),
    [
        ({}, {"style", "mood"}),
        ({"names_style": True}, {"mood"}),
        ({"names_style": True, "names_mood": True}, set()),
    ],
)
def test_a_sensor_that_another_model_had_is_removed(named, removed):
    empty = {topic for topic, payload in payloads(**named).items() if not payload}
    assert empty == {f"homeassistant/sensor/edge-genre_den/{name}/config" for name in removed}


@pytest.mark.parametrize("prefix", ["edge-genre/den", "home/küche", "a b/c.d", "x"])
def test_every_message_follows_the_documented_schema(prefix):
    for topic, config in messages(prefix, names_style=True, names_mood=True).items():
        assert TOPIC.fullmatch(topic)
        assert set(config) <= SENSOR_KEYS
        assert set(config["device"]) <= DEVICE_KEYS
        assert set(config["origin"]) <= ORIGIN_KEYS
        assert config["origin"]["name"]
        assert config["device"]["identifiers"]
        assert config["state_topic"] == f"{prefix}/state"
        assert config["availability_topic"] == f"{prefix}/availability"
        assert config["expire_after"] == 90
        if "options" in config:
            assert config["options"]
            assert config["device_class"] == "enum"
            assert not {"state_class", "unit_of_measurement"} & set(config)
        elif config["name"] in ("Style", "Mood"):  # free text
            assert not {"device_class", "state_class", "unit_of_measurement"} & set(config)
        else:
            assert config["state_class"] == "measurement"
            assert config["unit_of_measurement"] in ("%", "dB")


def test_the_genre_may_be_any_label(sensors):
    assert sensors["genre"]["options"] == ["blues", "métal", "silence", "unknown"]


def test_a_model_that_has_a_label_for_silence_lists_it_once():
    (genre,) = (c for c in messages(labels=("silence", "jazz")).values() if c["name"] == "Genre")
    assert genre["options"] == ["silence", "jazz", "unknown"]


def test_what_is_no_genre_is_an_option_by_its_own_name():
    (genre,) = (
        config
        for config in messages(labels=("jazz", "other", "not music")).values()
        if config["name"] == "Genre"
    )
    assert genre["options"] == ["jazz", "other", "not music", "silence", "unknown"]


def test_every_template_reads_what_the_state_holds(all_sensors):
    templates = [config["value_template"] for config in all_sensors.values()]
    fields = {re.search(r"value_json\.(\w+)", template)[1] for template in templates}
    assert fields == {"label", "style", "mood", "confidence", "level_dbfs", "cpu_percent"}


def test_unique_ids_stay_and_differ_from_device_to_device():
    prefixes = ["edge-genre/den", "edge-genre/den-2", "edge-genre_den", "den", "edge-genre/d/en",
                "küche", "kuche", "a/b", "a_b", "a b"]  # fmt: skip
    ids = {c["unique_id"] for prefix in prefixes for c in messages(prefix).values()}
    assert len(ids) == 4 * len(prefixes)
    assert all(re.fullmatch(r"edge-genre_[a-zA-Z0-9_-]+", one) for one in ids)
    assert device_id("edge-genre/den") == "edge-genre_den"
    assert device_id("küche") == "edge-genre_k_che_f08d3c12"


def test_another_discovery_prefix_is_used():
    assert all(topic.startswith("ha/sensor/") for topic in messages(discovery_prefix="ha"))


def test_each_sensor_has_the_unit_the_class_and_the_template_of_its_kind(all_sensors):
    keys = ("device_class", "state_class", "unit_of_measurement", "entity_category", "icon")
    assert {name: [config.get(key) for key in keys] for name, config in all_sensors.items()} == {
        "genre": ["enum", None, None, None, "mdi:music"],
        "style": [None, None, None, None, "mdi:music-note-plus"],
        "mood": [None, None, None, None, "mdi:emoticon-outline"],
        "confidence": [None, "measurement", "%", None, "mdi:percent"],
        "level": [None, "measurement", "dB", None, "mdi:microphone"],
        "cpu": [None, "measurement", "%", "diagnostic", "mdi:cpu-64-bit"],
    }
    assert {name: config["value_template"] for name, config in all_sensors.items()} == {
        "genre": "{{ value_json.label if value_json is defined else None }}",
        "style": "{{ value_json.style if value_json is defined else None }}",
        "mood": "{{ value_json.mood if value_json is defined else None }}",
        "confidence": "{{ (value_json.confidence * 100) | round(1) "
        "if value_json is defined else None }}",
        "level": "{{ value_json.level_dbfs if value_json is defined else None }}",
        "cpu": "{{ value_json.cpu_percent if value_json is defined else None }}",
    }


def test_a_sensor_is_available_while_the_program_says_that_it_is_online(sensors):
    for config in sensors.values():
        assert (config["payload_available"], config["payload_not_available"]) == (
            "online", "offline",
        )  # fmt: skip
