"""What the options of ``listen`` become, and their defaults."""

import argparse
import dataclasses
import sys
from types import SimpleNamespace

import pytest

from edge_runtime.cli import http_arguments, sink_arguments, source_arguments
from edge_runtime.cli.listen import add_arguments
from edge_runtime.errors import ParameterError
from edge_runtime.sinks.broker import parse_broker
from edge_runtime.stream.session import Session

from ..manifests import FAKE_TFLITE, manifest_for

SESSION = Session(source="mic", manifest=manifest_for(FAKE_TFLITE), interval_s=1.0)


def parsed(*options):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {"max_bytes": 10_000_000, "keep": 3}),
        (("--log-max-mb", "1.5", "--log-keep", "0"), {"max_bytes": 1_500_000, "keep": 0}),
    ],
)
def test_a_log_is_rotated_at_ten_megabytes_and_three_are_kept(monkeypatch, options, expected):
    made = []
    monkeypatch.setattr(
        "edge_runtime.sinks.jsonl.JsonlLog", lambda path, **how: made.append((str(path), how))
    )
    sink_arguments._log(parsed("--log", "a.jsonl", *options), SESSION)
    assert made == [("a.jsonl", expected)]


@pytest.mark.parametrize(("options", "timeout_s"), [((), 10.0), (("--hook-timeout", "2.5"), 2.5)])
def test_a_command_has_ten_seconds(monkeypatch, options, timeout_s):
    made = []
    monkeypatch.setattr(
        "edge_runtime.sinks.hook.Hook", lambda command, **how: made.append((command, how))
    )
    sink_arguments._hook(parsed("--on-change", "true", *options), SESSION)
    assert made == [("true", {"timeout_s": timeout_s})]


@pytest.mark.parametrize(
    ("state_s", "window_s", "expire_after"),
    [(10.0, 1.0, 90), (10.0, 60.0, 240), (100.0, 60.0, 360)],
)
def test_a_sensor_expires_after_a_minute_and_three_of_the_longer_interval(
    state_s, window_s, expire_after
):
    make = sink_arguments._discovery(parsed(), parse_broker("mqtt://h/den"), state_s)
    found = make(dataclasses.replace(SESSION, interval_s=window_s))
    assert found.birth_topic == "homeassistant/status"
    sensors = [text for text in found.messages.values() if text]
    assert len(sensors) == 4
    assert all(f'"expire_after": {expire_after},' in text for text in sensors)


def test_sound_on_stdin_is_one_channel_of_16_bits_at_44100_hz_unless_it_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(fileno=lambda: 0))
    source = source_arguments._stdin(parsed("--input", "-"))
    assert (source.rate, source.channels, source._format) == (44_100, 1, "S16_LE")
    told = parsed("--input", "-", "--rate", "8000", "--channels", "2", "--format", "U8")
    source = source_arguments._stdin(told)
    assert (source.rate, source.channels, source._format) == (8000, 2, "U8")


@pytest.mark.parametrize("length", [8, 256])
def test_a_token_has_8_to_256_letters(length, tmp_path):
    (tmp_path / "token").write_text(f"{'x' * length}\n")
    assert http_arguments._token(parsed("--http-token", "x" * length)) == "x" * length
    file = parsed("--http-token-file", str(tmp_path / "token"))
    assert http_arguments._token(file) == "x" * length


@pytest.mark.parametrize("token", ["x" * 7, "x" * 257, "eight or more", "kräftiges"])
def test_other_tokens_are_refused(token):
    with pytest.raises(ParameterError, match="--http-token: a token has 8 to 256 letters"):
        http_arguments._token(parsed("--http-token", token))
