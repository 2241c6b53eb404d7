"""A model that is exchanged while ``listen`` runs: by SIGHUP, or when its file changes."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ..classifier import Classifier
from ..errors import EdgeGenreError
from ..model.file import BUNDLED
from ..stream.loop import LoadedModel
from . import warn
from .decoder_arguments import decoder_settings

_LOOK_SECONDS = 2.0

_Stamp = tuple[int, int, int]


class ModelReload:
    """Loads a model, and again when that is asked for or its file is another one.

    A model that ships with the package is loaded again only when that is asked for.

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
        named = args.model is None or args.model in BUNDLED
        self._path = None if named else Path(args.model)
        self._loaded = self._seen = _stamp(self._path)
        self._look_at = time.monotonic() + _LOOK_SECONDS
        self.first = self._load()

    def load(self, *, asked: bool) -> LoadedModel | None:
        """The model as it is now, if it is to be loaded again; None if not, or if it is damaged.

        A file that is still being written is left until it stays the same for two seconds. One
        that cannot be loaded is told of once; the model before goes on.

        Parameters
        ----------
        asked : bool
            Whether it is to be loaded whatever its file looks like.
        """
        if not (asked or self._is_exchanged()):
            return None
        self._loaded = self._seen = _stamp(self._path)
        try:
            return self._load()
        except EdgeGenreError as error:
            warn(f"{error}; the model before goes on")
            return None

    def _load(self) -> LoadedModel:
        args = self._args
        classifier = Classifier(
            args.model, threads=args.threads, only=args.only or (), ignored=args.ignore or ()
        )
        return LoadedModel(classifier, decoder_settings(args, classifier.manifest.decoder))

    def _is_exchanged(self) -> bool:
        now = time.monotonic()
        if self._path is None or now < self._look_at:
            return False
        self._look_at = now + _LOOK_SECONDS
        before, self._seen = self._seen, _stamp(self._path)
        return self._seen is not None and self._seen == before and self._seen != self._loaded


def _stamp(path: Path | None) -> _Stamp | None:
    """What tells a file from another one of its name; None where there is none."""
    try:
        status = path.stat() if path else None
    except OSError:
        return None
    return status and (status.st_mtime_ns, status.st_size, status.st_ino)
