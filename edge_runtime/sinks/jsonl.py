"""``--log``: JSON lines in a file that is rotated."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

from ..atomic_write import NO_SPACE
from ..errors import OutputFileError
from ..output_file import JSON_LINES, refuse_other_kind
from ..stream.event import Event
from .background import Background

_log = logging.getLogger(__name__)


class JsonlLog:
    """A line of JSON per event.

    Parameters
    ----------
    path : path
        Appended to. ``path.1`` is the file before, ``path.2`` the one before that. One of these
        that exists and does not begin as JSON lines is never touched.
    max_bytes : int
        Size at which a new file is begun.
    keep : int
        Older files that are kept.

    Raises
    ------
    OutputFileError
        If the file cannot be opened for another reason than a full disk, or if it or one of the
        older ones holds something else than JSON lines.
    """

    def __init__(self, path: Path, *, max_bytes: int, keep: int) -> None:
        if path.is_dir():  # "." and "/" have no older files beside them
            raise OutputFileError(f"--log {path}: is a folder; name a file")
        self._file = RotatedFile(path, max_bytes, keep, check=_refuse_other_file)
        try:
            self._file.check_older()
            self._file.open()
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise OutputFileError(
                    f"--log {path}: {error.strerror}; name a file that can be written"
                ) from None
        self._background = Background(
            f"log {path}", self._write, logger=_log, finish=self._file.close
        )

    def show(self, event: Event) -> None:
        """Queue the event."""
        self._background.put(event)

    def close(self) -> None:
        """Write what is still queued."""
        self._background.close()

    def _write(self, event: Event) -> None:
        self._file.write_line(event.to_json().encode())


def _refuse_other_file(path: Path) -> None:
    refuse_other_kind(path, JSON_LINES, "--log")


class RotatedFile:
    """Whole lines in a file, and in a few older ones.

    Parameters
    ----------
    path : path
    max_bytes : int
        Size at which a new file is begun.
    keep : int
        Older files that are kept.
    check : callable, optional
        Called with each file that exists before it is opened, renamed or replaced; raises what
        keeps it from that.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        keep: int,
        *,
        check: Callable[[Path], None] = lambda _: None,
    ) -> None:
        self._path, self._max_bytes, self._keep = path, max_bytes, keep
        self._check = check
        self._descriptor: int | None = None

    def open(self) -> int:
        """Open the file, or another one that took its place; returns its descriptor."""
        if self._descriptor is not None and self._is_current(self._descriptor):
            return self._descriptor
        self.close()
        self._check(self._path)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        size = self._regular_size(self._descriptor)
        # A program that lost its power may have left half a line.
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")
        return self._descriptor

    def write_line(self, line: bytes) -> None:
        """Append a line, all of it or nothing.

        Raises
        ------
        OSError
            If it cannot be written, now.
        """
        line += b"\n"
        descriptor = self.open()
        size = self._regular_size(descriptor)
        if size and size + len(line) > self._max_bytes:
            self._rotate()
            descriptor = self.open()
            size = self._regular_size(descriptor)
        try:
            written = os.write(descriptor, line)
            if written < len(line):  # the disk is full; the next write would say so
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            if size is not None:
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, size)
            raise

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def check_older(self) -> None:
        """Check the older files."""
        for number in range(1, self._keep + 1):
            self._check(self._older(number))

    def _rotate(self) -> None:
        self.check_older()  # another program may have put one of its own there
        names = [self._path, *(self._older(n) for n in range(1, self._keep + 1))]
        for older, newer in zip(reversed(names[1:]), reversed(names[:-1]), strict=True):
            with contextlib.suppress(FileNotFoundError):
                newer.replace(older)
        if not self._keep:
            self._path.unlink()

    def _older(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(self._path.stat(), os.fstat(descriptor))
        except FileNotFoundError:
            return False

    def _regular_size(self, descriptor: int) -> int | None:
        """Bytes of the file; None for a pipe or a device, which has no size and no rotation."""
        status = os.fstat(descriptor)
        return status.st_size if stat.S_ISREG(status.st_mode) else None
