"""Which command is meant, its options, and how every fault becomes one line and an exit code."""

from __future__ import annotations

import argparse
import difflib
import importlib
import importlib.util
import io
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from ..atomic_write import NO_SPACE
from ..errors import EdgeGenreError, MissingExtraError, ModelWarning
from ..version import __version__
from . import INTERRUPTED, report, warn
from .early_interrupt import EndAtOnce
from .library_settings import apply_library_settings
from .log_handler import log_to_stderr
from .parser import Parser, UsageError
from .workstation import WORKSTATION_COMMANDS

_DEVICE_COMMANDS = (
    "listen", "classify", "label", "report", "segment", "history", "devices", "doctor", "bench",
    "install-service", "info",
)  # fmt: skip
_ENTRY_POINTS = "edge_genre.commands"

_DESCRIPTION = "edge-genre tells what kind of music is playing, on the device that hears it."
_EPILOG = """\
edge-genre COMMAND --help explains one. Exit codes: 0 done, 1 fault while running, 2 wrong usage,
3 bad input data or model, 4 missing extra or device, 130 interrupted.
"""


def run(arguments: list[str]) -> int:
    """Run a command line; returns the exit code."""
    _open_missing_streams()
    with log_to_stderr():
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a bar shows "?" instead. UTF-8 lacks only the bytes of
            # file names that are not UTF-8; they become escapes, as in JSON.
            utf8 = stream.encoding.lower().replace("-", "") == "utf8"
            stream.reconfigure(errors="backslashreplace" if utf8 else "replace")
    warnings.showwarning = _show_warning(warnings.showwarning)
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except EdgeGenreError as error:
        return report(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _discard_output()  # its reader has gone
        return 1
    except OSError as error:
        where, output = error.filename, f"the output{_target(sys.stdout)}"
        # What writes files names them, so that it was the output. Unbuffered, or longer than the
        # buffer, the text is lost, and another flush would not fail.
        failed = error.errno in NO_SPACE
        try:
            sys.stdout.flush()
        except OSError:
            failed = True
            _discard_output()
        where = where or (output if failed else None)
        remedy = "; make space, or write elsewhere" if error.errno in NO_SPACE else ""
        reason = f"{error.strerror or error}{remedy}"
        code = report(EdgeGenreError(f"{where}: {reason}" if where else reason))
    return code


def _target(stream: TextIO) -> str:
    """Where an output goes, for messages; nothing where the system does not tell."""
    try:
        return f" ({Path(f'/proc/self/fd/{stream.fileno()}').readlink()})"
    except (OSError, ValueError):
        return ""


def _discard_output() -> None:
    """Drop what could not be written, or Python's own flush at exit would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_missing_streams() -> None:
    """Open /dev/null where a shell started this program with stdout or stderr closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version"):
        print(f"edge-genre {__version__}")
        return 0
    name, *rest = arguments
    with EndAtOnce():
        # What a device runs starts commands of users, which are to have their own settings.
        if name not in _DEVICE_COMMANDS or name == "bench":
            apply_library_settings()
        module = _command(name)
        parser = Parser(
            prog=f"edge-genre {name}",
            description=module.HELP,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(parser)
        parse: Callable[[Parser, list[str]], argparse.Namespace]
        parse = getattr(module, "parse", Parser.parse_args)  # listen also reads a file of options
        options = parse(parser, rest)
        _require(module, name)
    if getattr(options, "json", None) is True and isinstance(sys.stdout, io.TextIOWrapper):
        # As JSON always is, whatever the locale.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    code: int = module.run(options)
    return code


def _command(name: str) -> ModuleType:
    if name in _DEVICE_COMMANDS:
        return importlib.import_module(f"{__package__}.{name.replace('-', '_')}")
    plugins = _plugins()
    if name in plugins:
        return importlib.import_module(plugins[name])
    if name in WORKSTATION_COMMANDS:
        extra = WORKSTATION_COMMANDS[name][0]
        clone = f'in a clone: pip install ".[{extra}]" ./workstation'
        raise MissingExtraError(f"edge-genre {name}", extra, clone)
    near = difflib.get_close_matches(name, [*_DEVICE_COMMANDS, *plugins, *WORKSTATION_COMMANDS], 1)
    hint = f"did you mean {near[0]!r}?" if near else "see: edge-genre --help"
    raise UsageError(f"there is no command {name!r}; {hint}")


def _plugins() -> dict[str, str]:
    """Module by command name."""
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=_ENTRY_POINTS)}


def _missing(module: ModuleType) -> list[str]:
    required: tuple[str, ...] = getattr(module, "REQUIRES", ())
    return [name for name in required if importlib.util.find_spec(name) is None]


def _require(module: ModuleType, name: str) -> None:
    missing = _missing(module)
    if missing:
        raise MissingExtraError(f"edge-genre {name} ({', '.join(missing)} missing)", module.EXTRA)


def _overview() -> str:
    lines = [_DESCRIPTION, "", "usage: edge-genre COMMAND ...", "       edge-genre --version", ""]
    lines.append("on the device:")
    lines += [_summary(name, _command(name).HELP) for name in _DEVICE_COMMANDS]
    lines += ["", "on the workstation:"]
    plugins = _plugins()
    for name in sorted({*plugins, *WORKSTATION_COMMANDS} - {*_DEVICE_COMMANDS}):
        if name in plugins:
            lines.append(_plugin_summary(name))
        else:
            extra, text = WORKSTATION_COMMANDS[name]
            lines.append(_summary(name, text, extra))
    return "\n".join([*lines, "", _EPILOG.rstrip()])


def _plugin_summary(name: str) -> str:
    try:
        module = _command(name)
    except ImportError as error:  # one broken plugin must not hide the other commands
        return _summary(name, f"(cannot be imported: {error})")
    return _summary(name, module.HELP, module.EXTRA if _missing(module) else "")


def _summary(name: str, text: str, extra: str = "") -> str:
    return f"  {name:<16} {text}" + (f'  [pip install "edge-genre[{extra}]"]' if extra else "")


def _show_warning(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Our own warnings as one line each; those of libraries as Python shows them."""

    def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
        if issubclass(category, ModelWarning):
            warn(str(message))
        else:
            otherwise(message, category, *where)

    return show
