"""A real MQTT broker, and a subscriber."""

from __future__ import annotations

import contextlib
import queue
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from .events import PATIENCE_S

USER, PASSWORD = "den", "geheim:/@ä"


def free_port() -> int:
    """A port that is free, for now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Different ports that are free, for now."""
    with contextlib.ExitStack() as stack:
        # All are held until the last is found: the system may give one that was let go again.
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def make_certificates(folder: Path) -> None:
    """An authority ``ca.crt``, and what it signed for the server and for a client."""
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl(folder, "req", "-x509", *key, "-days", "3650", "-subj", "/CN=test authority",
             "-keyout", "ca.key", "-out", "ca.crt")  # fmt: skip
    for name in ("server", "client"):
        _openssl(folder, "req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                 "-out", f"{name}.csr")  # fmt: skip
        _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                 "-CAcreateserial", "-days", "3650", "-extfile", "san",
                 "-out", f"{name}.crt")  # fmt: skip


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


class Mosquitto:
    """A broker with listeners for everybody, for a password, for TLS, for client certificates."""

    def __init__(self, folder: Path, certificates: Path) -> None:
        self._folder = folder
        self.port, self.password_port, self.tls_port, self.client_port = free_ports(4)
        passwords = folder / "passwords"
        subprocess.run(
            ["mosquitto_passwd", "-b", "-c", str(passwords), USER, PASSWORD],
            check=True, capture_output=True,
        )  # fmt: skip
        tls = (
            f"cafile {certificates}/ca.crt\ncertfile {certificates}/server.crt\n"
            f"keyfile {certificates}/server.key\n"
        )
        (folder / "mosquitto.conf").write_text(
            "user root\n"  # where root runs the tests, the folder is root's alone
            "per_listener_settings true\n"
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\n"
            f"listener {self.password_port} 127.0.0.1\npassword_file {passwords}\n"
            f"listener {self.tls_port} 127.0.0.1\nallow_anonymous true\n{tls}"
            f"listener {self.tls_port} 127.0.0.2\nallow_anonymous true\n{tls}"
            f"listener {self.client_port} 127.0.0.1\nallow_anonymous true\n{tls}"
            "require_certificate true\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it remembers nothing of a run before."""
        log = self._folder / "mosquitto.log"
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                ["mosquitto", "-c", str(self._folder / "mosquitto.conf")],
                stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.client_port), 1.0).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"mosquitto did not start: {log.read_text(errors='replace')}")
                time.sleep(0.02)

    def freeze(self) -> None:
        """It hangs."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def stop(self) -> None:
        """It is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def subscriber(self, topic: str = "#") -> Subscriber:
        """A client that gets everything from now on, and what is retained."""
        return Subscriber(self.port, topic)


class Subscriber:
    """Gets messages in the order in which the broker sends them."""

    def __init__(self, port: int, topic: str) -> None:
        self._messages: queue.Queue[MQTTMessage] = queue.Queue()
        subscribed: queue.Queue[None] = queue.Queue()
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.on_message = lambda _, __, message: self._messages.put(message)
        self.client.on_subscribe = lambda *_: subscribed.put(None)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe(topic, 1)
        subscribed.get(timeout=PATIENCE_S)

    def until(self, wanted: Callable[[MQTTMessage], bool]) -> list[MQTTMessage]:
        """Messages up to the first one that is like that."""
        messages: list[MQTTMessage] = []
        while not (messages and wanted(messages[-1])):
            try:
                messages.append(self._messages.get(timeout=PATIENCE_S))
            except queue.Empty:
                pytest.fail(f"only {[(m.topic, m.payload, m.retain) for m in messages]}")
        return messages

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publish a message."""
        self.client.publish(topic, payload, 1, retain).wait_for_publish(PATIENCE_S)

    def close(self) -> None:
        """Hang up."""
        self.client.disconnect()
        self.client.loop_stop()
