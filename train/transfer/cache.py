"""Corpora, and what a teacher said of them: drawn and asked once for all models, then cached."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.frontend import FrontEndParams

from ..augment import random_degradation
from ..features.files import storing, temporary_name
from .corpus import Corpus, Source, make_corpus
from .distil import Targets, targets
from .pruning import Affine


def corpus_key(drawn: Sequence[Source], params: FrontEndParams, seed: int) -> str:
    """Name of a corpus: of these files, as long as they are, of this front end and this seed."""
    listed = [
        (str(source.path.resolve()), source.path.stat().st_size, source.label, source.windows)
        for source in drawn
    ]
    text = json.dumps([listed, params.to_dict(), seed])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def kept_corpus(folder: Path, drawn: Sequence[Source], params: FrontEndParams, seed: int) -> Corpus:
    """The corpus of these files and this seed: drawn once for all models."""
    names = ("clean", "heard", "labels", "sources", "skipped")
    if not (folder / "whole").is_file():
        corpus = make_corpus(drawn, params, random_degradation, seed)
        with storing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for name in names:
                _save(folder / f"{name}.npy", np.asarray(getattr(corpus, name)))
            (folder / "whole").touch()
    clean, heard, labels, places, skipped = (
        np.load(folder / f"{name}.npy", mmap_mode="r") for name in names
    )
    return Corpus(clean, heard, np.asarray(labels), np.asarray(places), tuple(map(str, skipped)))


def kept_targets(
    folder: Path, teacher: Any, windows: npt.NDArray[np.float16], features: Affine
) -> Targets:
    """What this very teacher said of windows: asked once for all students."""
    digest = hashlib.sha256()
    for weights in teacher.get_weights():
        digest.update(np.ascontiguousarray(weights).tobytes())
    kept = folder / f"taught-{digest.hexdigest()[:16]}"
    names = tuple(field.name for field in dataclasses.fields(Targets))
    if not (kept / "whole").is_file():
        found = targets(teacher, windows, features)
        with storing(kept):
            kept.mkdir(parents=True, exist_ok=True)
            for name in names:
                _save(kept / f"{name}.npy", getattr(found, name))
            (kept / "whole").touch()
    return Targets(*(np.load(kept / f"{name}.npy", mmap_mode="r") for name in names))


def _save(path: Path, array: npt.NDArray[Any]) -> None:
    temporary = temporary_name(path)
    with temporary.open("wb") as file:
        np.save(file, array)
    temporary.replace(path)
