"""TensorFlow is imported without a word on stderr."""

from __future__ import annotations

import os
import subprocess
import sys


def test_nothing_is_announced_by_the_import_or_the_first_operation() -> None:
    script = (
        "from train.quiet_tensorflow import import_tensorflow\n"
        "import_tensorflow()\n"
        "import tensorflow as tf\n"
        "print(float(tf.reduce_sum(tf.ones((2, 2)))))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "4.0\n"
    assert done.stderr == ""
