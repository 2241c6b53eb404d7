import os
from pathlib import Path

import pytest

from edge_runtime.errors import DataSetError
from train.data.datasets import load
from train.data.genre_check import check_genres, check_labels


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize("genre", ["unknown", "silence", "Unknown", "SILENCE", "si-lence"])
def test_a_genre_that_is_called_like_the_runtimes_own_labels_is_refused(
    tmp_path: Path, genre: str
) -> None:
    touch(tmp_path / genre / "a.wav")
    touch(tmp_path / "rock" / "a.wav")
    with pytest.raises(DataSetError, match=f"{genre!r} cannot be a genre"):
        check_genres(load(tmp_path), tmp_path)


def test_a_label_that_the_model_has_of_its_own_is_refused_for_that_model_alone(
    tmp_path: Path,
) -> None:
    touch(tmp_path / "Not_Music" / "a.wav")
    touch(tmp_path / "rock" / "a.wav")
    check_genres(load(tmp_path), tmp_path)
    with pytest.raises(DataSetError, match="'Not_Music' cannot be a genre"):
        check_genres(load(tmp_path), tmp_path, reserved=("not music",))


def test_one_genre_is_refused_with_the_folder_that_may_be_meant(tmp_path: Path) -> None:
    touch(tmp_path / "Data" / "genres_original" / "tango" / "a.wav")
    touch(tmp_path / "Data" / "genres_original" / "polka" / "a.wav")
    with pytest.raises(DataSetError, match=f"if the folders in {tmp_path}/Data/genres_original"):
        check_genres(load(tmp_path), tmp_path)
    (tmp_path / "t.csv").write_text("path,genre\ntango/a.wav,tango\npolka/a.wav,tango\n")
    listed = load(tmp_path / "Data" / "genres_original", csv=tmp_path / "t.csv")
    with pytest.raises(DataSetError, match="there is only 'tango'"):
        check_genres(listed, tmp_path / "Data" / "genres_original")
    touch(tmp_path / "one" / "rock" / "a.wav")
    with pytest.raises(DataSetError, match="a folder of its own"):
        check_genres(load(tmp_path / "one"), tmp_path / "one")


def test_a_genre_whose_name_is_not_utf8_is_refused(tmp_path: Path) -> None:
    touch(Path(os.fsdecode(os.fsencode(tmp_path) + b"/s\xe3o/a.wav")))
    touch(tmp_path / "rock" / "a.wav")
    with pytest.raises(DataSetError, match=r"genre 's\\xe3o' is not UTF-8"):
        check_genres(load(tmp_path), tmp_path)


def test_one_genre_in_two_spellings_is_refused() -> None:
    check_labels(["hiphop", "rap", "R&B"], "data.json")
    with pytest.raises(DataSetError, match="json: 'Hip-Hop' and 'hiphop' are one genre"):
        check_labels(["Hip-Hop", "hiphop"], "data.json")
    with pytest.raises(DataSetError, match="are one genre"):
        check_labels(["S\u00e3o", "Sa\u0303o"], "data.json")
