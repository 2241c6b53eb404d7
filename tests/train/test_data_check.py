import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from tests.command import edge_genre, refused, succeed
from tests.synthetic import RATE, clip, write_data_set
from train.data.check.check import DataCheck, check
from train.data.check.clip_facts import ClipFacts, clip_facts
from train.data.datasets import load
from train.data.tracks import Track

REAL_GTZAN = Path(__file__).parents[2].parent / "shared" / "data" / "gtzan"


def write(
    path: Path, samples: npt.NDArray[np.floating], rate: int = RATE, subtype: str | None = None
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def made_up(genre: str, seed: int, seconds: float = 6.5) -> npt.NDArray[np.int16]:
    """A clip that never reaches full scale, in whole numbers: every container is exact."""
    return (10_000 * clip(genre, seed, seconds)).astype(np.int16)


def facts_of(path: Path) -> ClipFacts:
    found = clip_facts(Track("a", path, "x"))
    assert isinstance(found, ClipFacts), found
    return found


def checked(root: Path, **how: Any) -> DataCheck:
    return check(load(root, **how))


def items(result: DataCheck, kind: str) -> tuple[str, ...]:
    """Items of one kind of finding."""
    return next((f.items for f in result.findings if f.kind == kind), ())


# --- one clip


def test_a_clip_is_measured(tmp_path: Path) -> None:
    samples = np.zeros((4 * 8000, 2), np.float32)
    samples[: 2 * 8000] = 0.5 * np.sin(np.arange(2 * 8000) * 0.3)[:, np.newaxis]
    samples[:80] = 1.0
    facts = facts_of(write(tmp_path / "a.wav", samples, 8000))
    assert (facts.rate, facts.channels, facts.seconds) == (8000, 2, 4.0)
    assert facts.silent_share == 0.5
    assert facts.clipped_share == pytest.approx(160 / samples.size)
    assert facts.loudest_dbfs == pytest.approx(20 * np.log10(0.5 / 2**0.5), abs=0.3)
    assert not facts.silent
    assert not facts.truncated


def test_the_hash_is_of_the_sound_and_not_of_the_file(tmp_path: Path) -> None:
    # Whole numbers: encoders round floats each in its own way.
    sound = made_up("drone", 0)
    one = facts_of(write(tmp_path / "a.wav", sound)).sha256
    assert facts_of(write(tmp_path / "b.flac", sound)).sha256 == one
    assert facts_of(write(tmp_path / "c.au", sound)).sha256 == one
    assert facts_of(write(tmp_path / "d.wav", sound, 44_100)).sha256 != one
    assert facts_of(write(tmp_path / "e.wav", sound[:-1])).sha256 != one


@pytest.mark.parametrize("suffix", ["wav", "au", "aiff", "ogg", "mp3", "flac"])
def test_a_clip_that_was_cut_off_in_copying_is_noticed(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a.{suffix}", clip("drone", 0))
    assert facts_of(path).truncated == ""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = clip_facts(Track("a", path, "x"))
    fault = found if isinstance(found, str) else found.truncated
    assert fault.endswith("copy it again")
    assert str(path) not in fault


def test_a_clip_with_much_more_behind_its_samples_is_noticed_and_not_called_cut_off(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.wav", clip("drone", 0))
    path.write_bytes(path.read_bytes() + bytes(6 * RATE))
    facts = facts_of(path)
    assert facts.truncated == ""
    assert facts.unheard.startswith("its header says ")
    assert "as much as 3.0 s more lie behind" in facts.unheard


def test_a_long_clip_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for _ in range(600):
            file.write(np.full(RATE, 0.1, np.float32))
    tracemalloc.start()
    facts = facts_of(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert facts.seconds == 600
    assert peak < 4e6, "600 s are 53 MB"


# --- a data set


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A data set of six clips a genre with nothing wrong."""
    for genre in ("beeps", "drone", "hiss"):
        for n in range(6):
            write(tmp_path / "music" / genre / f"{n}.wav", made_up(genre, n))
    return tmp_path / "music"


def test_a_good_data_set_is_called_good(music: Path) -> None:
    result = checked(music)
    assert result.findings == ()
    assert len(result.usable) == 18
    drone = result.genres()["drone"]
    assert (drone.clips, drone.usable, drone.shortest_seconds) == (6, 6, pytest.approx(6.5))
    assert result.counts()["rates"] == {"22050 Hz": 18}


def test_unreadable_clips_are_reported_and_the_others_go_on(music: Path) -> None:
    (music / "hiss" / "empty.wav").touch()
    (music / "hiss" / "text.mp3").write_text("not a sound")
    write(music / "hiss" / "int16.wav", 9000 * clip("hiss", 99), subtype="FLOAT")
    result = checked(music)
    found_items = items(result, "undecodable")
    assert [item.split(":")[0] for item in found_items] == ["hiss/empty", "hiss/int16", "hiss/text"]
    assert "the file is empty" in found_items[0]
    assert "full scale at 1" in found_items[1]
    assert str(music) not in "".join(found_items)
    assert len(result.usable) == 18


def test_the_same_audio_under_two_genres_is_serious(music: Path) -> None:
    write(music / "drone" / "copy.flac", made_up("hiss", 0))
    write(music / "hiss" / "again.au", made_up("hiss", 1))
    result = checked(music)
    assert items(result, "repeats-across-genres") == ("drone/copy [drone] = hiss/0 [hiss]",)
    assert items(result, "repeats") == ("hiss/1 = hiss/again",)
    serious = {finding.kind: finding.serious for finding in result.findings}
    assert serious == {"repeats-across-genres": True, "repeats": False}


def test_the_same_audio_in_two_parts_is_a_leak(music: Path) -> None:
    write(music / "hiss" / "copy.wav", made_up("hiss", 0))
    rows = ["path,genre,split"]
    rows += [f"{p.relative_to(music)},{p.parent.name},train" for p in music.rglob("?.wav")]
    rows += ["hiss/copy.wav,hiss,valid"]
    listing = music / "list.csv"
    listing.write_text("\n".join(rows), encoding="utf-8")
    result = checked(music, csv=listing)
    assert {entry["path"] for entry in result.to_dict(music)["clips"]} == {
        line.split(",")[0] for line in rows[1:]
    }
    found_items = items(result, "repeats-across-parts")
    assert len(found_items) == 1
    assert "hiss/copy [valid]" in found_items[0]


def test_silence_clipping_and_damage_are_found(music: Path) -> None:
    sound = clip("drone", 50)
    half = sound.copy()
    half[len(half) // 3 :] = 0
    bad = sound.copy()
    bad[1000] = np.nan
    write(music / "drone" / "silent.wav", np.zeros(5 * RATE))
    write(music / "drone" / "half.wav", half)
    write(music / "drone" / "loud.wav", np.clip(20 * sound, -1, 1))
    write(music / "drone" / "nan.wav", bad, subtype="FLOAT")
    write(music / "drone" / "short.wav", sound[:RATE])
    result = checked(music)
    assert items(result, "silent") == ("drone/silent: 5.0 s, -120 dBFS at the loudest",)
    assert [item.split(":")[0] for item in items(result, "partly-silent")] == ["drone/half"]
    assert [item.split(":")[0] for item in items(result, "clipped")] == ["drone/loud"]
    assert items(result, "non-finite") == ("drone/nan: 1 samples",)
    assert items(result, "short") == ("drone/short: 1.0 s",)
    assert len(result.usable) == 18 + 4


def test_two_silent_clips_are_not_called_repeats(music: Path) -> None:
    for genre in ("drone", "hiss"):
        write(music / genre / "silent.wav", np.zeros(RATE))
    kinds = {finding.kind for finding in checked(music).findings}
    assert kinds == {"silent"}


def test_genres_with_too_few_clips_are_found(tmp_path: Path) -> None:
    for genre, count in (("hiss", 11), ("beeps", 2), ("drone", 1)):
        for n in range(count):
            write(tmp_path / genre / f"{n}.wav", clip(genre, n, seconds=3.5))
    result = checked(tmp_path)
    assert items(result, "lone-clips") == ("drone: 1",)
    assert items(result, "few-clips") == ("beeps: 2",)
    shutil.rmtree(tmp_path / "beeps")
    shutil.rmtree(tmp_path / "drone")
    assert "hiss is the only one" in items(checked(tmp_path), "one-genre")[0]


def test_a_genre_of_nothing_but_unreadable_clips_is_a_lone_genre(music: Path) -> None:
    (music / "polka").mkdir()
    (music / "polka" / "a.wav").write_bytes(b"RIFF")
    assert items(checked(music), "lone-clips") == ("polka: 0",)


def test_known_faults_of_gtzan_are_called_known(tmp_path: Path) -> None:
    (tmp_path / "jazz").mkdir()
    (tmp_path / "jazz" / "jazz.00054.wav").write_bytes(b"\0" * 100)
    for n, seed in ((54, 0), (60, 0), (1, 1)):
        write(tmp_path / "pop" / f"pop.{n:05}.wav", clip("hiss", seed))
    result = checked(tmp_path)
    assert "known to be corrupt in Kaggle's copy" in items(result, "undecodable")[0]
    assert items(result, "repeats") == ("pop.00054 = pop.00060 (known)",)


# --- the command


def test_the_command_prints_a_table_and_writes_everything_as_json(tmp_path: Path) -> None:
    music = write_data_set(tmp_path / "music", 5)
    for n in range(9):
        shutil.copy(music / "hiss" / "hiss.00000.wav", music / "drone" / f"copy{n}.wav")
    (music / "Hiss!").mkdir()
    write(music / "Hiss!" / "more.ogg", clip("hiss", 77))
    write(music / "stray.wav", clip("hiss", 78))
    done = succeed("data", "check", music, "--json", tmp_path / "out" / "check.json")
    lines = done.stdout.splitlines()
    assert any(line.split()[:3] == ["drone", "14", "14"] for line in lines)
    assert "wav: 12, ogg: 4, " in done.stdout
    assert "! repeats-across-genres (1)" in done.stdout
    assert "'hiss' (5 clips), 'Hiss!' (1 clips)" in done.stdout
    assert "1 clips lie in no genre folder" in done.stdout
    assert "25 of 25 clips are usable" in lines[-1]
    written = json.loads((tmp_path / "out" / "check.json").read_text(encoding="utf-8"))
    assert written["in_no_genre"] == ["stray.wav"]
    assert written["n_clips"] == len(written["clips"]) == 25
    by_id = {entry["id"]: entry for entry in written["clips"]}
    assert by_id["drone/copy3"]["sha256"] == by_id["hiss/hiss.00000"]["sha256"]
    assert by_id["Hiss!/more"]["genre"] == "hiss"


def test_a_finding_with_many_clips_is_cut_short_on_the_screen(music: Path) -> None:
    for n in range(10):
        write(music / "hiss" / f"silent{n}.wav", np.zeros(RATE))
    done = succeed("data", "check", music)
    assert "! silent (10)" in done.stdout
    assert "and 4 more (--json FILE writes all)" in done.stdout


def test_a_data_set_without_one_usable_clip_is_refused_after_the_report(tmp_path: Path) -> None:
    (tmp_path / "music" / "hiss").mkdir(parents=True)
    (tmp_path / "music" / "hiss" / "a.wav").touch()
    done = edge_genre("data", "check", tmp_path / "music", "--json", tmp_path / "c.json")
    assert done.returncode == 3
    assert "0 of 1 clips are usable" in done.stdout
    assert "no clip can be used; the first: hiss/a: the file is empty" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))["n_usable"] == 0


def test_bad_usage_is_refused_in_one_line(tmp_path: Path) -> None:
    assert "no such folder" in refused("data", "check", tmp_path / "nowhere", code=3)
    assert "no clips found" in refused("data", "check", tmp_path, code=3)
    assert "check|list" in refused("data", code=2)
    assert "cannot be read" in refused("data", "check", tmp_path, "--csv", "no.csv", code=3)
    both = ("--csv", "a.csv", "--data-set", "fma")
    assert "leave --data-set fma out" in refused("data", "check", tmp_path, *both, code=2)
    assert "is a folder" in refused("data", "check", tmp_path, "--json", tmp_path, code=2)


def test_the_known_data_sets_are_listed_with_citation_and_licence() -> None:
    listed = succeed("data", "list").stdout
    assert "Tzanetakis" in listed
    assert "Defferrard" in listed
    assert listed.count("licence") >= 3


def test_licences_artists_and_parts_of_fma_are_counted(tmp_path: Path) -> None:
    rows = [
        ",artist,set,set,track,track",
        ",name,split,subset,genre_top,license",
        "track_id,,,,,",
        "2,One,training,small,Folk,CC BY",
        "3,Two,training,small,Folk,CC BY",
        "4,Two,validation,small,Rock,CC0",
    ]
    (tmp_path / "tracks.csv").write_text("\n".join(rows), encoding="utf-8")
    for number in (2, 3, 4):
        write(tmp_path / "000" / f"{number:06}.mp3", made_up("hiss", number))
    (tmp_path / "000" / "000003.mp3").write_bytes(b"gone")
    done = succeed("data", "check", tmp_path)
    assert "CC BY: 2, CC0: 1" in done.stdout
    assert "train: 2, valid: 1" in done.stdout
    assert "FMA: A Dataset For Music Analysis" in done.stdout.splitlines()[0]
    assert "000003: is not audio" in done.stdout
    (folk,) = (line for line in done.stdout.splitlines() if line.startswith("Folk"))
    assert folk.split()[1:3] == ["2", "1"]
    assert folk.endswith(" 2"), "artists"


@pytest.mark.skipif(not REAL_GTZAN.is_dir(), reason="no copy of GTZAN beside the project")
def test_real_clips_decode_to_thirty_seconds_of_mono() -> None:
    listed = load(REAL_GTZAN / "clips" / "reggae")
    result = check(listed)
    assert result.failures == {}
    # A second delivery has clips of 16 kHz.
    assert {"22050 Hz"} <= set(result.counts()["rates"]) <= {"16000 Hz", "22050 Hz"}
    assert result.genres()["reggae"].median_seconds == pytest.approx(30, abs=0.1)


def test_pieces_of_songs_are_pointed_out(tmp_path: Path) -> None:
    for genre in ("beeps", "hiss"):
        for seed in range(6):
            write(
                tmp_path / genre / f"{genre}.{seed // 3:05}.{seed}.wav", made_up(genre, seed, 3.0)
            )
    (text,) = items(checked(tmp_path), "pieces")
    assert "12 clips of a few seconds are taken for pieces of 4 songs" in text
    rows = [f"{path.stem},{path.parent.name}," for path in sorted(tmp_path.glob("*/*.wav"))]
    parts = ["train", "valid", "train"] + ["train"] * 9
    text = "\n".join(f"{row}{part}" for row, part in zip(rows, parts, strict=True))
    (tmp_path / "t.csv").write_text(f"id,genre,split\n{text}")
    result = checked(tmp_path, csv=tmp_path / "t.csv")
    assert items(result, "pieces-across-parts") == ("beeps.00000",)


def test_a_genre_that_cannot_be_a_label_is_to_be_put_right(tmp_path: Path) -> None:
    write(tmp_path / "Silence" / "a.wav", made_up("hiss", 1))
    write(tmp_path / "rock" / "b.wav", made_up("hiss", 2))
    (text,) = items(checked(tmp_path), "labels")
    assert text.startswith("'Silence' cannot be a genre")
