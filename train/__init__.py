"""Training: clips in, a run folder with a Keras model and its report out.

Everything a model hears passes through `edge_runtime.frontend`, as it will on the device.
"""
