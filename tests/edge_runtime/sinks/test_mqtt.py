"""``--mqtt``, against a real broker."""

import contextlib
import dataclasses
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from types import SimpleNamespace

import pytest
from paho.mqtt.enums import MQTTErrorCode

from edge_runtime import Classifier
from edge_runtime.sinks.broker import parse_broker
from edge_runtime.sinks.home_assistant import Topics, device_id, discovery_messages
from edge_runtime.sinks.mqtt import Discovery, MqttSink
from edge_runtime.sinks.tls import tls_context
from edge_runtime.stream.session import Session
from tests.edge_runtime.sounds import PCM, RATE, encode, noise
from tests.edge_runtime.tagged_models import (
    OTHER_MUSIC,
    STYLE_LOGITS,
    TAG_LOGITS,
    write_tagged,
)

from .events import PATIENCE_S, event
from .mosquitto import PASSWORD, USER, free_port
from .sessions import tagged_session

CONFIG = "homeassistant/sensor/den/genre/config"


def discovery(session):
    return Discovery(
        messages={CONFIG: session.manifest.name},
        birth_topic="homeassistant/status",
    )


def session(model):
    manifest = Classifier(model).manifest
    return Session(source="microphone", manifest=manifest, interval_s=0.7)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("edge_runtime.retry.FIRST_DELAY_SECONDS", 0.1)
    monkeypatch.setattr("edge_runtime.retry.LONGEST_DELAY_SECONDS", 0.2)
    monkeypatch.setattr("edge_runtime.sinks.mqtt._STEADY_SECONDS", 0.1)


@pytest.fixture
def connect(reported):
    """Opens sinks that are closed at the end."""
    with contextlib.ExitStack() as closing:

        def make(url, *, tls=None, discovery=None, interval_s=10.0, of=None, **how):
            sink = MqttSink(
                parse_broker(url),
                tls=tls, session=of or session("seed-cnn"), discovery=discovery,
                interval_s=interval_s, **how,
            )  # fmt: skip
            closing.callback(sink.close)
            return sink

        yield make


@contextlib.contextmanager
def subscribed(broker, topic="#"):
    subscriber = broker.subscriber(topic)
    try:
        yield subscriber
    finally:
        subscriber.close()


def at(topic, payload=None):
    """Whether a message is that one."""
    return lambda message: (
        message.topic == topic and (payload is None or message.payload == payload.encode())
    )


def state_is(label):
    return lambda message: (
        message.topic == "den/state"
        and message.payload != b""
        and json.loads(message.payload)["label"] == label
    )


def all_of(subscriber, *topics):
    """Messages until there was one at each of the topics; the order is the broker's."""
    messages = []
    while not {m.topic for m in messages} >= set(topics):
        messages += subscriber.until(lambda _: True)
    return messages


def labels(messages, topic):
    """Of the messages at a topic that are not empty."""
    return [json.loads(m.payload)["label"] for m in messages if m.topic == topic and m.payload]


class Clock:
    """Stands still but for the test."""

    now = 1000.0

    def __call__(self):
        return self.now


def test_state_availability_and_discovery_are_retained_for_who_comes_later(broker, connect):
    sink = connect(f"mqtt://127.0.0.1:{broker.port}/den", discovery=discovery)
    sink.show(event("métal", utc="2026-11-23T11:38:05.042Z"))
    with subscribed(broker) as now:
        all_of(now, "den/state", "den/availability")
    with subscribed(broker) as later:
        found = all_of(later, "den/state", "den/availability", CONFIG)
    messages = {m.topic: (m.payload.decode(), m.retain) for m in found}
    payload, retained = messages.pop("den/state")
    state = json.loads(payload)
    del state["cpu_percent"]  # known from the second state on
    assert (state, retained) == (
        {
            "label": "métal", "confidence": 0.75, "level_dbfs": -20.0,
            "utc": "2026-11-23T11:38:05.042Z",
        },
        True,
    )  # fmt: skip
    assert messages == {
        "den/availability": ("online", True),
        CONFIG: ("seed-cnn-gtzan", True),
    }


def test_a_change_is_published_at_once_and_the_same_label_now_and_then(broker, connect):
    sink = connect(f"mqtt://127.0.0.1:{broker.port}/den", interval_s=10.0)
    with subscribed(broker) as home:
        home.until(at("den/availability", "online"))  # after an empty state
        shown = [("jazz", 0.0), ("jazz", 5.0), ("jazz", 9.9), ("jazz", 10.0), ("jazz", 19.0),
                 ("rock", 19.5), ("rock", 20.0), ("rock", 29.5), ("silence", 30.0)]  # fmt: skip
        messages = []
        for label, time in shown:
            sink.show(event(label, time, level_dbfs=-time))
            if time in (0.0, 10.0, 19.5, 29.5, 30.0):  # two states in one moment are one
                messages += home.until(at("den/state"))
    states = [json.loads(m.payload) for m in messages if m.topic == "den/state" and m.payload]
    assert [(s["label"], -s["level_dbfs"]) for s in states] == [
        ("jazz", 0.0), ("jazz", 10.0), ("rock", 19.5), ("rock", 29.5), ("silence", 30.0),
    ]  # fmt: skip
    assert labels(messages, "den/changes") == ["jazz", "rock", "silence"]


def test_a_regular_end_is_published_as_offline(broker, connect):
    with subscribed(broker) as home:
        sink = connect(f"mqtt://127.0.0.1:{broker.port}/den")
        sink.show(event("rock"))
        sink.close()  # at once: what was shown is still published
        messages = home.until(state_is("rock")) + home.until(at("den/availability", "offline"))
        home.until(at("den/state", ""))
    assert [m.payload for m in messages if m.topic == "den/availability"] == [b"online", b"offline"]
    with subscribed(broker) as later:
        (availability,) = later.until(at("den/availability"))
        later.publish("the", "end")
        assert [m.topic for m in later.until(at("the"))] == ["the"], "no state stays"
    assert availability.payload == b"offline"


def test_where_nothing_is_heard_any_more_there_is_no_state_for_anybody(broker, connect):
    clock = Clock()
    sink = connect(f"mqtt://127.0.0.1:{broker.port}/den", discovery=discovery, clock=clock)
    with subscribed(broker) as home:
        sink.show(event("jazz"))
        home.until(state_is("jazz"))
        clock.now += 12.0  # nearly as long as the next window may take: 10 s and 3 intervals
        home.publish("homeassistant/status", "online")
        messages = home.until(state_is("jazz")) + home.until(at("den/availability"))
        assert messages[-1].payload == b"online"
        clock.now += 0.2
        home.until(at("den/availability", "offline"))
        home.until(at("den/state", ""))
        home.publish("homeassistant/status", "online")  # Home Assistant starts in the meantime
        messages = home.until(at("den/state"))
    assert CONFIG in {m.topic for m in messages}
    assert [m.payload for m in messages if m.topic == "den/availability"] == [b"offline"]
    assert messages[-1].payload == b""
    with subscribed(broker, "den/#") as later:
        assert later.until(at("den/availability"))[-1].payload == b"offline"
        later.publish("den/end", "")
        assert [m.topic for m in later.until(at("den/end"))] == ["den/end"]


def test_what_is_heard_again_is_published_before_it_is_online_be_it_the_same(broker, connect):
    clock = Clock()
    sink = connect(f"mqtt://127.0.0.1:{broker.port}/den", clock=clock)
    with subscribed(broker) as home:
        sink.show(event("jazz", 100.0))
        home.until(state_is("jazz"))
        clock.now += 60.0
        home.until(at("den/state", ""))
        sink.show(event("jazz", 101.0, utc="2026-11-23T12:00:00.000Z"))
        messages = home.until(at("den/availability", "online"))
    assert [m.topic for m in messages[-2:]] == ["den/state", "den/availability"]
    assert json.loads(messages[-2].payload)["utc"] == "2026-11-23T12:00:00.000Z"
    assert labels(messages, "den/changes") == []


def test_a_state_that_was_kept_of_another_day_is_deleted_before_it_is_online(broker, connect):
    with subscribed(broker) as home:
        home.publish("den/state", '{"label": "jazz"}', retain=True)
        home.until(state_is("jazz"))
        connect(f"mqtt://127.0.0.1:{broker.port}/den")
        messages = home.until(at("den/availability", "online"))
    assert [m.payload for m in messages if m.topic == "den/state"] == [b""]


def test_a_broker_that_connects_while_the_source_is_lost_gets_the_changes_and_no_state(
    stopped_broker, connect, reported
):
    clock = Clock()
    sink = connect(f"mqtt://127.0.0.1:{stopped_broker.port}/den", clock=clock)
    reported.next()
    sink.show(event("jazz"))
    clock.now += 60.0
    stopped_broker.start()
    with subscribed(stopped_broker) as home:
        messages = home.until(at("den/availability"))
        assert "works again" in reported.next()
        sink.close()
        messages += home.until(at("den/availability", "offline"))
    assert not any(m.payload for m in messages if m.topic == "den/state")
    assert b"online" not in {m.payload for m in messages}


def test_a_broker_that_comes_later_gets_the_changes_in_order_and_the_newest_state(
    stopped_broker, connect, reported
):
    sink = connect(f"mqtt://127.0.0.1:{stopped_broker.port}/den", discovery=discovery)
    assert reported.next() == (
        f"MQTT broker 127.0.0.1:{stopped_broker.port}: Connection refused; trying again"
    )
    for second, label in enumerate(["jazz", "rock", "blues"]):
        sink.show(event(label, float(second)))
    stopped_broker.start()
    with subscribed(stopped_broker) as home:
        messages = home.until(state_is("blues"))
        assert "works again" in reported.next()
    assert labels(messages, "den/state") == ["blues"]
    changes = labels(
        messages, "den/changes"
    )  # those that came before the subscription are not retained
    assert changes == ["jazz", "rock", "blues"][3 - len(changes) :]
    assert len(reported.lines) == 2


def test_a_broker_that_restarts_gets_everything_again(broker, connect, reported):
    sink = connect(f"mqtt://127.0.0.1:{broker.port}/den", discovery=discovery)
    sink.show(event("jazz"))
    with subscribed(broker) as home:
        home.until(state_is("jazz"))
    broker.stop()
    assert "the connection broke" in reported.next()
    broker.start()
    with subscribed(broker) as home:
        messages = all_of(home, "den/state", "den/availability", CONFIG)
    assert labels(messages, "den/state") == ["jazz"]
    sink.show(event("rock", 101.0))
    with subscribed(broker) as home:
        home.until(state_is("rock"))


def test_a_broker_that_is_away_for_long_costs_the_oldest_changes(stopped_broker, connect, reported):
    sink = connect(f"mqtt://127.0.0.1:{stopped_broker.port}/den")
    reported.next()
    for number in range(150):
        sink.show(event(f"genre {number}", float(number)))
    assert sink.lost_changes == 50
    stopped_broker.start()
    assert reported.next().endswith("works again; 50 changes were lost")
    assert sink.lost_changes == 0, "what was reported is not reported again"


def test_a_broker_that_hangs_blocks_nothing(broker, connect, monkeypatch):
    monkeypatch.setattr("edge_runtime.sinks.mqtt.CLOSE_SECONDS", 0.1)
    sink = connect(f"mqtt://127.0.0.1:{broker.port}/den")
    sink.show(event("jazz"))
    with subscribed(broker) as home:
        home.until(state_is("jazz"))
    broker.freeze()
    shown = threading.Thread(
        target=lambda: [sink.show(event(f"genre {n}", float(n))) for n in range(1000)]
    )
    shown.start()
    shown.join(PATIENCE_S)
    assert not shown.is_alive()
    assert sink.lost_changes > 800
    sink.close()


@pytest.mark.parametrize(
    ("password", "line"),
    [("wrong", "refused: Not authorized; check user and password; trying again"), (PASSWORD, None)],
)
def test_a_password_is_checked_by_the_broker(broker, connect, reported, password, line):
    address = parse_broker(f"mqtt://{USER}@127.0.0.1:{broker.password_port}/den")
    sink = MqttSink(
        dataclasses.replace(address, password=password),
        tls=None, session=session("seed-cnn"), discovery=None, interval_s=1.0,
    )  # fmt: skip
    sink.show(event("jazz"))
    if line is None:
        with subscribed(broker) as home:
            home.until(state_is("jazz"))
    else:
        assert reported.next() == f"MQTT broker 127.0.0.1:{broker.password_port}: {line}"
        sink.show(event("rock"))
    sink.close()
    assert len(reported.lines) == (line is not None)


def test_tls_with_the_right_authority(broker, connect, certificates, reported):
    tls = tls_context(certificates / "ca.crt")
    connect(f"mqtts://127.0.0.1:{broker.tls_port}/den", tls=tls).show(event("jazz"))
    with subscribed(broker) as home:
        home.until(state_is("jazz"))
    assert reported.lines == []


def test_tls_with_a_certificate_of_our_own(broker, connect, certificates, reported):
    tls = tls_context(
        certificates / "ca.crt", certificates / "client.crt", certificates / "client.key"
    )
    connect(f"mqtts://127.0.0.1:{broker.client_port}/den", tls=tls).show(event("jazz"))
    with subscribed(broker) as home:
        home.until(state_is("jazz"))
    assert reported.lines == []


@pytest.mark.parametrize(
    ("address", "knows_authority", "line"),
    [
        ("mqtts://127.0.0.1:{b.tls_port}", False,
         "its certificate is not trusted (self-signed certificate in certificate chain); "
         "name its authority with --mqtt-ca"),
        ("mqtts://127.0.0.2:{b.tls_port}", True, "its certificate is not trusted (IP address "
         "mismatch, certificate is not valid for '127.0.0.2'.); name its authority with --mqtt-ca"),
        ("mqtts://127.0.0.1:{b.client_port}", True, "closed the connection before it answered"),
        ("mqtt://127.0.0.1:{b.tls_port}", True, "closed the connection before it answered"),
        ("mqtts://127.0.0.1:{b.port}", True, "its port for mqtts://?"),
        ("mqtt://no-such-host.invalid:{b.port}", True, "there is no host 'no-such-host.invalid'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_connection_is_reported_in_a_line(
    broker, connect, certificates, reported, *, address, knows_authority, line
):
    tls = tls_context(certificates / "ca.crt" if knows_authority else None)
    connect(address.format(b=broker), tls=tls if address.startswith("mqtts") else None)
    assert line in reported.next()


def test_what_is_no_broker_is_reported(connect, reported, monkeypatch):
    monkeypatch.setattr("edge_runtime.sinks.mqtt._CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        connect(f"mqtt://127.0.0.1:{mute.getsockname()[1]}/den")
        assert "no answer within 0.2 s; is it an MQTT broker?" in reported.next()


def test_home_assistant_that_starts_gets_the_sensors_again(broker, connect):
    sink = connect(f"mqtt://127.0.0.1:{broker.port}/den", discovery=discovery)
    sink.show(event("jazz"))
    with subscribed(broker) as home:
        home.until(state_is("jazz"))
        home.publish("homeassistant/status", "online")
        messages = home.until(state_is("jazz"))
    assert CONFIG in {m.topic for m in messages}


def test_home_assistant_gets_the_genres_of_a_model_that_takes_over(broker, connect):
    sink = connect(f"mqtt://127.0.0.1:{broker.port}/den", discovery=discovery)
    with subscribed(broker) as home:
        home.until(at(CONFIG, "seed-cnn-gtzan"))
        sink.describe(session("tiny"))
        home.until(at(CONFIG, "tiny"))


def sensors(session):
    """What Home Assistant is told of a session."""
    messages = discovery_messages(
        Topics(prefix="den"),
        labels=session.manifest.labels,
        names_style=session.names_style,
        names_mood=session.names_mood,
        model=session.manifest.name,
        expire_after_s=90,
        discovery_prefix="homeassistant",
    )
    return Discovery(messages=messages, birth_topic="homeassistant/status")


def test_style_and_mood_are_in_the_state_of_a_model_that_names_them(broker, connect):
    sink = connect(f"mqtt://127.0.0.1:{broker.port}/den", of=tagged_session())
    with subscribed(broker) as home:
        sink.show(event("other", style="electronic > techno", mood="mellow"))
        messages = home.until(state_is("other"))
        sink.show(event("silence", 101.0))
        messages += home.until(state_is("silence"))
        sink.describe(session("seed-cnn"))
        sink.show(event("jazz", 102.0))
        messages += home.until(state_is("jazz"))
    states = [json.loads(m.payload) for m in messages if m.topic == "den/state" and m.payload]
    named = [{key: s[key] for key in ("style", "mood") if key in s} for s in states]
    assert named == [
        {"style": "electronic > techno", "mood": "mellow"}, {"style": None, "mood": None}, {},
    ]  # fmt: skip


def retained_sensors(broker):
    """Names of the sensors whose discovery the broker keeps."""
    with subscribed(broker, "homeassistant/#") as later:
        later.publish("homeassistant/end", "")
        found = later.until(at("homeassistant/end"))
    return {m.topic.split("/")[3] for m in found if m.topic.endswith("/config")}


def test_a_model_without_tags_takes_the_sensors_of_the_one_before_it_away(broker, connect):
    plain = {"genre", "confidence", "level", "cpu"}
    last = f"homeassistant/sensor/{device_id('den')}/cpu/config"  # of one announcement
    sink = connect(f"mqtt://127.0.0.1:{broker.port}/den", discovery=sensors, of=tagged_session())
    with subscribed(broker, last) as home:
        home.until(at(last))
        assert retained_sensors(broker) == plain | {"style", "mood"}
        sink.describe(session("seed-cnn"))
        home.until(at(last))
        assert retained_sensors(broker) == plain
        sink.describe(tagged_session())
        home.until(at(last))
        assert retained_sensors(broker) == plain | {"style", "mood"}


def test_a_listener_of_a_model_without_tags_finds_what_an_earlier_one_left(broker, connect):
    left = f"homeassistant/sensor/{device_id('den')}/style/config"
    with subscribed(broker) as home:
        home.publish(left, "{}", retain=True)
        home.until(at(left, "{}"))
        connect(f"mqtt://127.0.0.1:{broker.port}/den", discovery=sensors)
        home.until(at(left, ""))
    assert "style" not in retained_sensors(broker)


def test_a_last_will_that_comes_late_is_contradicted(broker, connect):
    sink = connect(f"mqtt://127.0.0.1:{broker.port}/den")
    sink.show(event("jazz"))
    with subscribed(broker) as home:
        home.until(state_is("jazz"))
        home.publish("den/availability", "offline")
        home.until(at("den/availability", "offline"))
        home.until(at("den/availability", "online"))


def test_what_was_retained_before_the_connection_is_not_contradicted(broker, connect):
    with subscribed(broker, "den/availability") as home:
        home.publish("den/availability", "offline", retain=True)
        home.until(at("den/availability", "offline"))
        sink = connect(f"mqtt://127.0.0.1:{broker.port}/den")
        home.until(at("den/availability", "online"))
        sink.show(event("jazz"))
        sink.close()
        messages = home.until(at("den/availability", "offline"))
    assert len(messages) == 1, "online comes once"


class FakeClient:
    """In paho's place: notes what it is asked, and acknowledges what the test lets it."""

    def __init__(self, bench, **how):
        self.how, self.calls, self._sent = how, [], 0
        self._bench, self._to_do, self.broken = bench, deque(), False

    def username_pw_set(self, user, password):
        self.calls.append(("user", user, password))

    def will_set(self, topic, payload, qos, retain):
        self.calls.append(("will", topic, payload, qos, retain))

    def connect(self, host, port, keepalive):
        self._bench.may_connect.wait(PATIENCE_S)
        self.calls.append(("connect", host, port, keepalive))
        accepted = SimpleNamespace(is_failure=False)
        self._to_do.append(lambda: self.on_connect(self, None, None, accepted, None))

    def subscribe(self, topics):
        self.calls.append(("subscribe", *topics))

    def publish(self, topic, payload, qos, retain):
        self.calls.append(("publish", topic, payload, qos, retain))
        self._sent += 1
        number = self._sent
        self._bench.published.put((topic, payload))
        if self._bench.acknowledges:
            self._to_do.append(lambda: self.on_publish(self, None, number, None, None))
        return SimpleNamespace(mid=number, rc=MQTTErrorCode.MQTT_ERR_SUCCESS)

    def loop(self, _):
        time.sleep(0.001)
        while self._to_do:
            self._to_do.popleft()()
        return MQTTErrorCode[f"MQTT_ERR_{'CONN_LOST' if self.broken else 'SUCCESS'}"]

    def disconnect(self):
        self.calls.append(("disconnect",))


class FakePaho:
    """Makes clients, and says what they may."""

    def __init__(self):
        self.clients, self.published = [], queue.Queue()
        self.may_connect, self.acknowledges = threading.Event(), True

    def __call__(self, *_, **how):
        self.clients.append(FakeClient(self, **how))
        return self.clients[-1]

    def until(self, topic, payload):
        """Wait for a message that is published."""
        while self.published.get(timeout=PATIENCE_S) != (topic, payload):
            pass


@pytest.fixture
def paho(monkeypatch):
    fake = FakePaho()
    monkeypatch.setattr("edge_runtime.sinks.mqtt.Client", fake)
    return fake


def test_every_message_has_its_topic_its_quality_of_service_and_is_retained_or_not(
    paho, monkeypatch
):
    monkeypatch.setattr("edge_runtime.sinks.mqtt.CpuShare.percent", lambda *_: 2.5)
    sink = MqttSink(
        parse_broker("mqtt://den:p%2Fw@pi.local:1884/den"),
        tls=None, session=session("seed-cnn"), discovery=discovery, interval_s=10.0,
    )  # fmt: skip
    sink.show(event("métal", confidence=0.12345, utc="2026-11-23T11:38:05.042Z"))
    paho.may_connect.set()
    sink.close()
    state = (
        '{"label": "métal", "confidence": 0.1235, "level_dbfs": -20.0, "cpu_percent": 2.5, '
        '"utc": "2026-11-23T11:38:05.042Z"}'
    )
    (client,) = paho.clients
    assert client.calls == [
        ("user", "den", "p/w"),
        ("will", "den/availability", "offline", 1, True),
        ("connect", "pi.local", 1884, 30),
        ("subscribe", ("den/availability", 1), ("homeassistant/status", 1)),
        ("publish", CONFIG, "seed-cnn-gtzan", 1, True),
        ("publish", "den/state", state, 1, True),
        ("publish", "den/availability", "online", 1, True),
        ("publish", "den/changes", state, 1, False),
        ("publish", "den/availability", "offline", 1, True),
        ("publish", "den/state", "", 1, True),
        ("disconnect",),
    ]
    assert client.how["reconnect_on_failure"] is False


def test_a_change_that_a_broken_connection_may_have_lost_comes_again_and_no_state(paho, connect):
    clock = Clock()
    sink = connect("mqtt://127.0.0.1:1/den", clock=clock)
    paho.may_connect.set()
    paho.until("den/availability", "online")
    paho.acknowledges = False
    for label in ("jazz", "rock"):
        sink.show(event(label))
    paho.until("den/state", sink._state)
    clock.now += 60.0
    paho.acknowledges = True
    paho.clients[0].broken = True
    paho.until("den/availability", "offline")
    sink.close()
    first, second = paho.clients
    assert first.how["client_id"] == second.how["client_id"]
    published = [(call[1], call[2]) for call in second.calls if call[0] == "publish"]
    assert [json.loads(p)["label"] for topic, p in published if topic == "den/changes"] == [
        "jazz", "rock",
    ]  # fmt: skip
    assert {payload for topic, payload in published if topic == "den/state"} == {""}


def start_listening(*options, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "edge_runtime", "listen", "--input", "-", "--rate", str(RATE),
         "--json", *options],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | environment,
    )  # fmt: skip


def test_a_listener_that_is_killed_becomes_offline_and_its_state_stays(broker, classifier):
    with (
        start_listening("--mqtt", f"mqtt://127.0.0.1:{broker.port}/den") as process,
        subscribed(broker, "den/#") as home,
    ):
        process.stdin.write(encode(noise(4 * RATE), PCM, 16))
        process.stdin.flush()
        # After the state that is empty until something is heard.
        home.until(lambda message: message.topic == "den/state" and message.payload)
        process.send_signal(signal.SIGKILL)  # ten seconds later the state would be deleted
        home.until(at("den/availability", "offline"))
    with subscribed(broker, "den/#") as later:
        messages = later.until(at("den/state"))
        messages += later.until(at("den/availability")) if len(messages) == 1 else []
    assert {m.topic: m.retain for m in messages} == {"den/availability": True, "den/state": True}
    # The retained "online" of before would make it look alive to later subscribers.
    assert [m.payload for m in messages if m.topic == "den/availability"] == [b"offline"]


def test_a_broker_that_is_not_there_costs_one_line_and_no_event(classifier):
    port = free_port()
    process = start_listening(
        "--mqtt", f"mqtt://{USER}@127.0.0.1:{port}/den", EDGE_GENRE_MQTT_PASSWORD=PASSWORD
    )
    out, err = process.communicate(encode(noise(6 * RATE), PCM, 16), PATIENCE_S)
    assert process.returncode == 0
    assert len(out.splitlines()) > 4
    assert err.decode().splitlines() == [
        f"edge-genre: warning: MQTT broker 127.0.0.1:{port}: Connection refused; trying again"
    ]


def test_a_password_file_and_home_assistants_sensors_from_the_command_line(
    broker, classifier, tmp_path
):
    # As an editor of Windows saves it: with a byte order mark.
    (tmp_path / "password").write_bytes(f"\ufeff{PASSWORD}\r\n".encode())
    process = start_listening(
        "--mqtt", f"mqtt://{USER}@127.0.0.1:{broker.password_port}/den",
        "--mqtt-password-file", str(tmp_path / "password"),
    )  # fmt: skip
    _, err = process.communicate(encode(noise(4 * RATE), PCM, 16), PATIENCE_S)
    assert (process.returncode, err) == (0, b"")
    with subscribed(broker) as home:
        messages = home.until(at("den/availability", "offline"))
        while sum(m.topic.startswith("homeassistant/") for m in messages) < 4:
            messages += home.until(lambda _: True)
    (genre,) = (m for m in messages if m.topic.endswith("/genre/config"))
    config = json.loads(genre.payload)
    assert set(classifier.labels) < set(config["options"])
    assert config["expire_after"] == 90, "a minute and three intervals of 10 s"


def test_home_assistant_gets_style_and_mood_from_the_command_line(broker, tmp_path):
    model = write_tagged(tmp_path / "tagged.npz", (*OTHER_MUSIC, *TAG_LOGITS, *STYLE_LOGITS))
    with subscribed(broker, "edge-genre/den/state") as home:
        process = start_listening(
            "--mqtt", f"mqtt://127.0.0.1:{broker.port}/edge-genre/den", "--model", str(model)
        )
        _, err = process.communicate(encode(noise(4 * RATE), PCM, 16), PATIENCE_S)
        assert (process.returncode, err) == (0, b"")
        (*_, state) = home.until(lambda message: message.payload)
    shown = json.loads(state.payload)
    assert (shown["style"], shown["mood"]) == ("electronic > ambient", "sad")
    with subscribed(broker, "homeassistant/#") as later:
        later.publish("homeassistant/end", "")
        configs = {
            m.topic.split("/")[3]: json.loads(m.payload)
            for m in later.until(at("homeassistant/end"))
            if m.topic.endswith("/config")
        }
    assert set(configs) == {"genre", "style", "mood", "confidence", "level", "cpu"}
    assert configs["genre"]["options"] == [
        "jazz",
        "rock",
        "other",
        "not music",
        "silence",
        "unknown",
    ]
