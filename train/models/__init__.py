"""The model zoo: networks and classic baselines by name, each with its front end.

A *network* is a Keras model and can be exported to the device. A *baseline* is a classic method on
statistics of the features; it is trained, scored and compared, and stays on the workstation. A
*pretrained* model begins with the weights of MusiCNN, and maybe YAMNet (`train.transfer`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..transfer.keras_model import Places
from ..transfer.recipe import Recipe
from .baseline import Baseline
from .crnn import crnn
from .gaussian_knn import GaussianKnn
from .kmeans import MajorityKMeans
from .seed_cnn import seed_cnn
from .svm import StatisticsSvm


@dataclass(frozen=True)
class TrainingDefaults:
    """How a network is trained by default."""

    epochs: int
    learning_rate: float
    batch_size: int = 32
    schedule: str = "constant"
    patience: int = 0
    """Epochs without a better validation loss before training stops; 0 trains to the end"""
    class_weight: str = "none"
    spec_augment: bool = False
    mixup: float = 0.0


@dataclass(frozen=True)
class Network:
    """A Keras network and its defaults."""

    build: Callable[[tuple[int, int], int], Any]
    """(frames, coefficients), number of classes -> Keras model that ends in a softmax"""
    front_end: str
    """Name of a front-end preset"""
    defaults: TrainingDefaults
    overlap: float = 0.0
    """Share of a training window that the next one has again"""


@dataclass(frozen=True)
class BaselineRecipe:
    """A classic method and its front end."""

    build: Callable[[int, int], Baseline]
    """number of classes, seed -> something that can be fitted"""
    front_end: str = "seed-mfcc13"
    overlap: float = field(default=0.0, init=False)


NETWORKS: dict[str, Network] = {
    "seed-cnn": Network(seed_cnn, "seed-mfcc13", TrainingDefaults(50, 1e-4)),
    "seed-cnn-mel": Network(
        seed_cnn,
        "mel64",
        TrainingDefaults(30, 3e-4, schedule="cosine", patience=8, class_weight="balanced"),
        overlap=0.5,
    ),
    "crnn": Network(
        crnn,
        "mel64",
        TrainingDefaults(
            40, 1e-3, schedule="cosine", patience=10, class_weight="balanced", spec_augment=True
        ),
        overlap=0.5,
    ),
}

BASELINES: dict[str, BaselineRecipe] = {
    "knn": BaselineRecipe(GaussianKnn),
    "kmeans": BaselineRecipe(MajorityKMeans),
    "svm": BaselineRecipe(StatisticsSvm),
}

PRETRAINED: dict[str, Recipe] = {
    "base": Recipe(Places(), epochs=2),
    "tiny": Recipe(Places(frames=2, curves=(3, 2)), epochs=5, styles_of_penultimate=True),
    "plus": Recipe(Places(), epochs=2, yamnet=True),
}

MODELS: dict[str, Network | BaselineRecipe | Recipe] = {**BASELINES, **NETWORKS, **PRETRAINED}
"""Every model that ``edge-genre train --model`` takes"""
