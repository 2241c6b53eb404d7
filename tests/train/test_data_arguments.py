"""``--data-set``, ``--split-file`` and ``--split`` of the commands that examine a model."""

import argparse
from pathlib import Path

import pytest

from edge_runtime.errors import DataSetError, ParameterError
from train.cli.data_arguments import add_part_arguments, find_part
from train.data.tracks import Track


def found(data: Path, *words: str) -> list[Track]:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    add_part_arguments(parser)
    return find_part(parser.parse_args([str(data), *words]), ("jazz", "rock"))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for name in ("train/jazz/a.wav", "validation/jazz/b.wav", "validation/rock/c.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize("part", ["valid", "validation", "Val"])
def test_a_part_is_a_folder_by_any_of_its_names(music: Path, part: str) -> None:
    assert [track.path.stem for track in found(music, "--split", part)] == ["b", "c"]
    assert len(found(music)) == 3
    with pytest.raises(DataSetError, match="no clips in part 'test'; the folders are: train, val"):
        found(music, "--split", "test")


def test_a_part_of_a_list_goes_before_folders(music: Path) -> None:
    (music / "t.csv").write_text("id;genre;split\na;jazz;Val\nc;rock;train\n")
    listed = ("--split-file", str(music / "t.csv"), "--split", "valid")
    assert [track.id for track in found(music, *listed)] == ["a"]
    (music / "t.csv").write_text("id,genre\na,jazz\nc,rock\n")
    with pytest.raises(DataSetError, match=r"t\.csv: has no column split"):
        found(music, *listed)
    assert len(found(music, *listed[:2])) == 2


def test_a_part_of_what_has_none_is_refused(music: Path) -> None:
    with pytest.raises(ParameterError, match="add --split-file CSV"):
        found(music / "validation", "--split", "valid")


def test_the_layout_can_be_told(music: Path) -> None:
    with pytest.raises(DataSetError, match="holds no clips of GTZAN"):
        found(music, "--data-set", "gtzan")
