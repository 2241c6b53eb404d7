"""``edge-genre devices``: the microphones that listen can use."""

from __future__ import annotations

import argparse
import dataclasses
import json

from ..errors import AudioDeviceError
from ..printable import printable
from ..sources.devices import NO_MICROPHONE
from ..sources.microphone import list_devices

HELP = "list the microphones"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="a JSON list instead of a table")


def run(args: argparse.Namespace) -> int:
    """List microphones; having none is exit code 4."""
    devices = list_devices()
    if args.json:
        print(json.dumps([dataclasses.asdict(device) for device in devices], indent=2))
    if not devices:
        raise AudioDeviceError(NO_MICROPHONE)
    if args.json:
        return 0
    width = max(len(device.name) for device in devices)
    for device in devices:
        mark = "*" if device.default else " "
        detail = ""
        if device.rate is not None:
            detail = f"  {device.channels:>3} channel(s)  {device.rate} Hz"
        print(printable(f"{mark} {device.name:<{width}}{detail}"))
    star = "* is the default; " if any(device.default for device in devices) else ""
    print(f"{star}choose one with: edge-genre listen --input mic:NAME")
    return 0
