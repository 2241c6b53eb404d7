"""Settings of the workstation's libraries that a command does not leave to its surroundings."""

from __future__ import annotations

import logging
import os

_SETTINGS = {
    "KERAS_BACKEND": "tensorflow",
    "KERAS_HOME": os.devnull,  # no keras.json: channels_first or float16 make other networks
    "TF_USE_LEGACY_KERAS": "0",
    "MPLBACKEND": "agg",  # pictures go into files; a notebook names one of its own
}
_LIMITS = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED")
"""They end a training early, or make other layers"""


def apply_library_settings() -> None:
    """Set what Keras and matplotlib read when they are imported, here and in new processes.

    A command may be called from a notebook, which has a backend of matplotlib's that does not
    exist here, or on a machine whose owner uses Keras in another way.
    """
    os.environ.update(_SETTINGS)
    for name in _LIMITS:
        os.environ.pop(name, None)
    # Without a home folder it tells where it keeps its fonts instead, which helps nobody.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
