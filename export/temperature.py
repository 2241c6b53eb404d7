"""Temperature scaling: posteriors that are probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_LOWEST, _HIGHEST, _STEPS = 0.25, 10.0, 400


def temperature(posteriors: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> float:
    """The temperature that makes posteriors of unseen windows most likely.

    A network is too sure of music that it was not trained on; dividing its logits by one number
    corrects that and changes no label (Guo et al., "On calibration of modern neural
    networks", ICML 2017).

    Parameters
    ----------
    posteriors : (n, classes) float32
        Of windows that were not trained on.
    labels : (n,) int
        Their true labels.

    Returns
    -------
    float
        From 0.25 to 10, in steps of about 1 %, with the least mean negative log-likelihood.
    """
    candidates = np.geomspace(_LOWEST, _HIGHEST, _STEPS)
    logits = np.log(np.maximum(posteriors.astype(np.float64), 1e-12))
    losses = [_negative_log_likelihood(logits / candidate, labels) for candidate in candidates]
    return round(float(candidates[int(np.argmin(losses))]), 3)


def scaled(posteriors: npt.NDArray[np.float32], by: float) -> npt.NDArray[np.float32]:
    """Posteriors as they are after their logits are divided by a temperature."""
    powers = np.maximum(posteriors.astype(np.float64), 1e-30) ** (1.0 / by)
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def _negative_log_likelihood(
    logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]
) -> float:
    peak = logits.max(axis=1)
    log_sum = peak + np.log(np.exp(logits - peak[:, np.newaxis]).sum(axis=1))
    return float(np.mean(log_sum - logits[np.arange(len(labels)), labels]))
