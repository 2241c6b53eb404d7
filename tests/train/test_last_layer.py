"""Layers that are fitted to features, and what eight bits leave of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from train.transfer.head import HeadInput, fit_head, fit_outputs, outputs_of


def _in_eight_bits(kernel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """As TFLite's dynamic range quantization has it: a scale for each output."""
    scale = np.abs(kernel).max(axis=0) / 127
    return np.asarray(np.round(kernel / scale) * scale, np.float32)


@pytest.fixture
def features() -> npt.NDArray[np.float32]:
    """(2,000, 40): one of them hardly varies."""
    drawn = np.random.default_rng(0).normal(size=(2000, 40)).astype(np.float32)
    drawn[:, 7] *= 0.002
    return drawn


@pytest.fixture
def wanted(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(2,000, 5) made of all features, and of that one most of all for its size."""
    kernel = np.random.default_rng(1).normal(size=(40, 5)).astype(np.float32)
    kernel[7] *= 200.0
    return features @ kernel


def test_outputs_survive_eight_bits_where_a_feature_hardly_varies(
    features: npt.NDArray[np.float32], wanted: npt.NDArray[np.float32]
) -> None:
    head = fit_outputs([features], wanted)
    found = outputs_of(head, [features])
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.98
    error = features @ _in_eight_bits(head.kernel) + head.bias - found
    assert np.sqrt(np.mean(error**2)) < 0.02 * found.std()


def test_genres_survive_eight_bits_where_a_feature_hardly_varies(
    features: npt.NDArray[np.float32], wanted: npt.NDArray[np.float32]
) -> None:
    labels = wanted.argmax(axis=1)
    head = fit_head([HeadInput(features)], labels, np.ones(len(labels)), n_genres=5)
    found = outputs_of(head, [features]).argmax(axis=1)
    assert np.mean(found == labels) > 0.8
    rounded = (features @ _in_eight_bits(head.kernel) + head.bias).argmax(axis=1)
    assert np.mean(rounded == found) > 0.97


def test_features_that_never_vary_are_no_obstacle() -> None:
    constant = np.full((50, 3), 2.0, np.float32)
    head = fit_outputs([constant], np.arange(100, dtype=np.float32).reshape(50, 2))
    np.testing.assert_allclose(outputs_of(head, [constant])[0], [49.0, 50.0], rtol=1e-5)
