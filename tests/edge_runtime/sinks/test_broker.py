"""Addresses of MQTT brokers."""

import dataclasses
import os
from pathlib import Path

import pytest

from edge_runtime.errors import ParameterError
from edge_runtime.sinks.broker import parse_broker
from edge_runtime.sinks.tls import tls_context


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://den@pi.local:1884/home/den/", ("pi.local", 1884, False, "den", None, "home/den")),
        ("mqtts://broker/den", ("broker", 8883, True, None, None, "den")),
        ("mqtt://u:p%2Fw@10.0.0.1/a%20b", ("10.0.0.1", 1883, False, "u", "p/w", "a b")),
        ("mqtt://[::1]/x", ("::1", 1883, False, None, None, "x")),
        ("mqtt://h", ("h", 1883, False, None, None, f"edge-genre/{os.uname().nodename}")),
    ],
)
def test_an_address_is_taken_apart(url, expected):
    assert dataclasses.astuple(parse_broker(url)) == expected


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost", "begins with 'no scheme'"),
        ("", "begins with 'no scheme'"),
        ("http://localhost", "begins with 'http://'"),
        ("mqtt://", "names no host"),
        ("mqtt:///den", "names no host"),
        ("mqtt://host:port", "Port could not be cast"),
        ("mqtt://host:99999", "Port out of range"),
        ("mqtt://host:0", "port 0"),
        ("mqtt://[::1", "Invalid IPv6"),
        ("mqtt://host/a?b", "hold.* a . or #"),
        ("mqtt://host/a#b", "hold.* a . or #"),
        ("mqtt://host/a/#", "hold.* a . or #"),
        ("mqtt://host/a+b", "cannot begin a topic"),
        ("mqtt://host/a%23", "cannot begin a topic"),
        ("mqtt://host/a//b", "cannot begin a topic"),
        ("mqtt://host/$SYS", "cannot begin a topic"),
        ("mqtt://host/a%00", "cannot begin a topic"),
        (f"mqtt://host/{'x' * 300}", "longer than 200 bytes"),
        ("mqtt://:secret@host/a", "password without a user"),
    ],
)
def test_what_is_no_address_is_refused(url, message):
    with pytest.raises(ParameterError, match=message) as caught:
        parse_broker(url)
    assert "secret" not in str(caught.value)


def test_a_password_is_not_shown():
    assert "secret" not in repr(parse_broker("mqtt://user:secret@host"))


def test_certificates_that_cannot_be_used_are_named(tmp_path):
    (tmp_path / "notes.txt").write_text("no certificate")
    with pytest.raises(ParameterError, match=r"--mqtt-ca .*none.pem: No such file"):
        tls_context(tmp_path / "none.pem")
    with pytest.raises(ParameterError, match=r"--mqtt-ca .*notes.txt: holds no certificate"):
        tls_context(tmp_path / "notes.txt")
    with pytest.raises(ParameterError, match=r"--mqtt-cert .*notes.txt: holds no certificate with"):
        tls_context(None, tmp_path / "notes.txt")


def test_topics_may_begin_with_up_to_200_bytes():
    assert parse_broker(f"mqtt://h/{'x' * 200}").prefix == "x" * 200
    for prefix in ("x" * 201, "ü" * 101):
        with pytest.raises(ParameterError, match="longer than 200 bytes"):
            parse_broker(f"mqtt://h/{prefix}")


def test_an_encrypted_key_is_refused_and_no_terminal_is_asked_for_its_password(monkeypatch):
    """OpenSSL would ask where it is given no function that gives one."""
    given = []

    def load(self, certificate, key, password):
        given.append((certificate, key, password()))

    monkeypatch.setattr("ssl.SSLContext.load_cert_chain", load)
    tls_context(None, Path("client.crt"), Path("client.key"))
    assert given == [(Path("client.crt"), Path("client.key"), "")]
