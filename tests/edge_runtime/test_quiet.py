"""What libraries print is hidden, what we print is not."""

import subprocess
import sys

CODE = """
import os, sys, threading
from edge_runtime.quiet import own_stderr, quiet_stderr

def both(n):
    os.write(2, b"library %d\\n" % n)
    print("python", n, file=sys.stderr)

with own_stderr():
    both(1)
    with quiet_stderr():
        both(2)
        thread = threading.Thread(target=both, args=(3,))
        thread.start(); thread.join()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # and never undone
    both(4)
both(5)
"""


def test_python_speaks_while_libraries_are_hushed():
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.split("\n") == [
        "library 1", "python 1", "python 2", "python 3", "python 4", "library 5", "python 5", "",
    ]  # fmt: skip
