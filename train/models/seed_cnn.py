"""The student report's network."""

from __future__ import annotations

from typing import Any


def seed_cnn(shape: tuple[int, int], n_classes: int) -> Any:
    """The student report's CNN.

    Three blocks of convolution, maximum pooling and batch normalisation with 32 filters, after
    V. Velardo, "Deep Learning (for Audio) with Python", 2020, lesson 16.

    Parameters
    ----------
    shape : (frames, coefficients)
    n_classes : int

    Returns
    -------
    keras.Model
        Takes (n, frames, coefficients, 1), gives (n, n_classes) posteriors.
    """
    import keras
    from keras import layers

    return keras.Sequential(
        [
            layers.Input((*shape, 1), name="features"),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((3, 3), strides=(2, 2), padding="same"),
            layers.BatchNormalization(),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((3, 3), strides=(2, 2), padding="same"),
            layers.BatchNormalization(),
            layers.Conv2D(32, (2, 2), activation="relu"),
            layers.MaxPooling2D((2, 2), strides=(2, 2), padding="same"),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(n_classes, name="logits"),
            layers.Softmax(name="posterior"),
        ],
        name="seed_cnn",
    )
