import csv
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from edge_runtime.errors import DataSetError, ParameterError
from train.data.datasets import DATASETS, load, recognised
from train.data.datasets.gtzan import GENRES, GTZAN, KNOWN_REPEATS
from train.data.datasets.gtzan_split import fault_filtered
from train.data.genre_names import spelling_key

REAL_GTZAN = Path(__file__).parents[2].parent / "shared" / "data" / "gtzan"
needs_gtzan = pytest.mark.skipif(
    not REAL_GTZAN.is_dir(), reason="no copy of GTZAN beside the project"
)


def touch(path: Path, content: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


# --- which data set


@pytest.mark.parametrize(
    "layout",
    [
        "genres/blues/blues.{n:05}.au",
        "Data/genres_original/blues/blues.{n:05}.wav",
        "blues.{n:05}.mp3",
        "train/Blues.{n:05}.WAV",
        "clips/blues/blues.{n:05}.ogg",
    ],
)
def test_gtzan_is_known_by_its_file_names_whatever_the_layout(tmp_path: Path, layout: str) -> None:
    for n in (0, 99):
        touch(tmp_path / layout.format(n=n))
    found = load(tmp_path)
    assert found.dataset == "gtzan"
    assert [(track.id, track.label) for track in found.tracks] == [
        ("blues.00000", "blues"),
        ("blues.00099", "blues"),
    ]


def test_gtzan_with_a_genre_of_ones_own_is_a_folder_of_genre_folders(tmp_path: Path) -> None:
    touch(tmp_path / "blues" / "blues.00000.au")
    touch(tmp_path / "polka" / "p.wav")
    found = load(tmp_path)
    assert found.dataset == "folders"
    assert {track.label for track in found.tracks} == {"blues", "polka"}
    forced = load(tmp_path, "gtzan")
    assert [track.id for track in forced.tracks] == ["blues.00000"]
    assert "1 audio files are not GTZAN's" in forced.warnings[0]


def test_a_stray_file_beside_gtzan_does_not_hide_it(tmp_path: Path) -> None:
    touch(tmp_path / "genres" / "jazz" / "jazz.00001.au")
    stray = touch(tmp_path / "notes.wav")
    found = load(tmp_path)
    assert found.dataset == "gtzan"
    assert found.outside == (stray.resolve(),)


def test_a_clip_of_gtzan_in_two_containers_is_one_clip(tmp_path: Path) -> None:
    touch(tmp_path / "genres" / "jazz" / "jazz.00001.au")
    touch(tmp_path / "genres_original" / "jazz" / "jazz.00001.wav")
    found = load(tmp_path)
    assert len(found.tracks) == 1
    assert "1 clips are there more than once" in found.warnings[0]


def test_a_relabelled_clip_of_gtzan_is_pointed_out(tmp_path: Path) -> None:
    touch(tmp_path / "rock" / "metal.00005.au")
    (warning,) = load(tmp_path).warnings
    assert "rock/metal.00005.au" in warning
    assert "--data-set folders" in warning


def test_a_models_genres_choose_and_spell(tmp_path: Path) -> None:
    touch(tmp_path / "hiphop" / "hiphop.00000.au")
    touch(tmp_path / "jazz" / "jazz.00000.au")
    found = load(tmp_path, labels=("Hip-Hop", "rock"))
    assert [track.label for track in found.tracks] == ["Hip-Hop"]
    assert "1 clips are of genres that the model does not know (jazz)" in found.warnings[0]


def test_a_csv_file_decides_what_the_clips_are(tmp_path: Path) -> None:
    touch(tmp_path / "x" / "a.wav")
    listing = tmp_path / "list.csv"
    listing.write_text("path,genre\nx/a.wav,jazz\n", encoding="utf-8")
    found = load(tmp_path, csv=listing)
    assert (found.dataset, found.tracks[0].label) == ("csv", "jazz")
    touch(tmp_path / "jazz.00007.wav")
    listing.write_text("id,genre\njazz.00007,jazz\n", encoding="utf-8")
    assert load(tmp_path, csv=listing).dataset == "gtzan"


def test_what_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="no such folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(ParameterError, match="must be auto, gtzan, fma, folders"):
        load(tmp_path, "gtzam")
    with pytest.raises(DataSetError, match="no clips found"):
        load(tmp_path)
    with pytest.raises(DataSetError, match=r"blues\.00000\.wav"):
        load(tmp_path, "gtzan")
    touch(tmp_path / "fma_small" / "000" / "000002.mp3")
    with pytest.raises(DataSetError, match=r"unpack fma_metadata\.zip"):
        load(tmp_path)


def test_every_data_set_has_its_citation_and_licence() -> None:
    found = {name: (known.citation[:13], known.licence[:12]) for name, known in DATASETS.items()}
    assert found == {
        "gtzan": ("G. Tzanetakis", "none that an"),
        "fma": ("M. Defferrard", "each track i"),
        "folders": ("", "that of your"),
    }


# --- GTZAN


def test_a_copy_of_gtzan_is_compared_with_the_whole(tmp_path: Path) -> None:
    for genre in GENRES:
        for n in range(100):
            touch(tmp_path / genre / f"{genre}.{n:05}.au")
    assert GTZAN.validate(tmp_path) == []
    (tmp_path / "jazz" / "jazz.00054.au").unlink()
    touch(tmp_path / "jazz" / "jazz.00100.au")
    assert GTZAN.validate(tmp_path) == [
        "1 of GTZAN's 1000 clips are not there: jazz 1",
        "1 audio files are not GTZAN's: jazz/jazz.00100.au",
    ]


def fake_mirdata(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that behaves as mirdata 1.0 does; returns the place of its index."""
    index = folder / "index.json"
    package = folder / "site" / "mirdata.py"
    package.parent.mkdir(parents=True)
    package.write_text(
        "from types import SimpleNamespace\n"
        "def initialize(name):\n"
        "    assert name == 'gtzan_genre'\n"
        f"    return SimpleNamespace(index_path={str(index)!r})\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.delitem(sys.modules, "mirdata", raising=False)
    return index


def write_index(path: Path, contents: dict[str, bytes]) -> None:
    tracks = {
        name: {
            "audio": [
                f"gtzan_genre/genres/{name.split('.')[0]}/{name}.wav",
                hashlib.md5(content).hexdigest(),
            ]
        }
        for name, content in contents.items()
    }
    path.write_text(json.dumps({"version": "1.0", "tracks": tracks}), encoding="utf-8")


def test_mirdatas_checksums_find_a_changed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = fake_mirdata(tmp_path / "lib", monkeypatch)
    write_index(index, {"jazz.00001": b"one", "jazz.00002": b"two"})
    touch(tmp_path / "data" / "jazz.00001.wav", b"one")
    touch(tmp_path / "data" / "jazz.00002.wav", b"changed")
    assert GTZAN.validate(tmp_path / "data")[1:] == [
        "1 of 2 files differ from mirdata's index: jazz.00002"
    ]
    # Where no file agrees, it is the copy that is another one.
    touch(tmp_path / "data" / "jazz.00001.wav", b"other header")
    assert "another conversion" in GTZAN.validate(tmp_path / "data")[1]


def test_a_mirdata_that_cannot_be_imported_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = fake_mirdata(tmp_path / "lib", monkeypatch)
    (index.parent / "site" / "mirdata.py").write_text("import no_such_library", encoding="utf-8")
    touch(tmp_path / "data" / "jazz.00001.wav")
    assert "No module named 'no_such_library'" in GTZAN.validate(tmp_path / "data")[1]


def test_missing_checksums_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = fake_mirdata(tmp_path / "lib", monkeypatch)
    touch(tmp_path / "data" / "jazz.00001.au", b"one")
    assert "without its index of GTZAN; fetch it" in GTZAN.validate(tmp_path / "data")[1]
    index.write_text("{", encoding="utf-8")
    assert "index is damaged" in GTZAN.validate(tmp_path / "data")[1]
    write_index(index, {"jazz.00001": b"one"})
    assert "there are none" in GTZAN.validate(tmp_path / "data")[1]


def test_the_fault_filtered_split_has_the_published_sizes() -> None:
    parts = fault_filtered()
    assert Counter(parts.values()) == {"train": 443, "valid": 197, "test": 290}
    for part in ("train", "valid", "test"):
        genres = {name.split(".")[0] for name, p in parts.items() if p == part}
        assert genres == set(GENRES)
    assert all(0 <= int(name.split(".")[1]) < 100 for name in parts)


def test_the_fault_filtered_split_keeps_no_known_repeat_on_two_sides() -> None:
    parts = fault_filtered()
    for one, other in KNOWN_REPEATS:
        assert len({parts.get(one), parts.get(other)} - {None}) <= 1


@needs_gtzan
def test_the_split_agrees_with_the_list_beside_the_clips() -> None:
    with (REAL_GTZAN / "tracks.csv").open(newline="", encoding="utf-8") as file:
        listed = {row["id"]: row["split"] for row in csv.DictReader(file)}
    parts = fault_filtered()
    assert {name: parts.get(name) for name in listed} == listed


@needs_gtzan
def test_real_clips_are_known_by_their_canonical_ids() -> None:
    found = load(REAL_GTZAN / "clips")
    assert found.dataset == "gtzan"
    assert found.warnings == ()
    assert {track.id for track in found.tracks} <= set(fault_filtered())
    assert all(track.id.startswith(f"{track.label}.") for track in found.tracks)


# --- FMA

HEAD = [
    ["", "album", "artist", "set", "set", "track", "track"],
    ["", "title", "name", "split", "subset", "genre_top", "license"],
    ["track_id", "", "", "", "", "", ""],
]
CC_BY = "Attribution 4.0 International"
ROWS = [
    ["2", "AWOL", "AWOL", "training", "small", "Hip-Hop", CC_BY],
    ["5", "AWOL", "AWOL", "validation", "small", "Hip-Hop", CC_BY],
    ["140", "Niris", "Nicky Cook", "test", "small", "Folk", "CC0 1.0"],
    ["141", "Niris", "Nicky Cook", "training", "small", "", CC_BY],
    ["1500", "Elsewhere", "Someone", "training", "medium", "Rock", CC_BY],
]


def write_fma(root: Path, rows: list[list[str]] = ROWS) -> Path:
    for row in rows[:4]:
        touch(root / "fma_small" / "000" / f"{int(row[0]):06}.mp3", row[0].encode())
    table = root / "fma_metadata" / "tracks.csv"
    table.parent.mkdir(exist_ok=True)
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([*HEAD, *rows])
    return root


@pytest.mark.parametrize("folder", [".", "fma_small"])
def test_fmas_table_tells_genre_artist_licence_and_part(tmp_path: Path, folder: str) -> None:
    found = load(write_fma(tmp_path) / folder)
    assert found.dataset == "fma"
    assert [(t.id, t.label, t.artist, t.licence) for t in found.tracks] == [
        ("000002", "Hip-Hop", "AWOL", CC_BY),
        ("000005", "Hip-Hop", "AWOL", CC_BY),
        ("000140", "Folk", "Nicky Cook", "CC0 1.0"),
    ]
    assert found.parts == {"000002": "train", "000005": "valid", "000140": "test"}
    assert "1 clips have no top genre" in found.warnings[0]


def test_fmas_genres_take_a_models_spelling(tmp_path: Path) -> None:
    found = load(write_fma(tmp_path), labels=("hiphop",))
    assert {track.label for track in found.tracks} == {"hiphop"}


def test_a_copy_of_fma_is_compared_with_its_table_and_checksums(tmp_path: Path) -> None:
    root = write_fma(tmp_path)
    fma = recognised(root)
    sums = [f"{hashlib.sha1(str(n).encode()).hexdigest()}  000/{n:06}.mp3\n" for n in (2, 5, 140)]
    touch(root / "fma_small" / "checksums", "".join(sums).encode())
    assert fma.validate(root) == []
    touch(root / "fma_small" / "000" / "000005.mp3", b"changed")
    (root / "fma_small" / "000" / "000140.mp3").unlink()
    touch(root / "fma_small" / "000" / "000999.mp3")
    assert fma.validate(root) == [
        "1 clips of fma_small are not there: 000140",
        "1 audio files are not in FMA's table: 000999.mp3",
        "1 of 2 files differ from fma_small/checksums: 000005",
    ]


@pytest.mark.parametrize(
    "table", ["", "id,genre\n2,Folk\n", "a,b\nc,d\ntrack_id,\n", "\x00\xff", ",set\n,split\nx,\n"]
)
def test_another_tracks_csv_is_not_taken_for_fmas(tmp_path: Path, table: str) -> None:
    write_fma(tmp_path)
    (tmp_path / "fma_metadata" / "tracks.csv").write_text(table, encoding="latin-1")
    with pytest.raises(DataSetError, match=r"unpack fma_metadata\.zip"):
        load(tmp_path)


def test_a_damaged_row_of_fmas_table_is_refused(tmp_path: Path) -> None:
    write_fma(tmp_path, [*ROWS, ["7", "cut off"]])
    with pytest.raises(DataSetError, match=r"is not FMA's tracks\.csv"):
        load(tmp_path)


# --- spelling


@pytest.mark.parametrize(
    "same",
    [
        ("Hip-Hop", "hiphop", "hip hop", "HIP_HOP"),
        ("R&B", "rnb", "R'n'B", "r and b", "Rhythm & Blues"),
        ("Drum & Bass", "dnb", "drum'n'bass", "D&B", "drum n bass"),
        ("Reggaetón", "reggaeton"),
        ("Rock & Roll", "rock 'n' roll"),
    ],
)
def test_spellings_of_one_name_are_one_genre(same: tuple[str, ...]) -> None:
    assert len({spelling_key(name) for name in same}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hip-hop", "rap"),
        ("rock", "rock & roll"),
        ("blues", "rhythm & blues"),
        ("bass", "drum & bass"),
        ("!!!", "???"),
        ("кино", "рок"),
        ("हिन्दी", "हन्द"),
    ],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert spelling_key(one) != spelling_key(other)
