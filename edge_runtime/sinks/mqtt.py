"""``--mqtt``: what is playing, published to an MQTT broker by paho-mqtt 2."""

from __future__ import annotations

import json
import logging
import secrets
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from ..retry import Backoff
from ..stream.event import Event
from ..stream.session import Session
from ..unicode_text import escaped
from .background import CLOSE_SECONDS
from .broker import Broker, connection_fault
from .home_assistant import BIRTH, Topics
from .process_cost import CpuShare

_KEEPALIVE_SECONDS = 30
"""The broker publishes the last will after one and a half times this silence."""
_CONNECT_SECONDS = 10.0
_POLL_SECONDS = 0.25
"""A change waits so long at most; it took the decoder seconds to find."""
_STEADY_SECONDS = 2.0
"""After so long a connection counts; else a broker that drops us each time would fill the log."""
_QUEUE = 100
"""Changes that wait for a broker that is away."""
_UNACKNOWLEDGED = 20
"""Messages on their way."""
_AT_LEAST_ONCE = 1
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """What is published for Home Assistant to find the sensors."""

    messages: Mapping[str, str]
    """Payload by topic"""
    birth_topic: str
    """Where it reports that it has started, and needs the messages again"""


def _seconds_since_boot() -> float:
    """A monotonic clock that goes on while the machine sleeps, where there is one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class _Lost(Exception):
    """The broker refused the connection, or went away."""


class MqttSink:
    """Publishes state, changes and availability.

    Parameters
    ----------
    broker : Broker
    tls : ssl.SSLContext, optional
    session : Session
    discovery : callable, optional
        Session to Discovery.
    interval_s : float
        Longest time between two states while the label stays the same, seconds.
    clock : callable
        Seconds, also while the machine sleeps.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        tls: ssl.SSLContext | None,
        session: Session,
        discovery: Callable[[Session], Discovery] | None,
        interval_s: float,
        clock: Callable[[], float] = _seconds_since_boot,
    ) -> None:
        self._broker, self._interval_s, self._discover = broker, interval_s, discovery
        self._clock, self._session = clock, session
        self._discovery = discovery(session) if discovery else None
        self._topics = Topics(prefix=broker.prefix)
        self._backoff = Backoff(f"MQTT broker {broker.name}", _log)
        self._cpu = CpuShare()

        self._lock = threading.Lock()  # for the six below; never held while waiting
        self._heard_at = clock()
        self._label: str | None = None
        self._published_at = 0.0
        self._state: str | None = None
        self._state_is_new = False
        self._changes: deque[str] = deque(maxlen=_QUEUE)
        self.lost_changes = 0
        """Changes that were never published because the broker was away for too long"""

        self._announce_again = False
        self._refusal: str | None = None
        self._connected = False
        self._online = False  # what was published last
        self._unacknowledged: dict[int, str | None] = {}  # by number; changes with their payload
        self._tls = tls
        # A fresh name each time: of two clients with one name a broker drops the other, for ever.
        self._name = f"edgegenre{secrets.token_hex(4)}"
        self._client = self._make_client()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self._thread.start()

    def show(self, event: Event) -> None:
        """Queue the state if the label changed, or the last one is old."""
        changed = event.label != self._label
        is_old = event.time - self._published_at >= self._interval_s
        if not (changed or is_old or self._state is None):
            with self._lock:
                self._heard_at = self._clock()
            return
        values = {
            "label": event.label,
            "confidence": round(event.confidence, 4),
            **({"style": event.style} if self._session.names_style else {}),
            **({"mood": event.mood} if self._session.names_mood else {}),
            "level_dbfs": round(event.level_dbfs, 1),
            "cpu_percent": self._cpu.percent(time.monotonic()),
            "utc": event.utc,
        }
        payload = escaped(json.dumps(values, ensure_ascii=False))
        with self._lock:
            self._heard_at = self._clock()
            self._label, self._published_at = event.label, event.time
            self._state, self._state_is_new = payload, True
            if changed:
                self.lost_changes += len(self._changes) == _QUEUE
                self._changes.append(payload)

    def describe(self, session: Session) -> None:
        """Publish the genres of the new model for Home Assistant."""
        self._session = session
        if self._discover:
            self._discovery = self._discover(session)
            self._announce_again = True

    def close(self) -> None:
        """Publish what waits and ``offline``, for a short time."""
        self._closing.set()
        self._thread.join(CLOSE_SECONDS)

    def _make_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._name,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        if self._broker.user is not None:
            client.username_pw_set(self._broker.user, self._broker.password)
        if self._tls:
            client.tls_set_context(self._tls)
        client.will_set(self._topics.availability, "offline", _AT_LEAST_ONCE, retain=True)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _on_connect(self, client: Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self._refusal = str(reason)
        else:
            self._connected = True

    def _on_publish(self, client: Client, _: Any, number: int, *__: Any) -> None:
        self._unacknowledged.pop(number, None)

    def _on_message(self, client: Client, _: Any, message: Any) -> None:
        if message.retain:  # older than this connection, which has just announced everything
            return
        if message.topic == self._topics.availability:
            # The last will of a connection that broke comes late, maybe after the next one is up.
            self._announce_again |= self._online and message.payload == b"offline"
        else:
            self._announce_again |= message.payload == BIRTH.encode()

    def _run(self) -> None:
        """Connect, publish, and begin again, until `close`; all of paho runs in this thread."""
        while True:
            try:
                self._connect()
                self._announce()
                self._serve()
            except Exception as error:  # whatever it is, the stream goes on
                delay = self._backoff.failed(connection_fault(self._broker, error))
                if self._closing.wait(delay):
                    return
            else:
                return

    def _connect(self) -> None:
        self._connected, self._refusal = False, None
        self._begin_anew()
        self._client.connect(self._broker.host, self._broker.port, _KEEPALIVE_SECONDS)
        deadline = time.monotonic() + _CONNECT_SECONDS
        while not self._connected:
            code = self._client.loop(_POLL_SECONDS)
            if self._refusal:
                raise _Lost(f"refused: {self._refusal}; check user and password")
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise _Lost(
                    "closed the connection before it answered; does it ask for mqtts://, or for a "
                    "client certificate?"
                )
            if time.monotonic() > deadline:
                raise _Lost(f"no answer within {_CONNECT_SECONDS:g} s; is it an MQTT broker?")
        topics = [self._topics.availability]
        if self._discovery:
            topics.append(self._discovery.birth_topic)
        self._client.subscribe([(topic, _AT_LEAST_ONCE) for topic in topics])

    def _begin_anew(self) -> None:
        """A client without messages of the last connection, but for changes, which are kept.

        paho would send again whatever was not acknowledged, also a state of an hour ago.
        """
        if not self._unacknowledged:
            return
        with self._lock:
            again = [payload for payload in self._unacknowledged.values() if payload is not None]
            self.lost_changes += max(0, len(again) + len(self._changes) - _QUEUE)
            self._changes = deque([*again, *self._changes], maxlen=_QUEUE)
        self._unacknowledged.clear()
        self._client = self._make_client()

    def _announce(self) -> None:
        """Publish what must be there before the state makes sense, then the state."""
        self._announce_again = False
        if self._discovery:
            for topic, payload in self._discovery.messages.items():
                self._publish(topic, payload, retain=True)
        self._announce_state()

    def _has_recent_sound(self) -> bool:
        return self._clock() - self._heard_at <= self._session.patience_s

    def _announce_state(self) -> None:
        """Publish what is heard, or that nothing is; nobody may take an old state for a new one."""
        with self._lock:
            self._online = self._has_recent_sound()
            if not self._online:
                self._state = None
            state, self._state_is_new = self._state or "", False
        # An empty message deletes the state that the broker kept, which may be of another day.
        messages = [(self._topics.state, state), (self._topics.availability, "online")]
        if not self._online:
            messages = [(self._topics.availability, "offline"), (self._topics.state, "")]
        for topic, payload in messages:
            self._publish(topic, payload, retain=True)

    def _serve(self) -> None:
        """Publish what is new until `close`."""
        since = time.monotonic()
        while True:
            closing = self._closing.is_set()  # what was shown before that is published below
            if self._announce_again:
                self._announce()
            elif self._online != self._has_recent_sound():
                self._announce_state()
            self._publish_news()
            if closing and not (self._unacknowledged or self._changes or self._state_is_new):
                self._leave()
                return
            self._loop()
            if self._backoff.failing and time.monotonic() - since > _STEADY_SECONDS:
                with self._lock:
                    lost, self.lost_changes = self.lost_changes, 0
                self._backoff.recovered(
                    f"works again; {lost} changes were lost" if lost else "works again"
                )

    def _publish_news(self) -> None:
        while len(self._unacknowledged) < _UNACKNOWLEDGED:
            with self._lock:
                if self._changes:
                    topic, payload, retain = self._topics.changes, self._changes.popleft(), False
                elif self._state_is_new and self._state is not None and self._online:
                    topic, payload, retain = self._topics.state, self._state, True
                    self._state_is_new = False
                else:
                    return
            self._publish(topic, payload, retain=retain)

    def _publish(self, topic: str, payload: str, *, retain: bool) -> None:
        sent = self._client.publish(topic, payload, _AT_LEAST_ONCE, retain)
        self._unacknowledged[sent.mid] = payload if topic == self._topics.changes else None
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise _Lost("the connection broke")

    def _leave(self) -> None:
        """End regularly: the broker then does not publish the last will."""
        self._publish(self._topics.availability, "offline", retain=True)
        self._publish(self._topics.state, "", retain=True)
        while self._unacknowledged:
            self._loop()
        self._client.disconnect()

    def _loop(self) -> None:
        if self._client.loop(_POLL_SECONDS) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise _Lost("the connection broke")
