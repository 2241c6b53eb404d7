"""A small convolutional recurrent network."""

from __future__ import annotations

from typing import Any


def crnn(shape: tuple[int, int], n_classes: int) -> Any:
    """Convolutions over short stretches, and a recurrent layer over the window.

    After K. Choi, G. Fazekas, M. Sandler and K. Cho, "Convolutional recurrent neural networks for
    music classification", ICASSP 2017, made small: separable convolutions after the first, about
    20,000 parameters. Pooling leaves 16 steps of time for 3 s, and the recurrence is unrolled, so
    that the network exports without loops.

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

    def block(x: Any, filters: int, pool: tuple[int, int], *, separable: bool) -> Any:
        convolution = layers.SeparableConv2D if separable else layers.Conv2D
        x = convolution(filters, (3, 3), padding="same", use_bias=False)(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        return layers.MaxPooling2D(pool)(x)

    features = layers.Input((*shape, 1), name="features")
    x = block(features, 16, (2, 2), separable=False)
    x = block(x, 32, (2, 2), separable=True)
    x = block(x, 48, (2, 2), separable=True)
    x = block(x, 64, (1, 2), separable=True)
    frames, bands, channels = x.shape[1:]
    # Mean over the bands that are left: where in the spectrum a feature was found does not matter.
    x = layers.AveragePooling2D((1, bands))(x)
    x = layers.Reshape((frames, channels))(x)
    x = layers.GRU(48, unroll=True)(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(n_classes, name="logits")(x)
    return keras.Model(features, layers.Softmax(name="posterior")(x), name="crnn")
