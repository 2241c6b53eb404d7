"""A real headless Chromium, driven through its debugging pipe."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
"""For anything that should happen soon, on a machine that may be busy."""

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions",
    "--disable-sync", "--no-first-run", "--no-default-browser-check", "--mute-audio",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip


class Chromium:
    """A browser with one tab."""

    def __init__(self, binary: str, profile: Path) -> None:
        # Chromium reads commands from file 3 and replies on file 4.
        their_in, self._commands = _high_pipe()
        self._replies, their_out = _high_pipe()
        shell = f'exec "$0" "$@" 3<&{their_in} 4>&{their_out}'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, binary, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(their_in, their_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(their_in)
        os.close(their_out)
        self._buffer = b""
        self._id = 0
        self._session: str | None = None
        self._loaded = False
        self.requested: list[str] = []
        """Addresses that the page asked for"""
        self.complaints: list[str] = []
        """Exceptions, console errors and blocked loads"""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and wait for its result."""
        self._id += 1
        message: dict[str, Any] = {"id": self._id, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE_S
        while True:
            reply = self._read(deadline)
            if reply.get("id") == self._id:
                assert "error" not in reply, reply
                result: dict[str, Any] = reply["result"]
                return result

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._replies], [], [], deadline - time.monotonic())
            assert ready, "Chromium does not answer"
            data = os.read(self._replies, 65536)
            assert data, "Chromium has ended"
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, params: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requested.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.complaints.append(json.dumps(params["args"]))

    def open(self, url: str) -> None:
        """Go to an address."""
        self._loaded = False
        reply = self.call("Page.navigate", url=url)
        assert "errorText" not in reply, reply
        deadline = time.monotonic() + PATIENCE_S
        while not self._loaded:
            self._read(deadline)

    def value(self, expression: str) -> Any:
        """What a JavaScript expression, or the promise that it makes, evaluates to."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def until(self, expression: str, wanted: Callable[[Any], bool] = bool) -> Any:
        """The value of an expression, once it is as wanted."""
        deadline = time.monotonic() + PATIENCE_S
        while not wanted(value := self.value(expression)):
            assert time.monotonic() < deadline, f"{expression} is still {value!r}"
            time.sleep(0.1)
        return value

    def text(self, selector: str) -> str:
        """The text of an element."""
        found: str = self.value(f"document.querySelector({json.dumps(selector)})?.textContent")
        return found

    def look(self, width: int, height: int, *, dark: bool, scale: float = 1.0) -> None:
        """Have another screen."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=scale, mobile=width < 600,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, *, whole: bool = False) -> bytes:
        """What is seen, PNG; or the whole page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(shot["data"])

    def close(self) -> None:
        """End the browser."""
        self.process.kill()
        self.process.wait()
        os.close(self._commands)
        os.close(self._replies)


def _high_pipe() -> tuple[int, int]:
    """A pipe whose numbers are none of those that the browser is given."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]
