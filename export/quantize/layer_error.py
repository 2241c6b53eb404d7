"""Which layer loses most: what a network's layers give, before and after quantization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LayerError:
    """How far one layer is from itself in float."""

    name: str
    error: float
    """Root mean square of the difference, in units of the layer's own root mean square"""
    added: float
    """The part of it that was not there in the layers before"""


def layer_errors(reference: dict[str, Values], quantized: dict[str, Values]) -> list[LayerError]:
    """Compare the layers that both have, in order.

    Parameters
    ----------
    reference, quantized : dict of arrays
        What each layer gives for the same windows, by name, in order of execution.
    """
    errors: list[LayerError] = []
    before = 0.0
    for name, expected in reference.items():
        found = quantized.get(name)
        if found is None or found.size != expected.size:
            continue
        size = float(np.sqrt(np.mean(np.square(expected, dtype=np.float64))))
        difference = found.reshape(expected.shape).astype(np.float64) - expected
        error = float(np.sqrt(np.mean(np.square(difference)))) / max(size, 1e-12)
        added = float(np.sqrt(max(error**2 - before**2, 0.0)))
        errors.append(LayerError(name, error, added))
        before = error
    return errors


def worst_layer(errors: list[LayerError]) -> LayerError | None:
    """The layer that adds most error; None where no layer could be compared."""
    return max(errors, key=lambda item: item.added, default=None)
