"""The ``edge-genre`` command.

Each command is a module with ``HELP``, ``add_arguments(parser)`` and ``run(args) -> exit code``.
Those of the device are named here; those of the workstation packages are found through the entry
points of the group ``edge_genre.commands``, and also say which extra they need (``EXTRA``) and
which modules that extra brings (``REQUIRES``).
"""

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
from typing import Any, NoReturn

from ..errors import EdgeGenreError, MissingExtraError, ModelWarning
from ..version import __version__
from .messages import note, report, warn

_DEVICE_COMMANDS = (
    "listen", "classify", "history", "devices", "doctor", "bench", "install-service", "info",
)  # fmt: skip
_ENTRY_POINTS = "edge_genre.commands"

INTERRUPTED = 130
"""Exit code after Ctrl-C."""

_DESCRIPTION = "edge-genre tells what kind of music is playing, on the device that hears it."
__all__ = ["INTERRUPTED", "Parser", "main", "note", "report", "warn"]

_EPILOG = """\
edge-genre COMMAND --help explains one. Exit codes: 0 done, 1 fault while running, 2 wrong usage,
3 bad input data or model, 4 missing extra or device, 130 interrupted.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    _open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal without bars still gets its answer. UTF-8 lacks nothing but the bytes of
            # file names that are not UTF-8, which JSON writes as such an escape, too.
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
        # Whoever read the output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return report(EdgeGenreError(f"{where}{error.strerror or error}"))
    return code


def _open_missing_streams() -> None:
    """A shell may start a program with stdout or stderr closed; nobody reads them then."""
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
    module = _command(name)
    parser = Parser(
        prog=f"edge-genre {name}",
        description=module.HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    expand: Callable[[argparse.ArgumentParser, list[str]], list[str]] | None
    expand = getattr(module, "expand", None)  # has the command a file of options?
    options = parser.parse_args(expand(parser, rest) if expand else rest)
    _require(module, name)
    code: int = module.run(options)
    return code


def _command(name: str) -> ModuleType:
    if name in _DEVICE_COMMANDS:
        return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    plugins = _plugins()
    if name in plugins:
        return importlib.import_module(plugins[name])
    near = difflib.get_close_matches(name, [*_DEVICE_COMMANDS, *plugins], n=1)
    hint = f"did you mean {near[0]!r}?" if near else "see: edge-genre --help"
    raise _UsageError(f"there is no command {name!r}; {hint}")


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
    lines += [_summary(name, _command(name)) for name in _DEVICE_COMMANDS]
    plugins = sorted(_plugins())
    if plugins:
        lines += ["", "on the workstation:", *map(_plugin_summary, plugins)]
    return "\n".join([*lines, "", _EPILOG.rstrip()])


def _plugin_summary(name: str) -> str:
    try:
        return _summary(name, _command(name))
    except ImportError as error:  # one broken plugin must not hide the other commands
        return f"  {name:<16} (cannot be imported: {error})"


def _summary(name: str, module: ModuleType) -> str:
    extra = f'  [pip install "edge-genre[{module.EXTRA}]"]' if _missing(module) else ""
    return f"  {name:<16} {module.HELP}{extra}"


class _UsageError(EdgeGenreError):
    exit_code = 2


class Parser(argparse.ArgumentParser):
    """Complains in one line."""

    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{message}; see: {self.prog} --help")


def _show_warning(otherwise: Callable[..., None]) -> Callable[..., None]:
    """Our own warnings in our own words; those of libraries as they come."""

    def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
        if issubclass(category, ModelWarning):
            warn(str(message))
        else:
            otherwise(message, category, *where)

    return show
