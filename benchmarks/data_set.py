"""The clips of one part of a data set, found as ``edge-genre`` finds them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.errors import DataSetError
from train.data.datasets import DATASETS, FMA, load, recognised
from train.data.datasets.gtzan_split import fault_filtered
from train.data.tracks import Track

LIST = "tracks.csv"


def add_data_arguments(parser: argparse.ArgumentParser, default: Path | None = None) -> None:
    """Declare ``--data`` and ``--data-set``."""
    parser.add_argument(
        "--data", type=Path, default=default, help=f"folder of clips, with their {LIST} or in parts"
    )
    parser.add_argument("--data-set", choices=("auto", *sorted(DATASETS)), default="auto")


def clips_of_part(
    folder: Path, part: str, *, data_set: str = "auto", labels: Sequence[str] | None = None
) -> list[Track]:
    """The clips of a part, as the list in the folder says, its folders, or the data set itself.

    Parameters
    ----------
    folder : Path
    part : str
        ``train``, ``valid`` or ``test``.
    data_set : str
        A key of `train.data.datasets.DATASETS`, or ``auto``.
    labels : sequence of str, optional
        Genres of a model, in its spelling.

    Raises
    ------
    DataSetError
        If it is not known which clip is in which part, or none is in this one.
    """
    known = recognised(folder, data_set)
    own_list = known.id != FMA.id and (folder / LIST).is_file()  # FMA's table has the same name
    listed = load(folder, known.id, folder / LIST if own_list else None, labels)
    parts = listed.parts or (fault_filtered() if listed.dataset == "gtzan" else {})
    chosen = [track for track in listed.tracks if parts.get(track.id) == part]
    if not chosen:
        raise DataSetError(
            f"{folder}: no clips of a part {part!r} are known; put {LIST} there (genre, split, and "
            "path or id), or the clips into folders called train, valid and test"
        )
    return chosen
