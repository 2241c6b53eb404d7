"""Whether what we print goes to systemd's journal."""

from __future__ import annotations

import os


def is_journal(descriptor: int) -> bool:
    """Whether a file descriptor leads to the journal (systemd.exec(5), ``$JOURNAL_STREAM``)."""
    stream = os.environ.get("JOURNAL_STREAM")
    if not stream:
        return False
    try:
        status = os.fstat(descriptor)
    except OSError:
        return False
    return stream == f"{status.st_dev}:{status.st_ino}"
