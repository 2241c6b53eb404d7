"""Stderr that native libraries may not write to, and we may."""

import subprocess
import sys

BOTH = """
import os, threading
from edge_runtime.stderr import quiet_stderr, write_line
write_line("before")
with quiet_stderr():
    os.write(2, b"native, hidden\\n")
    with quiet_stderr():
        write_line("inside")
        thread = threading.Thread(target=write_line, args=("from a thread \\udcff",))
        thread.start()
        thread.join()
    os.write(2, b"native, hidden, too\\n")
write_line("after")
os.write(2, b"native\\n")
"""


def test_what_is_ours_is_seen_where_native_messages_are_hidden():
    done = subprocess.run([sys.executable, "-c", BOTH], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == [
        "before", "inside", "from a thread \\udcff", "after", "native",
    ]  # fmt: skip
