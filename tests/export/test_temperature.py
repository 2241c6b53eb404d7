import numpy as np
import pytest
from scipy.special import softmax

from export.temperature import scaled, temperature


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_overconfidence(sharpness: float) -> None:
    """Labels drawn from known posteriors; a network that sharpens them must be softened."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 1.5, (6_000, 5))
    true = softmax(logits, axis=1)
    labels = (true.cumsum(axis=1) < generator.random((len(logits), 1))).sum(axis=1)
    claimed = softmax(sharpness * logits, axis=1).astype(np.float32)
    found = temperature(claimed, labels)
    assert found == pytest.approx(sharpness, rel=0.05)
    np.testing.assert_allclose(scaled(claimed, found), true, atol=0.03)


def test_scaling_keeps_every_label_and_the_sum() -> None:
    posteriors = softmax(np.random.default_rng(1).normal(0, 4, (500, 10)), axis=1)
    soft = scaled(posteriors.astype(np.float32), 2.5)
    np.testing.assert_array_equal(soft.argmax(axis=1), posteriors.argmax(axis=1))
    np.testing.assert_allclose(soft.sum(axis=1), 1.0, atol=1e-6)
    assert soft.max() < posteriors.max()
