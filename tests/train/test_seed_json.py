import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import DataSetError
from edge_runtime.frontend import PRESETS
from train.features.seed_json import extraction_from_json, read_seed_json, write_seed_json

GENRES = ("blues", "hip-hop \"n' co")


def some(n: int = 6, shape: tuple[int, int] = (130, 13)) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 100, (n, *shape)).astype(np.float32)


def test_what_is_written_is_read_back_bit_for_bit(tmp_path: Path) -> None:
    features = some()
    write_seed_json(tmp_path / "new" / "data.json", GENRES, [0, 1, 1, 0, 1, 0], iter(features))
    mapping, labels, found = read_seed_json(tmp_path / "new" / "data.json")
    assert mapping == GENRES
    assert labels.tolist() == [0, 1, 1, 0, 1, 0]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, features)


def test_the_file_is_what_the_notebooks_load(tmp_path: Path) -> None:
    features = some(2)
    write_seed_json(tmp_path / "data.json", GENRES, [0, 1], features)
    data = json.loads((tmp_path / "data.json").read_text())
    assert list(data) == ["mapping", "labels", "mfcc"]
    assert np.array(data["mfcc"]).shape == (2, 130, 13)
    np.testing.assert_array_equal(np.array(data["mfcc"], np.float32), features)


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("order", [("mapping", "labels", "mfcc"), ("mfcc", "labels", "mapping")])
def test_a_file_that_json_wrote_is_read(tmp_path: Path, indent, order) -> None:
    content = {"mapping": list(GENRES), "labels": [1, 0], "mfcc": some(2, (3, 2)).tolist()}
    text = json.dumps({key: content[key] for key in order} | {"more": {"a": 1}}, indent=indent)
    # As an editor of Windows saves it: with a byte order mark.
    (tmp_path / "data.json").write_text(text, encoding="utf-8-sig" if indent else "utf-8")
    mapping, labels, found = read_seed_json(tmp_path / "data.json")
    assert (mapping, labels.tolist()) == (GENRES, [1, 0])
    np.testing.assert_array_equal(found, some(2, (3, 2)))


def test_pieces_may_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features = some(3, (4, 2))
    write_seed_json(tmp_path / "data.json", GENRES, [0, 1, 1], features)
    for size in (1, 2, 7, 100):
        monkeypatch.setattr("train.features.seed_json._CHUNK", size)
        _, labels, found = read_seed_json(tmp_path / "data.json")
        assert labels.tolist() == [0, 1, 1]
        np.testing.assert_array_equal(found, features)


def test_writing_and_reading_need_little_more_than_the_features(tmp_path: Path) -> None:
    features = some(400)
    path = tmp_path / "data.json"
    tracemalloc.start()
    write_seed_json(path, GENRES, [0] * 400, features)
    _, written = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert written < 1e6
    tracemalloc.start()
    read_seed_json(path)
    _, read = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read < 2 * features.nbytes + 10e6  # json.load alone takes ten times the features


GOOD = {"mapping": ["a", "b"], "labels": [0, 1], "mfcc": [[[1.0, 2.0]], [[3.0, 4.0]]]}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"labels": None}, "'labels' is not a list"),
        ({"labels": [0, 2]}, "label 1 is 2; it must be the index of one of the 2 genres"),
        ({"labels": [0, -1]}, "label 1 is -1"),
        ({"labels": [0, True]}, "label 1 is True"),
        ({"labels": [0]}, "1 labels and 2 windows"),
        ({"mapping": "ab"}, "'mapping' is not a list of genres"),
        ({"mapping": ["a", "a"]}, "names a genre twice"),
        ({"mfcc": []}, "holds no windows"),
        ({"mfcc": {}}, "is missing"),
        ({"mfcc": [[[1.0, 2.0]], [[3.0]]]}, "window 1 of 'mfcc' has shape"),
        ({"mfcc": [[[1.0, 2.0], [1.0]], [[3.0]]]}, "window 0 of 'mfcc' is not"),
        ({"mfcc": [[["x", "y"]], [["x", "y"]]]}, "window 0 of 'mfcc' is not"),
        ({"mfcc": [1.0, 2.0]}, "window 0 of 'mfcc' is not"),
        ({"mfcc": [[[1e300, 2.0]], [[3.0, 4.0]]]}, "no finite number"),
        ({"mfcc": [[[float("nan"), 2.0]], [[3.0, 4.0]]]}, "NaN is no number"),
    ],
)
def test_a_malformed_file_is_refused_with_the_place(tmp_path: Path, change, complaint) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps({**GOOD, **change}))
    with pytest.raises(DataSetError, match=complaint):
        read_seed_json(path)


@pytest.mark.parametrize("missing", ["mapping", "labels", "mfcc"])
def test_a_missing_key_is_named(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps({key: value for key, value in GOOD.items() if key != missing}))
    with pytest.raises(DataSetError, match=f"has no '{missing}'"):
        read_seed_json(path)


def test_half_a_file_and_no_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    with pytest.raises(DataSetError, match=r"cannot be read"):
        read_seed_json(path)
    text = json.dumps(GOOD)
    for end in range(len(text)):
        path.write_text(text[:end])
        with pytest.raises(DataSetError, match=r"is not whole JSON|has no|window"):
            read_seed_json(path)
    for content in (b"\xff\xfe", b"[]", b"[" * 100_000, b"{" + b'"a":[' * 100_000):
        path.write_bytes(content)
        with pytest.raises(DataSetError, match=r"is not whole JSON"):
            read_seed_json(path)


def test_a_run_that_ends_in_the_middle_leaves_no_file(tmp_path: Path) -> None:
    def breaks_off():
        yield some(1)[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_seed_json(tmp_path / "data.json", GENRES, [0, 1], breaks_off())
    assert not list(tmp_path.iterdir())


def test_windows_become_an_extraction_where_they_fit_the_front_end(tmp_path: Path) -> None:
    params = PRESETS["seed-mfcc13"]
    path = tmp_path / "data.json"
    write_seed_json(path, GENRES, [1, 0], some(2))
    found = extraction_from_json(path, params).tracks
    assert [item.track.label for item in found] == [GENRES[1], GENRES[0]]
    assert len({item.track.id for item in found}) == 2
    np.testing.assert_array_equal(found[1].features, some(2)[1:])
    write_seed_json(path, GENRES, [1, 0], some(2, (130, 20)))
    with pytest.raises(DataSetError, match=r"130 frames of 20 coefficients.*130 of 13"):
        extraction_from_json(path, params)
