from pathlib import Path

import numpy as np
import soundfile

from edge_runtime.frontend import PRESETS, FrontEnd
from tests.synthetic import RATE, clip
from train.features import extract
from train.tracks import Track

PARAMS = PRESETS["seed-mfcc13"]


def write(path: Path, seed: int = 0) -> Track:
    soundfile.write(path, clip("hiss", seed), RATE, subtype="FLOAT")
    return Track(path.stem, path, "hiss")


def test_features_are_those_of_the_device_front_end(tmp_path: Path) -> None:
    track = write(tmp_path / "a.wav")
    (found,) = extract([track], PARAMS, tmp_path / "cache").tracks
    assert found.features.shape == (2, 130, 13)
    sound = clip("hiss", 0)
    expected = FrontEnd(PARAMS)(sound[66150 : 2 * 66150])
    np.testing.assert_array_equal(found.features[1], expected)


def test_a_second_extraction_reads_what_the_first_one_kept(tmp_path: Path) -> None:
    track = write(tmp_path / "a.wav")
    cache = tmp_path / "cache"
    extract([track], PARAMS, cache)
    (entry,) = cache.iterdir()
    np.save(entry, np.full((1, 130, 13), 7, np.float32))  # a mark that computing would not give
    (found,) = extract([track], PARAMS, cache).tracks
    assert (found.features == 7).all()


def test_a_changed_clip_or_setting_never_meets_an_old_entry(tmp_path: Path) -> None:
    track = write(tmp_path / "a.wav", seed=0)
    cache = tmp_path / "cache"
    before = extract([track], PARAMS, cache).tracks[0].features
    write(tmp_path / "a.wav", seed=1)
    after = extract([track], PARAMS, cache).tracks[0].features
    assert not np.array_equal(before, after)


def test_a_damaged_cache_entry_is_computed_again(tmp_path: Path) -> None:
    track = write(tmp_path / "a.wav")
    cache = tmp_path / "cache"
    before = extract([track], PARAMS, cache).tracks[0].features
    (entry,) = cache.iterdir()
    for damage in (b"", entry.read_bytes()[:500], b"rubbish"):
        entry.write_bytes(damage)
        np.testing.assert_array_equal(extract([track], PARAMS, cache).tracks[0].features, before)


def test_a_clip_that_cannot_be_used_is_skipped_with_its_reason(tmp_path: Path) -> None:
    good = write(tmp_path / "good.wav")
    (tmp_path / "corrupt.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    soundfile.write(tmp_path / "silent.wav", np.zeros(5 * RATE), RATE)
    others = [Track(name, tmp_path / f"{name}.wav", "hiss") for name in ("corrupt", "silent", "no")]
    found = extract([good, *others], PARAMS, tmp_path / "cache")
    assert [item.track.id for item in found.tracks] == ["good"]
    reasons = {track.id: why for track, why in found.skipped}
    assert "damaged" in reasons["corrupt"]
    assert "nothing but silence" in reasons["silent"]
    assert "No such file" in reasons["no"]
