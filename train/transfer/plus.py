"""``plus``: MusiCNN and YAMNet side by side, on the log-mels that each was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge_runtime.frontend import PRESETS
from edge_runtime.frontend.model_input import input_shape

from .keras_model import N_FRAMES, Places, musicnn_layers
from .pruning import PrunedMusicnn
from .yamnet import BANDS, PATCH_FRAMES, YamnetWeights, yamnet

SECOND_FRONT_END = "yamnet64-level"
"""YAMNet's front end, with every window at the level of mastered music, as MusiCNN's has it"""
_SHAPE = input_shape(PRESETS["musicnn96"], PRESETS[SECOND_FRONT_END])


def plus(pruned: PrunedMusicnn, musicnn: Any, weights: YamnetWeights, styles: Sequence[int]) -> Any:
    """Build the network.

    Parameters
    ----------
    pruned : PrunedMusicnn
    musicnn : keras.Model
        From `train.transfer.keras_model.compact_musicnn`, at all places: its weights are taken.
    weights : YamnetWeights
    styles : sequence of int
        Places among YAMNet's classes.

    Returns
    -------
    keras.Model
        Takes (n, rows, bands, 1): MusiCNN's log-mel, normalised, and behind it YAMNet's, as
        `edge_runtime.frontend.model_input` makes them. Gives what `musicnn` does, and
        ``"embedding"`` (n, 1024) and ``"styles"`` (n, styles), logits: means over three patches.
    """
    import keras
    from keras import layers

    rows, bands = _SHAPE
    inputs = layers.Input((rows, bands, 1), name="features")
    x = layers.Cropping2D(((0, rows - N_FRAMES), (0, 0)), name="first_rows")(inputs)
    outputs = musicnn_layers(x, pruned, Places())
    x = layers.Cropping2D(((N_FRAMES, 0), (0, 0)), name="second_rows")(inputs)
    frames = (rows - N_FRAMES) * bands // BANDS
    x = layers.Reshape((frames, BANDS, 1), name="second_log_mel")(x)
    whole = yamnet(weights, PATCH_FRAMES)
    embedding_of = keras.Model(whole.inputs, whole.get_layer("embedding").output, name="yamnet")
    embedding_of.trainable = False
    patches = []
    for first in range(0, frames, PATCH_FRAMES):
        rest = frames - first - PATCH_FRAMES
        patches.append(embedding_of(layers.Cropping2D(((first, rest), (0, 0)))(x)))
    embedding = layers.Average(name="mean_embedding")(patches)
    outputs |= {
        "embedding": embedding,
        "styles": layers.Dense(len(styles), name="styles")(embedding),
    }
    network = keras.Model(inputs, outputs, name="plus")
    for layer in musicnn.layers:
        if layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())
    classes = weights.layers[-1]
    chosen = list(styles)
    network.get_layer("styles").set_weights([classes.dequantized[:, chosen], classes.bias[chosen]])
    return network
