"""The options of ``listen`` that send events elsewhere, and the sinks that they ask for."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import MissingExtraError, ParameterError
from ..regular_file import check_regular
from ..sinks import Sink
from ..stream.session import Session
from ..unicode_text import is_unicode
from . import warn
from .arguments import Number, Whole

if TYPE_CHECKING:
    from ..sinks.broker import Broker
    from ..sinks.mqtt import Discovery, MqttSink

PASSWORD_VARIABLE = "EDGE_GENRE_MQTT_PASSWORD"  # the name of one, not a password

_LOG_MAX_MB = 10.0
_LOG_KEEP = 3
_HOOK_TIMEOUT_S = 10.0
_MQTT_INTERVAL_S = 10.0
_DISCOVERY_PREFIX = "homeassistant"
_EXPIRE_AFTER_S = 60.0
"""Home Assistant shows a sensor as unavailable after three missing states and this, seconds."""

_NEEDED_BY = {
    "log": ("log_max_mb", "log_keep"),
    "on_change": ("hook_timeout",),
    "mqtt": (
        "mqtt_password_file", "mqtt_ca", "mqtt_cert", "mqtt_key", "mqtt_interval",
        "mqtt_discovery", "mqtt_discovery_prefix",
    ),
}  # fmt: skip


def add_sink_arguments(parser: argparse.ArgumentParser) -> None:
    """``--log``, ``--history``, ``--on-change``, ``--mqtt`` and what belongs to them."""
    files = parser.add_argument_group("files that events are written to")
    files.add_argument("--log", type=Path, metavar="FILE", help="JSON lines, rotated by size")
    files.add_argument(
        "--log-max-mb",
        type=Number(0.01, 1e6),
        metavar="MB",
        help=f"size at which a new log is begun (default {_LOG_MAX_MB:g})",
    )
    files.add_argument(
        "--log-keep",
        type=Whole(0, 1000),
        metavar="N",
        help=f"older logs that are kept, FILE.1 to FILE.N (default {_LOG_KEEP})",
    )
    files.add_argument(
        "--history",
        type=Path,
        metavar="FILE",
        help="SQLite database of what was playing when; see: edge-genre history",
    )
    hook = parser.add_argument_group("a command for each change of the genre")
    hook.add_argument(
        "--on-change",
        metavar="CMD",
        help="run by the shell; the event is JSON on stdin, EDGE_GENRE_LABEL and "
        "EDGE_GENRE_CONFIDENCE are set; never two at once",
    )
    hook.add_argument(
        "--hook-timeout",
        type=Number(0.1, 3600.0),
        metavar="SECONDS",
        help=f"kill it after so long (default {_HOOK_TIMEOUT_S:g})",
    )
    _add_mqtt_arguments(parser)


def _add_mqtt_arguments(parser: argparse.ArgumentParser) -> None:
    mqtt = parser.add_argument_group("MQTT and Home Assistant")
    mqtt.add_argument(
        "--mqtt",
        metavar="URL",
        help="publish to mqtt://[USER@]HOST[:PORT][/PREFIX], or mqtts:// for TLS; PREFIX begins "
        "the topics (default edge-genre/HOSTNAME)",
    )
    mqtt.add_argument(
        "--mqtt-password-file",
        type=Path,
        metavar="FILE",
        help=f"file with the password (without it: the environment variable {PASSWORD_VARIABLE})",
    )
    mqtt.add_argument(
        "--mqtt-ca", type=Path, metavar="FILE", help="authority that signed the broker's (PEM)"
    )
    mqtt.add_argument(
        "--mqtt-cert", type=Path, metavar="FILE", help="certificate of this client (PEM)"
    )
    mqtt.add_argument(
        "--mqtt-key", type=Path, metavar="FILE", help="its key (default: in the same file)"
    )
    mqtt.add_argument(
        "--mqtt-interval",
        type=Number(0.1, 86400.0),
        metavar="SECONDS",
        help="longest time between states while the genre stays the same "
        f"(default {_MQTT_INTERVAL_S:g})",
    )
    mqtt.add_argument(
        "--mqtt-discovery",
        action=argparse.BooleanOptionalAction,
        help="publish the sensors for Home Assistant (the default)",
    )
    mqtt.add_argument(
        "--mqtt-discovery-prefix",
        metavar="TOPIC",
        help=f"where Home Assistant looks for them (default {_DISCOVERY_PREFIX})",
    )


def open_sinks(args: argparse.Namespace, session: Session) -> list[Sink]:
    """The sinks that were asked for; each library is imported only if its sink is.

    Raises
    ------
    EdgeGenreError
        If one cannot work at all; then none is left open.
    """
    for option, others in _NEEDED_BY.items():
        if getattr(args, option) is None:
            for other in others:
                if getattr(args, other) is not None:
                    raise ParameterError(
                        f"--{_dashed(other)} has no meaning without --{_dashed(option)}"
                    )
    if args.log and args.history and args.log.resolve() == args.history.resolve():
        raise ParameterError(f"--log and --history are both {args.log}; name two files")
    sinks: list[Sink] = []
    with ExitStack() as undo:
        for name, build in (
            ("log", _log), ("history", _history), ("on_change", _hook), ("mqtt", _mqtt),
        ):  # fmt: skip
            if getattr(args, name) is not None:
                sink = build(args, session)
                undo.callback(sink.close)
                sinks.append(sink)
        undo.pop_all()
    return sinks


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _log(args: argparse.Namespace, _: Session) -> Sink:
    from ..sinks.jsonl import JsonlLog

    return JsonlLog(
        args.log,
        max_bytes=round(1e6 * (args.log_max_mb or _LOG_MAX_MB)),
        keep=_LOG_KEEP if args.log_keep is None else args.log_keep,
    )


def _history(args: argparse.Namespace, session: Session) -> Sink:
    from ..sinks.history import History

    return History(args.history, source=session.source)


def _hook(args: argparse.Namespace, _: Session) -> Sink:
    from ..sinks.hook import Hook

    if not args.on_change.strip():
        raise ParameterError("--on-change is empty; name a command")
    return Hook(args.on_change, timeout_s=args.hook_timeout or _HOOK_TIMEOUT_S)


def _mqtt(args: argparse.Namespace, session: Session) -> MqttSink:
    from ..sinks.broker import parse_broker

    broker = parse_broker(args.mqtt)
    if not broker.tls and (args.mqtt_ca or args.mqtt_cert or args.mqtt_key):
        raise ParameterError("certificates have no meaning for mqtt://; use mqtts://")
    if args.mqtt_key and not args.mqtt_cert:
        raise ParameterError("--mqtt-key has no meaning without --mqtt-cert")
    broker = _with_password(broker, args.mqtt_password_file)
    try:
        from ..sinks.mqtt import MqttSink
    except ImportError:
        raise MissingExtraError("--mqtt", "mqtt") from None
    from ..sinks.tls import tls_context

    interval_s = args.mqtt_interval or _MQTT_INTERVAL_S
    return MqttSink(
        broker,
        tls=tls_context(args.mqtt_ca, args.mqtt_cert, args.mqtt_key) if broker.tls else None,
        session=session,
        discovery=_discovery(args, broker, interval_s),
        interval_s=interval_s,
    )


def _with_password(broker: Broker, file: Path | None) -> Broker:
    """The broker with the password from URL, file or environment."""
    import dataclasses

    if broker.password is not None:
        if file:
            raise ParameterError("--mqtt-password-file and --mqtt both hold a password; drop one")
        warn(
            "every user of this machine can read the password in --mqtt; use --mqtt-password-file "
            f"or the environment's {PASSWORD_VARIABLE}"
        )
        return broker
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is not None and not is_unicode(password):
        raise ParameterError(f"{PASSWORD_VARIABLE} in the environment is not UTF-8")
    if file:
        try:
            check_regular(file)
            password = file.read_text(encoding="utf-8-sig").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "is not UTF-8 text; save it so"
            raise ParameterError(f"--mqtt-password-file {file}: {why}") from None
    if file and broker.user is None:
        raise ParameterError("--mqtt-password-file needs a user: mqtt://USER@HOST")
    return broker if broker.user is None else dataclasses.replace(broker, password=password)


def _discovery(
    args: argparse.Namespace, broker: Broker, interval_s: float
) -> Callable[[Session], Discovery] | None:
    from ..sinks.home_assistant import Topics, discovery_messages
    from ..sinks.mqtt import Discovery

    prefix = args.mqtt_discovery_prefix or _DISCOVERY_PREFIX
    if args.mqtt_discovery is False:
        if args.mqtt_discovery_prefix:
            raise ParameterError("--mqtt-discovery-prefix has no meaning with --no-mqtt-discovery")
        return None
    if (
        any(character in prefix for character in "+#\0")
        or not prefix.strip("/")
        or not is_unicode(prefix)
    ):
        raise ParameterError(f"--mqtt-discovery-prefix {prefix!r} is no topic: no + or # in it")

    def discovery(session: Session) -> Discovery:
        manifest = session.manifest
        messages = discovery_messages(
            Topics(prefix=broker.prefix),
            labels=manifest.labels,
            names_style=session.names_style,
            names_mood=session.names_mood,
            model=manifest.name,
            expire_after_s=round(_EXPIRE_AFTER_S + 3 * max(interval_s, session.interval_s)),
            discovery_prefix=prefix,
        )
        return Discovery(messages=messages, birth_topic=f"{prefix}/status")

    return discovery
