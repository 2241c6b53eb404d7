"""The ``edge-genre`` command.

Each command is a module with ``HELP``, ``add_arguments(parser)`` and ``run(args) -> exit code``,
and, if it parses more than its own arguments, ``parse(parser, arguments)``. The commands of the
device are listed in `edge_runtime.cli.dispatch`. Those of the workstation are another
distribution's, found through the entry points of the group ``edge_genre.commands``; they may also
name modules that they need (``REQUIRES``) and the extra that brings these (``EXTRA``).

Nothing is imported here: `main` guards what it imports against a Ctrl-C that comes early.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from logging import Logger

    from ..errors import EdgeGenreError

INTERRUPTED = 130
"""Exit code after Ctrl-C."""

__all__ = ["INTERRUPTED", "main", "note", "report", "warn"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    try:
        from .early_interrupt import EndAtOnce

        with EndAtOnce():
            import sys

            from . import dispatch

        return dispatch.run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def report(error: EdgeGenreError) -> int:
    """Log what went wrong; returns the exit code that goes with it."""
    _logger().error("%s", error)
    return error.exit_code


def warn(message: str) -> None:
    """Log what is odd, and go on."""
    _logger().warning("%s", message)


def note(message: str) -> None:
    """Log what is good to know."""
    _logger().info("%s", message)


def _logger() -> Logger:
    import logging

    return logging.getLogger(__name__)
