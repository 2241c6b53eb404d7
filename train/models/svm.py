"""A support vector machine on MFCC statistics: the usual strong classic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .baseline import Features, Posteriors, statistics

_FOLDS = 5


class StatisticsSvm:
    """RBF support vector machine on the mean and covariance of MFCC frames.

    M. Mandel and D. Ellis, "Song-level features and support vector machines for music
    classification", ISMIR 2005. Genres weigh the same whatever their number of clips. Posteriors
    are Platt's: sigmoids fitted to decision values of windows whose track was held out.
    """

    def __init__(self, n_classes: int, seed: int) -> None:
        self._n_classes, self._seed = n_classes, seed

    def fit(
        self, windows: Features, labels: npt.NDArray[np.int64], tracks: npt.NDArray[np.int64]
    ) -> None:
        """Fit the machine, and the sigmoids on top of it."""
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.model_selection import StratifiedGroupKFold
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        rows = statistics(windows)
        machine = make_pipeline(StandardScaler(), SVC(C=3.0, class_weight="balanced"))
        folds = min(_FOLDS, *(len(np.unique(tracks[labels == own])) for own in np.unique(labels)))
        if folds < 2:  # a genre of one track: nothing of it can be held out
            self._model = _Uncalibrated(machine.fit(rows, labels))
            return
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=self._seed)
        self._model = CalibratedClassifierCV(
            machine, ensemble=False, cv=list(splitter.split(rows, labels, tracks))
        ).fit(rows, labels)

    def predict(self, windows: Features) -> Posteriors:
        """Calibrated posteriors; 0 for a genre that had no training windows."""
        posteriors = np.zeros((len(windows), self._n_classes), np.float32)
        posteriors[:, self._model.classes_] = self._model.predict_proba(statistics(windows))
        return posteriors

    @property
    def parameters(self) -> int:
        """Support vectors and their factors."""
        calibrated = getattr(self._model, "calibrated_classifiers_", None)
        machine = (calibrated[0].estimator if calibrated else self._model.machine)[-1]
        return int(machine.support_vectors_.size + machine.dual_coef_.size)


class _Uncalibrated:
    """Softmax of the decision values."""

    def __init__(self, machine: object) -> None:
        from typing import Any, cast

        self.machine = cast(Any, machine)
        self.classes_ = self.machine.classes_

    def predict_proba(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        values = self.machine.decision_function(rows)
        if values.ndim == 1:
            values = np.stack([-values, values], axis=1)
        powers = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))
