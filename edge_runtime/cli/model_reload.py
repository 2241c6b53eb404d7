"""A model that is replaced while ``listen`` runs: by SIGHUP, or when its file changes."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ..classifier import Classifier
from ..errors import EdgeGenreError
from ..model.file import BUNDLED, BUNDLED_MODEL, read_model
from ..stream.loop import LoadedModel
from . import warn
from .arguments import shown_tags
from .decoder_arguments import chosen_genres, decoder_settings

_CHECK_SECONDS = 2.0

_Stamp = tuple[int, int, int]


class ModelReload:
    """Loads a model, and again on request or when its file has changed.

    A model that ships with the package is loaded again only on request.

    Parameters
    ----------
    args : argparse.Namespace
        Of ``listen``: model, threads, and what overrides the model's settings.

    Raises
    ------
    EdgeGenreError
        If it cannot be loaded at the start.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        bundled = args.model is None or args.model in BUNDLED
        self._path = None if bundled else Path(args.model)
        self._loaded = self._seen = _stamp(self._path)
        self._check_at = time.monotonic() + _CHECK_SECONDS
        self.first = self._load()

    def load(self, *, requested: bool) -> LoadedModel | None:
        """The model as it is now, if it is to be loaded again; None if not, or if it is damaged.

        A file that is still being written is left until it stays the same for two seconds. One
        that cannot be loaded is reported once; the model before goes on.

        Parameters
        ----------
        requested : bool
            Load it whether its file has changed or not.
        """
        if not (requested or self._has_changed()):
            return None
        self._loaded = self._seen = _stamp(self._path)
        try:
            return self._load()
        except EdgeGenreError as error:
            warn(f"{error}; the model before goes on")
            return None

    def _load(self) -> LoadedModel:
        args = self._args
        file = read_model(BUNDLED_MODEL if args.model is None else args.model)
        shown_tags(args, file.manifest)  # refuses more than there are
        only, ignored = chosen_genres(args, file.manifest.labels)
        classifier = Classifier(file, threads=args.threads, only=only, ignored=ignored)
        return LoadedModel(classifier, decoder_settings(args, classifier.manifest.decoder))

    def _has_changed(self) -> bool:
        now = time.monotonic()
        if self._path is None or now < self._check_at:
            return False
        self._check_at = now + _CHECK_SECONDS
        before, self._seen = self._seen, _stamp(self._path)
        return self._seen is not None and self._seen == before and self._seen != self._loaded


def _stamp(path: Path | None) -> _Stamp | None:
    """What differs when a file was replaced; None where there is none."""
    try:
        status = path.stat() if path else None
    except OSError:
        return None
    return status and (status.st_mtime_ns, status.st_size, status.st_ino)
