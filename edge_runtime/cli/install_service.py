"""``edge-genre install-service``: a systemd unit that listens from boot on."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import OutputFileError, ParameterError
from ..systemd_unit import MARK, unit
from . import Parser, config_file, listen, note, warn

HELP = "print or write a systemd unit that listens from boot on"

_NAME = "edge-genre.service"
_OWN_FLAGS = ("--user", "--force", "-h", "--help")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.epilog = (
        "All other options are those of `edge-genre listen`, and are checked now:\n"
        "  edge-genre install-service --input mic:USB --mqtt mqtt://homeassistant.local\n"
        "  sudo edge-genre install-service --write --config /etc/edge-genre.toml\n"
    )
    parser.add_argument(
        "--write",
        nargs="?",
        const="",
        metavar="PATH",
        help=f"write it to PATH (default /etc/systemd/system/{_NAME}, with --user "
        f"~/.config/systemd/user/{_NAME})",
    )
    parser.add_argument(
        "--user",
        action="store_true",
        help="for your own service manager: hears through PulseAudio or PipeWire",
    )
    parser.add_argument("--force", action="store_true", help="replace a unit that is not ours")
    parser.add_argument("listen", nargs="*", metavar="LISTEN_OPTION", help="what listen is told")


def expand(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> list[str]:
    """The arguments with those of ``listen`` put behind a ``--``, whatever they look like."""
    ours: list[str] = []
    its: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--write":
            path = rest.pop(0) if rest and not rest[0].startswith("-") else ""
            ours.append(f"--write={path}")
        elif argument in _OWN_FLAGS or argument.startswith("--write="):
            ours.append(argument)
        elif argument != "--" or its:
            its.append(argument)
    return [*ours, "--", *its]


def run(args: argparse.Namespace) -> int:
    """Print the unit (exit code 0), or write it."""
    options = _checked(args.listen)
    if not args.user:
        _warn_of_closed([_python(), *(x.partition("=")[2] or x for x in options)])
    text = unit([_python(), "-m", "edge_runtime", "listen", *options], user=args.user)
    if args.write is None:
        if args.force:
            raise ParameterError("--force has no meaning without --write")
        print(text, end="")
        return 0
    path = Path(args.write) if args.write else _place(user=args.user)
    _write(path, text, force=args.force)
    control = "systemctl --user" if args.user else "sudo systemctl"
    note(f"wrote {path}; start it: {control} daemon-reload && {control} enable --now {path.stem}")
    return 0


def _checked(options: list[str]) -> list[str]:
    """The options, once `listen` would take them."""
    parser = Parser(prog="edge-genre listen")
    listen.add_arguments(parser)
    given = parser.parse_args(config_file.expand(parser, options))
    if given.input == "-":
        raise ParameterError("a service has no stdin to listen to; name a microphone or a file")
    return options


def _python() -> str:
    """This interpreter, by the name that keeps its virtual environment."""
    if not sys.executable:
        raise ParameterError("cannot tell which Python runs this; use the edge-genre command")
    return os.path.abspath(sys.executable)  # noqa: PTH100  # resolving would leave the environment


def _warn_of_closed(arguments: list[str]) -> None:
    """A service's user is nobody in particular: what is not open to everybody is closed to it."""
    for argument in arguments:
        path = Path(argument)
        if not (path.is_absolute() and path.is_file()):
            continue
        modes = [(place, place.stat().st_mode) for place in (path, *path.parents)]
        # A folder must let others through, a file let them (or the group audio) read.
        closed = [place for place, mode in modes[1:] if not mode & 0o001]
        closed += [path] if not modes[0][1] & 0o044 else []
        if closed:
            warn(
                f"the service's user may not open {closed[0]}, which {path} needs; move it (to "
                "/opt or /etc), or make a unit with --user"
            )


def _place(*, user: bool) -> Path:
    if user:
        home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        return Path(home) / "systemd" / "user" / _NAME
    return Path("/etc/systemd/system") / _NAME


def _write(path: Path, text: str, *, force: bool) -> None:
    try:
        if path.exists() and not force and not path.read_text(errors="replace").startswith(MARK):
            raise OutputFileError(f"{path}: is not ours; replace it with --force")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        hint = "; try it with sudo, or --user" if isinstance(error, PermissionError) else ""
        raise OutputFileError(f"{path}: {error.strerror}{hint}") from None
