"""A virtual microphone: a private PulseAudio server, and what is played into it."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests import system_packages

PATIENCE_S = 60.0
"""For anything that should happen soon, on a machine that may be busy."""

RATE = 22_050
TONE_HZ = 440.0
TONE_AMPLITUDE = 0.3
TONE_DBFS = 20 * np.log10(TONE_AMPLITUDE / np.sqrt(2))

# The default microphone is quiet unless something is played into "vmic"; "studio" is another one.
# Without norewinds a null sink renders 2 s at a time, and every test waits for the first of them.
_MODULES = (
    "module-null-sink sink_name=vmic rate=22050 channels=1 format=s16le norewinds=1",
    "module-remap-source master=vmic.monitor source_name=vmic_in",
    "module-null-sink sink_name=studio rate=48000 channels=2 format=s16le norewinds=1",
    "module-remap-source master=studio.monitor source_name=studio_in",
)
_ASOUNDRC = """\
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.pulse { type pulse }
pcm.studio { type pulse device studio_in }
"""
_FOREIGN = ("PULSE_", "ALSA_", "AUDIO", "DBUS_", "XDG_", "JACK_", "PYTHONPATH", "LANG", "LC_")
"""Prefixes of variables that would lead out of the private server, or translate messages."""


class ListenProcess:
    """A running ``edge-genre listen --json``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._stderr: list[str] = []
        self._readers = [threading.Thread(target=f) for f in (self._read_out, self._read_err)]
        for reader in self._readers:
            reader.start()

    def _read_out(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _read_err(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._stderr.append(line)

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next event that is like that; every line before it was a whole event, too."""
        deadline = time.monotonic() + PATIENCE_S
        while (event := self._next(deadline)) is not None:
            if wanted(event):
                return event
        pytest.fail(f"listen ended with {self.process.wait()}: {''.join(self._stderr)}")

    def printed(self, words: str) -> str:
        """The line of stderr that holds these words, once it is there."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for line in list(self._stderr):
                if words in line:
                    return line.strip()
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        pytest.fail(f"it never printed {words!r}: {''.join(self._stderr)}")

    def end(self) -> tuple[int, str]:
        """Wait for the end; returns exit code and stderr. `events` then holds all of them."""
        deadline = time.monotonic() + PATIENCE_S
        while self._next(deadline) is not None:
            pass
        code = self.process.wait(PATIENCE_S)
        for reader in self._readers:
            reader.join()
        return code, "".join(self._stderr)

    def _next(self, deadline: float) -> dict[str, Any] | None:
        try:
            line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            pytest.fail(f"nothing came; events so far: {self.events}; {''.join(self._stderr)}")
        if line is None:
            return None
        assert line.endswith("\n")
        event: dict[str, Any] = json.loads(line)
        self.events.append(event)
        return event


class VirtualMicrophone:
    """A PulseAudio server with two microphones, ``vmic`` (the default) and ``studio``."""

    def __init__(self, folder: Path) -> None:
        home, runtime = folder / "home", folder / "run"
        for place in (home, runtime):
            place.mkdir(mode=0o700)
        self.asoundrc = home / ".asoundrc"
        self.asoundrc.write_text(_ASOUNDRC)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)}
        self.env |= {
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(runtime),
            "PULSE_SERVER": f"unix:{runtime / 'native'}",
            "LC_ALL": "C.UTF-8",
        }
        self._folder = folder
        self._tone = folder / "tone.wav"
        t = np.arange(60 * RATE) / RATE
        soundfile.write(self._tone, TONE_AMPLITUDE * np.sin(2 * np.pi * TONE_HZ * t), RATE)
        self.server = self._start_server()

    def _start_server(self) -> subprocess.Popen[bytes]:
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"]
        command += ["--use-pid-file=no", "--high-priority=no", "--realtime=no"]
        socket = self.env["PULSE_SERVER"].removeprefix("unix:")
        for module in (f"module-native-protocol-unix socket={socket} auth-anonymous=1", *_MODULES):
            command += ["-L", module]
        log = self._folder / "server.log"
        with log.open("wb") as file:
            server = subprocess.Popen(
                command, env=self.env, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
        deadline = time.monotonic() + PATIENCE_S
        # The server answers only after every module was loaded.
        while self._pactl("set-default-source", "vmic_in") != 0:
            if server.poll() is not None or time.monotonic() > deadline:
                server.kill()
                server.wait()
                pytest.fail(f"PulseAudio did not start: {log.read_text(errors='replace')}")
            time.sleep(0.05)
        return server

    def _pactl(self, *arguments: str) -> int:
        return subprocess.run(
            ["pactl", *arguments],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        ).returncode

    def kill(self) -> None:
        """The sound server dies."""
        self.server.kill()
        self.server.wait()

    def freeze(self) -> None:
        """The driver hangs: nothing comes, and nothing answers."""
        self.server.send_signal(signal.SIGSTOP)

    def unplug(self) -> None:
        """All microphones vanish; the server stays."""
        for module in ("module-remap-source", "module-null-sink"):
            assert self._pactl("unload-module", module) == 0

    def plug_in(self) -> None:
        """The microphones are back."""
        for module in _MODULES:
            assert self._pactl("load-module", *module.split()) == 0
        assert self._pactl("set-default-source", "vmic_in") == 0

    def restart(self) -> None:
        """Another sound server takes the place of the one that died."""
        self.server = self._start_server()

    def thaw(self) -> None:
        """The driver answers again."""
        self.server.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def playing(self, sink: str = "vmic") -> Iterator[None]:
        """A tone of 440 Hz comes into a microphone."""
        player = subprocess.Popen(
            ["paplay", f"--device={sink}", str(self._tone)],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            player.kill()
            player.wait()

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run ``edge-genre`` to its end."""
        return self.python("-m", "edge_runtime", *arguments, **env)

    def python(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run Python to its end."""
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    @contextlib.contextmanager
    def listening(self, *arguments: str, **env: str) -> Iterator[ListenProcess]:
        """Run ``edge-genre listen --json``, in a process group of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "edge_runtime", "listen", "--json", *arguments],
            env=self.env | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        with process:
            listening = ListenProcess(process)
            try:
                yield listening
            finally:
                process.kill()  # does nothing where the test saw the end

    def stop(self) -> None:
        """End the server, frozen or not."""
        self.server.kill()
        self.server.wait()


@contextlib.contextmanager
def _virtual_microphone() -> Iterator[VirtualMicrophone]:
    # Not tmp_path: the name of a socket may have 107 characters and no more.
    with tempfile.TemporaryDirectory(prefix="vmic-", ignore_cleanup_errors=True) as folder:
        microphone = VirtualMicrophone(Path(folder))
        try:
            yield microphone
        finally:
            microphone.stop()


@pytest.fixture(scope="session")
def _packages() -> None:
    system_packages.require(
        "pulseaudio", "pulseaudio-utils", "alsa-utils", "libportaudio2", "libasound2-plugins"
    )


@pytest.fixture(scope="session")
def shared_microphone(_packages: None) -> Iterator[VirtualMicrophone]:
    """A microphone that tests leave as they found it."""
    with _virtual_microphone() as microphone:
        yield microphone


@pytest.fixture
def microphone(_packages: None) -> Iterator[VirtualMicrophone]:
    """A microphone that a test may break."""
    with _virtual_microphone() as microphone:
        yield microphone


@pytest.fixture(scope="session")
def no_portaudio(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Environment in which sounddevice is installed and libportaudio2 is not."""
    folder = tmp_path_factory.mktemp("no-portaudio")
    (folder / "sounddevice.py").write_text('raise OSError("PortAudio library not found")\n')
    return {"PYTHONPATH": str(folder)}


@pytest.fixture(params=["portaudio", "arecord"])
def library(request: pytest.FixtureRequest, no_portaudio: dict[str, str]) -> dict[str, str]:
    """Environment in which the microphone is reached through each of the two."""
    return no_portaudio if request.param == "arecord" else {}
