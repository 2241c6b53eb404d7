"""TensorFlow held to one thread; its environment variables alone do not hold all its pools."""

from __future__ import annotations


def one_thread() -> None:
    """Call it before TensorFlow computes anything."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
