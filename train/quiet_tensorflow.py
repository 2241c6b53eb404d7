"""TensorFlow without what it announces on stderr."""

from __future__ import annotations

import logging
import os

from edge_runtime.stderr import quiet_stderr


def import_tensorflow() -> None:
    """Import Keras and TensorFlow; call it before anything else does.

    oneDNN and CUDA announce themselves before any log level applies.
    """
    # Its advice on retracing is for those who write the loops.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        import keras  # noqa: F401
        import tensorflow as tf  # noqa: F401
