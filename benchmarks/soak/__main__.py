"""A listener for a simulated day, with everything that can befall it.

``python -m benchmarks.soak [--hours 24] [--every 1.0] [--json FILE]``

The loop of ``edge-genre listen``, its watchdog, model reload and sinks (log, history, hook, MQTT
with a real mosquitto where that is installed) take a simulated microphone at the highest speed.
Faults of each kind come again and again. What is counted:

- ``crashes``: exceptions in any thread;
- ``windows_lost``: windows that the sound should have brought, without an event;
- ``clock_error_samples``: the stream's clock against the samples and the gaps that were
  delivered;
- ``rss_growth_mib``: resident memory, median of the last tenth less that of the second tenth.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.soak.account import Account
from benchmarks.soak.broker import Broker
from benchmarks.soak.microphone import Fault, SimulatedMicrophone
from edge_runtime.cli.listen import add_arguments
from edge_runtime.cli.model_reload import ModelReload
from edge_runtime.model.file import BUNDLED
from edge_runtime.sinks import Several, Sink
from edge_runtime.sinks.history import History
from edge_runtime.sinks.hook import Hook
from edge_runtime.sinks.jsonl import JsonlLog
from edge_runtime.sources.reconnect import ReconnectingMicrophone
from edge_runtime.stream.classifier_stream import ClassifierStream
from edge_runtime.stream.loop import LoadedModel, events_of
from edge_runtime.stream.session import Session
from edge_runtime.version import __version__

_WARM_UP, _SAMPLES = 0.1, 200
_BROKER_AWAY_S = 2.0
_DISK_FULL_S = 2.0
"""Of real time; minutes of the simulated one"""


def soak(hours: float, every_h: float, folder: Path) -> dict[str, Any]:
    """Run it; see the module."""
    begin = time.monotonic()
    reported: list[str] = []
    logging.getLogger("edge_runtime").addHandler(_List(reported))
    crashes: list[str] = []
    threading.excepthook = lambda args: crashes.append(f"{args.thread}: {args.exc_value!r}")
    microphone = SimulatedMicrophone(3600.0 * hours)
    house = _House(folder)
    watched = ReconnectingMicrophone(
        microphone.open, name="simulated", rate=microphone.rate, channels=microphone.channels
    )
    model = house.model
    stream = ClassifierStream(
        model.first.classifier,
        rate=watched.rate,
        channels=watched.channels,
        settings=model.first.settings,
    )
    account = Account(watched, stream)
    faults: Counter[str] = Counter()
    schedule = _schedule(hours, every_h, with_broker=house.broker is not None)
    due = next(schedule, None)
    rss: list[tuple[float, float]] = []
    swaps = 0
    answering = model.first.classifier
    sink = Several(house.sinks(stream.interval_s))
    try:
        for event in events_of(account, stream, _Over(microphone), house.new_model):
            account.take(event)
            sink.show(event)
            if stream.classifier is not answering:
                answering, swaps = stream.classifier, swaps + 1
            while due is not None and microphone.heard_s >= due[0]:
                faults[due[1]] += 1
                house.befall(due[1], microphone)
                due = next(schedule, None)
            if microphone.heard_s >= 3600.0 * hours * len(rss) / _SAMPLES:
                rss.append((microphone.heard_s, _rss_mib()))
    except Exception as error:
        crashes.append(repr(error))
    finally:
        sink.close()
        house.close()
    account.finish_all()
    steady = [value for at, value in rss if at >= 3600.0 * hours * _WARM_UP]
    tenth = max(1, len(rss) // 10)
    return {
        "hours": hours,
        "crashes": len(crashes),
        "crash_messages": crashes[:10],
        "windows": account.windows,
        "windows_lost": account.windows_lost,
        "clock_error_samples": account.clock_error_samples,
        "rss_growth_mib": round(
            statistics.median(steady[-tenth:]) - statistics.median(steady[:tenth]), 2
        ),
        "rss_peak_mib": round(max(value for _, value in rss), 1),
        "faults": dict(sorted(faults.items())),
        "model_swaps_answered": swaps,
        "dropped_samples": [microphone.dropped_samples, account.last.dropped_samples],
        "nan_samples": [microphone.nan_samples, account.last.non_finite_samples],
        "missing_s": round(account.missing_s, 3),
        "log": house.log_account(account.windows, reported),
        "messages": len(reported),
        "broker": "mosquitto" if house.broker else "not installed: no MQTT sink, no broker_down",
        "wall_s": round(time.monotonic() - begin, 1),
        "cpu_s": round(time.process_time(), 1),
    }


class _List(logging.Handler):
    """Takes down what is logged."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


class _Over:
    """Stop flag: set when the simulated time is over."""

    def __init__(self, microphone: SimulatedMicrophone) -> None:
        self._microphone = microphone

    def is_set(self) -> bool:
        return self._microphone.over


class _House:
    """The sinks of the listener and its model, and the faults that befall them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._models = [BUNDLED["seed-cnn"].read_bytes(), BUNDLED["tiny"].read_bytes()]
        path = folder / "model.tflite"
        path.write_bytes(self._models[-1])
        self._model_path = path
        self._asked = False
        self.model = ModelReload(_arguments(path))
        self.broker = Broker(folder) if shutil.which("mosquitto") else None
        self._log = folder / "log" / "events.jsonl"
        self._log.parent.mkdir()
        self._slow = folder / "slow"
        self._timers: list[threading.Timer] = []

    def new_model(self) -> LoadedModel | None:
        asked, self._asked = self._asked, False
        return self.model.load(requested=asked)

    def sinks(self, interval_s: float) -> list[Sink]:
        session = Session(
            source="simulated", manifest=self.model.first.classifier.manifest, interval_s=interval_s
        )
        self._sinks: list[Sink] = [
            JsonlLog(self._log, max_bytes=5_000_000, keep=1000),
            History(self._folder / "genre.db", source="simulated"),
            Hook(f"test ! -e {self._slow} || sleep 1", timeout_s=5.0),
        ]
        if self.broker is not None:
            from edge_runtime.sinks.broker import parse_broker
            from edge_runtime.sinks.mqtt import MqttSink

            self._sinks.append(
                MqttSink(
                    parse_broker(f"mqtt://127.0.0.1:{self.broker.port}/soak"),
                    tls=None, session=session, discovery=None, interval_s=10.0,
                )
            )  # fmt: skip
        return self._sinks

    def befall(self, fault: Fault, microphone: SimulatedMicrophone) -> None:
        if fault is Fault.MODEL_SWAP:
            self._models.append(self._models.pop(0))
            new = self._model_path.with_suffix(".new")
            new.write_bytes(self._models[-1])
            new.replace(self._model_path)
            self._asked = True
        elif fault is Fault.DISK_FULL:
            kept = self._log.with_suffix(".kept")
            if not self._log.is_symlink() and self._log.exists():
                kept.hardlink_to(self._log)
                full = self._log.with_suffix(".full")
                full.symlink_to("/dev/full")
                full.replace(self._log)
                self._later(_DISK_FULL_S, lambda: self._disk_has_room(kept))
        elif fault is Fault.SLOW_SINK:
            self._slow.touch()
            self._later(2.0, lambda: self._slow.unlink(missing_ok=True))
        elif fault is Fault.BROKER_DOWN:
            assert self.broker is not None
            self.broker.stop()
            self._later(_BROKER_AWAY_S, self.broker.start)
        else:
            microphone.suffer(fault)

    def _disk_has_room(self, kept: Path) -> None:
        kept.replace(self._log)

    def _later(self, seconds: float, action: Any) -> None:
        timer = threading.Timer(seconds, action)
        timer.start()
        self._timers = [old for old in self._timers if old.is_alive()] + [timer]

    def close(self) -> None:
        for timer in self._timers:
            timer.join()
        if self.broker is not None:
            self.broker.stop()

    def log_account(self, windows: int, reported: list[str]) -> dict[str, int]:
        """Lines that were written, and those that were reported as lost."""
        lines = 0
        for path in self._log.parent.glob("events*"):
            if not path.is_symlink():
                with path.open("rb") as file:
                    lines += sum(1 for _ in file)
        lost = sum(
            int(found[1])
            for line in reported
            if line.startswith("log ") and (found := re.search(r"(\d+) events were lost", line))
        )
        return {"written": lines, "told_lost": lost, "unaccounted": windows - lines - lost}


def _arguments(model: Path) -> argparse.Namespace:
    """Of ``edge-genre listen --model FILE``."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(["--model", str(model)])


def _schedule(hours: float, every_h: float, *, with_broker: bool) -> Iterator[tuple[float, Fault]]:
    """When, in seconds of sound, which fault comes: one of each kind every `every_h` hours."""
    kinds = [fault for fault in Fault if with_broker or fault is not Fault.BROKER_DOWN]
    step_s = 3600.0 * every_h / len(kinds)
    at, turn = step_s, 0
    while at < 3600.0 * hours:
        yield at, kinds[turn % len(kinds)]
        at, turn = at + step_s, turn + 1


def _rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    """Run, print, write JSON; exit code 1 where something was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=24.0, help="simulated (default 24)")
    parser.add_argument(
        "--every", type=float, default=1.0, help="hours between two faults of a kind (default 1)"
    )
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = soak(args.hours, args.every, Path(folder))
    result["machine"] = {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "edge_genre": __version__,
    }
    text = json.dumps(result, indent=2)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    lost = result["crashes"] or result["windows_lost"] or result["clock_error_samples"]
    sys.exit(1 if lost or result["log"]["unaccounted"] else 0)


if __name__ == "__main__":
    main()
