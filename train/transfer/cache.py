"""Corpora, and a teacher's outputs for them: computed once for all models, then cached."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..augment import random_degradation
from ..features.files import open_atomically, storing
from .corpus import Corpus, FrontEnds, Source, make_corpus
from .distil import Targets, targets
from .pruning import Affine


def corpus_key(drawn: Sequence[Source], front_ends: FrontEnds, seed: int) -> str:
    """Name of a corpus: of these files, as long as they are, of these front ends and this seed."""
    listed = [
        (str(source.path.resolve()), source.path.stat().st_size, source.label, source.windows)
        for source in drawn
    ]
    text = json.dumps([listed, dataclasses.asdict(front_ends), seed])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cached_corpus(
    folder: Path, drawn: Sequence[Source], front_ends: FrontEnds, seed: int
) -> Corpus:
    """The corpus of these files and this seed."""
    clean, degraded, labels, places, skipped = cached_arrays(
        folder,
        ("clean", "degraded", "labels", "sources", "skipped"),
        lambda: make_corpus(drawn, front_ends, random_degradation, seed),
    )
    return Corpus(clean, degraded, np.asarray(labels), np.asarray(places), tuple(map(str, skipped)))


def cached_targets(
    folder: Path, teacher: Any, windows: npt.NDArray[np.float16], features: Affine
) -> Targets:
    """Outputs of this very teacher for windows; every student has the same."""
    names = [field.name for field in dataclasses.fields(Targets)]
    cache = folder / f"targets-{network_digest(teacher)}"
    return Targets(*cached_arrays(cache, names, lambda: targets(teacher, windows, features)))


def network_digest(network: Any) -> str:
    """Digest of the weights of a network."""
    digest = hashlib.sha256()
    for weights in network.get_weights():
        digest.update(np.ascontiguousarray(weights).tobytes())
    return digest.hexdigest()[:16]


def cached_arrays(
    folder: Path, names: Sequence[str], compute: Callable[[], object]
) -> list[npt.NDArray[Any]]:
    """Attributes of what `compute` returns, as arrays on disk; computed where one is missing."""
    paths = [folder / f"{name}.npy" for name in names]
    if not all(path.is_file() for path in paths):
        found = compute()
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for name, path in zip(names, paths, strict=True):
                with open_atomically(path, "wb") as file:
                    np.save(file, np.asarray(getattr(found, name)))
    return [np.load(path, mmap_mode="r") for path in paths]
