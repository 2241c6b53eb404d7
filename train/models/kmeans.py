"""k-means: clusters found without genres, then named after them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .baseline import Features, Posteriors, statistics

_CLUSTERS_PER_GENRE = 4


class MajorityKMeans:
    """Clusters of MFCC statistics; a cluster's posterior is the mix of genres found in it.

    J. MacQueen, "Some methods for classification and analysis of multivariate observations", 1967;
    a cluster gets the genre that most of its training windows have, each genre weighing
    the same. Four clusters a genre: with one, as many genres as not are the majority of none.
    """

    def __init__(self, n_classes: int, seed: int) -> None:
        self._n_classes, self._seed = n_classes, seed

    def fit(
        self, windows: Features, labels: npt.NDArray[np.int64], tracks: npt.NDArray[np.int64]
    ) -> None:
        """Find the clusters, and the genres in each."""
        from sklearn.cluster import KMeans
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        rows = statistics(windows)
        n_clusters = min(len(rows), _CLUSTERS_PER_GENRE * self._n_classes)
        self._model = make_pipeline(
            StandardScaler(), KMeans(n_clusters, n_init=10, random_state=self._seed)
        )
        clusters = self._model.fit_predict(rows)
        counts = np.zeros((n_clusters, self._n_classes))
        np.add.at(counts, (clusters, labels), 1.0)
        weighted = counts / np.maximum(1.0, counts.sum(axis=0))
        self._mix = weighted / weighted.sum(axis=1, keepdims=True)

    def predict(self, windows: Features) -> Posteriors:
        """The mix of genres of each window's cluster."""
        mix: Posteriors = self._mix[self._model.predict(statistics(windows))].astype(np.float32)
        return mix

    @property
    def parameters(self) -> int:
        """Centres and mixes."""
        return int(self._model[-1].cluster_centers_.size + self._mix.size)
