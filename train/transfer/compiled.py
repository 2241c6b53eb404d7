"""Outputs of a network that is not trained, for many windows: through LiteRT, on all cores.

TensorFlow takes three times as long for networks of small layers such as these.
"""

from __future__ import annotations

import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.progress import progress_of
from edge_runtime.stderr import quiet_stderr

from .keras_model import network_input
from .pruning import Affine, Array

_BLOCK = 64
"""Windows that a thread takes at a time"""


def network_outputs(network: Any, windows: npt.NDArray[Any], features: Affine) -> dict[str, Array]:
    """Run a network.

    Parameters
    ----------
    network : keras.Model
        Of one input; its output is a dict.
    windows : (n, rows, bands)
        Before normalisation.
    features : Affine
        Their normalisation: see `train.transfer.keras_model.network_input`.

    Returns
    -------
    dict of (n, ...) float32
        By the names of the outputs.
    """
    converted = _converted(network)
    with quiet_stderr():  # LiteRT announces its delegate at the first interpreter of a process
        _runner(converted)
    of_thread = threading.local()

    def block(start: int) -> dict[str, Array]:
        if not hasattr(of_thread, "run"):
            of_thread.run = _runner(converted)
        x = network_input(network, windows[start : start + _BLOCK], features)
        found = [of_thread.run(features=window[np.newaxis]) for window in x]
        return {name: np.concatenate([each[name] for each in found]) for name in found[0]}

    # Interpreters hold the GIL only between windows.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(block, range(0, len(windows), _BLOCK))
        blocks = []
        with progress_of("network, windows", len(windows)) as shown:
            for outputs in found:
                blocks.append(outputs)
                shown.advance(min(len(blocks) * _BLOCK, len(windows)))
    return {name: np.concatenate([each[name] for each in blocks]) for name in blocks[0]}


def _converted(network: Any) -> bytes:
    import keras
    import tensorflow as tf

    shape = (1, *network.input_shape[1:])
    with tempfile.TemporaryDirectory() as folder, quiet_stderr():
        # Without an archive Keras's weights would be missing from what the converter is given.
        archive = keras.export.ExportArchive()
        archive.track(network)
        archive.add_endpoint(
            "serve",
            lambda features: network(features, training=False),
            input_signature=[tf.TensorSpec(shape, tf.float32, name="features")],
        )
        archive.write_out(folder, verbose=False)
        converted: bytes = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    return converted


def _runner(converted: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=converted, num_threads=1)
    interpreter.allocate_tensors()
    run = interpreter.get_signature_runner()
    # The runner alone does not keep its interpreter alive.
    return lambda **inputs: run(**inputs) if interpreter else None
