"""A run of a tiny made-up network with everything that a network may have.

Two front ends, whose rows it takes apart; a network inside; labels with `other` and `not music`;
tags and styles.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import layers

from edge_runtime.frontend import FrontEndParams
from edge_runtime.model.manifest import Tag
from edge_runtime.model.run_folder import MODEL, RUN, WINDOWS, RunWindows

LABELS = ("jazz", "metal", "other", "not music")
REJECTED = LABELS[2:]
TAGS = (
    Tag(name="jazz", kind="genre", slope=1.2, bias=-0.3, base_rate=0.2),
    Tag(name="Metal", kind="genre", base_rate=0.1),
    Tag(name="mellow", kind="mood", base_rate=0.3),
    Tag(name="guitar", kind="instrument", slope=0.7, base_rate=0.4),
)
STYLES = (
    Tag(name="techno", kind="genre", family="electronic", base_rate=0.1),
    Tag(name="bebop", kind="genre", family="jazz", base_rate=0.1),
    Tag(name="reggae", kind="genre", family="reggae", slope=2.0, base_rate=0.05),
)
FIRST = FrontEndParams(
    kind="log_mel", sample_rate=1000, window_samples=224, n_fft=64, hop=32, n_mels=8,
    top_db=None, padding="none",
)  # fmt: skip
"""6 rows of 8"""
SECOND = dataclasses.replace(FIRST, window_samples=160, n_mels=4)
"""4 frames of 4 coefficients, which fill 2 rows of 8"""
ROWS = 8
_PER_TRACK = 5


def network() -> Any:
    """(n, 8, 8, 1) to posteriors of the labels, logits of the tags, logits of the styles."""
    keras.utils.set_random_seed(0)
    features = layers.Input((ROWS, 8, 1), name="features")
    x = layers.Cropping2D(((0, 2), (0, 0)))(features)
    x = layers.Conv2D(6, 3, activation="relu")(x)
    x = layers.Flatten()(layers.MaxPooling2D(2)(x))
    x = layers.Dense(12, activation="relu")(x)
    y = layers.Reshape((4, 4, 1))(layers.Cropping2D(((6, 0), (0, 0)))(features))
    inner = _inner_network()
    halves = [inner(layers.Cropping2D((rows, (0, 0)))(y)) for rows in ((0, 2), (2, 0))]
    y = layers.Concatenate()([half["embedding"] for half in halves])
    tags = layers.Dense(len(TAGS), name="tags")(x)
    styles = layers.Dense(len(STYLES), name="styles")(y)
    logits = layers.Dense(len(LABELS), name="logits")(layers.Concatenate()([x, y, tags]))
    posterior = layers.Softmax(name="posterior")(logits)
    model = keras.Model(features, [posterior, tags, styles], name="branches")
    for name in ("tags", "styles", "logits"):
        kernel, bias = model.get_layer(name).get_weights()
        model.get_layer(name).set_weights([3.0 * kernel, bias])
    # As likely as each other, so that there are windows of each label.
    logits = keras.Model(features, logits).predict(_random_windows(), verbose=0)
    layer = model.get_layer("logits")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias - logits.mean(axis=0)])
    return model


def _inner_network() -> Any:
    """What is called for each half of the second front end's frames, as a network of patches is."""
    patch = layers.Input((2, 4, 1))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(patch)
    x = layers.DepthwiseConv2D(3, padding="same", activation="relu6")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(patch, {"embedding": x, "classes": layers.Dense(9)(x)}, name="inner")


def _random_windows() -> npt.NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=(4000, ROWS, 8, 1)).astype(np.float32)


def run_values(**changes: Any) -> dict[str, Any]:
    """The contents of ``run.json``; a change to None leaves a key out."""
    values: dict[str, Any] = {
        "name": "branches",
        "labels": list(LABELS),
        "rejected": list(REJECTED),
        "tags": [dataclasses.asdict(tag) for tag in TAGS],
        "styles": [dataclasses.asdict(tag) for tag in STYLES],
        "style_threshold": 0.4,
        "front_end": FIRST.to_dict(),
        "second_front_end": SECOND.to_dict(),
        "training": {
            "data": "clips", "split": "track", "split_sha256": "a1" * 32, "split_leaks": False,
            "parameters": 1000, "seed": 0,
        },
        "metrics": {"protocol": "float"},
    } | changes  # fmt: skip
    return {key: value for key, value in values.items() if value is not None}


def write_run(folder: Path, n_windows: int = 400, **changes: Any) -> Path:
    """The run folder; the network is right and sure on every window that it is checked on."""
    folder.mkdir(parents=True)
    model = network()
    model.save(folder / MODEL)
    windows = _random_windows()
    posteriors = model.predict(windows, verbose=0)[0]
    likeliest, second = posteriors.argmax(axis=1), np.sort(posteriors, axis=1)[:, -2]
    clearest = np.argsort(second - posteriors.max(axis=1), kind="stable")
    of_label = n_windows // len(LABELS)
    chosen = [clearest[likeliest[clearest] == label][:of_label] for label in range(len(LABELS))]
    features, labels = windows[np.concatenate(chosen), ..., 0], np.repeat(range(4), of_label)
    tracks = np.arange(n_windows) // _PER_TRACK  # of one label each
    RunWindows(features, labels, tracks, features[::3], labels[::3]).save(folder / WINDOWS)
    (folder / RUN).write_text(json.dumps(run_values(**changes)), encoding="utf-8")
    return folder
