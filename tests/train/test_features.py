import dataclasses
import errno
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import SpawnContext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from edge_runtime.cli import main
from edge_runtime.errors import DataSetError, ParameterError
from edge_runtime.frontend import PRESETS, FrontEnd
from tests.command import complaint
from tests.synthetic import RATE, clip
from train.augment.waveform import AudioAugmentation
from train.data.tracks import Track
from train.features import store as feature_store
from train.features import workers as feature_workers
from train.features.extraction import Extraction, extract
from train.features.store import FeatureStore, ShardWriter, StoreSettings

PARAMS = PRESETS["seed-mfcc13"]
SETTINGS = StoreSettings(PARAMS, PARAMS.window_samples)


def write(path: Path, seed: int = 0, seconds: float = 6.5) -> Track:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, clip("hiss", seed, seconds), RATE, subtype="FLOAT")
    return Track(path.stem, path, "hiss")


def write_many(folder: Path, n: int, seconds: float = 3.0) -> list[Track]:
    return [write(folder / f"{index:03}.wav", index, seconds) for index in range(n)]


def shards(folder: Path) -> list[Path]:
    return sorted(folder.rglob("shard-*.npy"))


def assert_same(one: Extraction, other: Extraction) -> None:
    assert one.skipped == other.skipped
    for a, b in zip(one.tracks, other.tracks, strict=True):
        assert (a.track, a.starts, a.audio_sha256, a.copy) == (
            b.track,
            b.starts,
            b.audio_sha256,
            b.copy,
        )
        np.testing.assert_array_equal(a.features, b.features)


def marked(cache: Path) -> None:
    """Give features in a cache a value that computing them would not."""
    for path in shards(cache):
        array = np.load(path, mmap_mode="r+")
        array[:] = 7.0
        array.flush()


def test_features_are_those_of_the_device_front_end(tmp_path: Path) -> None:
    track = write(tmp_path / "a.wav")
    (found,) = extract([track], PARAMS, tmp_path / "cache").tracks
    assert found.features.shape == (2, 130, 13)
    assert found.starts == (0.0, 3.0)
    sound = clip("hiss", 0)
    expected = FrontEnd(PARAMS)(sound[66150 : 2 * 66150])
    np.testing.assert_array_equal(found.features[1], expected)


def test_windows_overlap_where_the_step_is_shorter(tmp_path: Path) -> None:
    track = write(tmp_path / "a.wav")
    (found,) = extract([track], PARAMS, tmp_path / "cache", step=33075).tracks
    assert found.starts == (0.0, 1.5, 3.0)
    sound = clip("hiss", 0)
    np.testing.assert_array_equal(found.features[1], FrontEnd(PARAMS)(sound[33075:][:66150]))
    with pytest.raises(ParameterError, match=r"step is 0"):
        extract([track], PARAMS, tmp_path / "cache", step=0)


def test_features_stay_on_disk_and_cannot_be_written_to(tmp_path: Path) -> None:
    (found,) = extract([write(tmp_path / "a.wav")], PARAMS, tmp_path / "cache").tracks
    assert isinstance(found.features, np.memmap)
    with pytest.raises(ValueError, match=r"read-only"):
        found.features[:] = 0.0


def test_a_second_extraction_reads_what_the_first_one_cached(tmp_path: Path) -> None:
    track = write(tmp_path / "a.wav")
    cache = tmp_path / "cache"
    extract([track], PARAMS, cache)
    marked(cache)
    (found,) = extract([track], PARAMS, cache).tracks
    assert (found.features == 7).all()


def test_a_clip_is_known_by_its_content_wherever_it_is(tmp_path: Path) -> None:
    track = write(tmp_path / "a.wav")
    cache = tmp_path / "cache"
    extract([track], PARAMS, cache)
    marked(cache)
    elsewhere = Track("b", track.path.rename(tmp_path / "b.wav"), "drone")
    twice = [elsewhere, dataclasses.replace(elsewhere, id="c")]
    found = extract(twice, PARAMS, cache).tracks
    assert [item.track for item in found] == twice
    assert all((item.features == 7).all() for item in found)


def test_a_changed_clip_or_setting_never_meets_an_old_entry(tmp_path: Path) -> None:
    track = write(tmp_path / "a.wav", seed=0)
    cache = tmp_path / "cache"
    before = np.array(extract([track], PARAMS, cache).tracks[0].features)
    write(tmp_path / "a.wav", seed=1)
    after = extract([track], PARAMS, cache).tracks[0].features
    assert not np.array_equal(before, after)
    other = dataclasses.replace(PARAMS, n_mfcc=20)
    assert extract([track], other, cache).tracks[0].features.shape[2] == 20


def test_a_store_of_other_settings_is_refused_with_what_differs(tmp_path: Path) -> None:
    FeatureStore(tmp_path, SETTINGS)
    other = StoreSettings(dataclasses.replace(PARAMS, n_mels=64), 33075)
    with pytest.raises(DataSetError, match=r"n_mels is 128 there and 64 now; step is 66150 there"):
        FeatureStore(tmp_path, other)
    (tmp_path / "mine.txt").write_text("keep me")
    FeatureStore(tmp_path, other, rebuild=True)
    FeatureStore(tmp_path, other)
    assert (tmp_path / "mine.txt").read_text() == "keep me"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"sha256": "0", "settings": {"step": 1}}'])
def test_a_damaged_store_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "store.json").write_text(content)
    with pytest.raises(DataSetError, match=r"damaged.*--rebuild"):
        FeatureStore(tmp_path, SETTINGS)


@pytest.mark.parametrize("suffix", [".npy", ".json"])
def test_a_damaged_shard_is_computed_again(tmp_path: Path, suffix: str) -> None:
    track = write(tmp_path / "a.wav")
    cache = tmp_path / "cache"
    before = np.array(extract([track], PARAMS, cache).tracks[0].features)
    for damage in (
        lambda whole: b"",
        lambda whole: whole[:100],
        lambda whole: whole[:-1],  # behind its header, which is whole
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole + b"\0",
        lambda whole: b"x" * len(whole),
    ):
        (array,) = shards(cache)
        path = array.with_suffix(suffix)
        path.write_bytes(damage(path.read_bytes()))
        np.testing.assert_array_equal(extract([track], PARAMS, cache).tracks[0].features, before)
    (array,) = shards(cache)
    array.with_suffix(suffix).unlink()
    np.testing.assert_array_equal(extract([track], PARAMS, cache).tracks[0].features, before)


def test_a_clip_that_cannot_be_used_is_skipped_with_its_reason(tmp_path: Path) -> None:
    good = write(tmp_path / "good.wav")
    (tmp_path / "corrupt.wav").write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    soundfile.write(tmp_path / "silent.wav", np.zeros(5 * RATE), RATE)
    others = [Track(name, tmp_path / f"{name}.wav", "hiss") for name in ("corrupt", "silent", "no")]
    for _ in ("computed", "remembered"):
        found = extract([good, *others], PARAMS, tmp_path / "cache")
        assert [item.track.id for item in found.tracks] == ["good"]
        reasons = {track.id: why for track, why in found.skipped}
        assert "damaged" in reasons["corrupt"]
        assert "nothing but silence" in reasons["silent"]
        assert "No such file" in reasons["no"]
    write(tmp_path / "corrupt.wav", seed=3)  # copied again
    assert len(extract([good, *others], PARAMS, tmp_path / "cache").tracks) == 2


def test_a_clip_that_breaks_off_while_decoding_leaves_no_windows(tmp_path: Path) -> None:
    good = [write(tmp_path / f"{name}.wav", seed) for seed, name in enumerate("ac")]
    soundfile.write(tmp_path / "b.flac", clip("hiss", 5, 20.0), RATE)
    whole = (tmp_path / "b.flac").read_bytes()
    (tmp_path / "b.flac").write_bytes(whole[: len(whole) // 2] + bytes(len(whole) // 2))
    tracks = [good[0], Track("b", tmp_path / "b.flac", "hiss"), good[1]]
    found = extract(tracks, PARAMS, tmp_path / "cache")
    alone = extract([good[1]], PARAMS, tmp_path / "other")
    np.testing.assert_array_equal(found.tracks[-1].features, alone.tracks[0].features)
    (array,) = shards(tmp_path / "cache")
    assert len(np.load(array)) == sum(len(item.features) for item in found.tracks)


def test_the_same_sound_in_another_container_has_the_same_audio_hash(tmp_path: Path) -> None:
    sound = (32767 * clip("beeps", 0)).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="PCM_16")
    soundfile.write(tmp_path / "b.flac", sound, RATE, subtype="PCM_16")
    soundfile.write(tmp_path / "c.flac", sound[:-1], RATE, subtype="PCM_16")
    tracks = [Track(p.stem, p, "beeps") for p in sorted(tmp_path.glob("*.*"))]
    a, b, c = extract(tracks, PARAMS, tmp_path / "cache").tracks
    assert a.audio_sha256 == b.audio_sha256 != c.audio_sha256


def test_processes_find_what_one_process_finds(tmp_path: Path) -> None:
    tracks = write_many(tmp_path / "clips", 20)
    alone = extract(tracks, PARAMS, tmp_path / "one", workers=1)
    assert_same(alone, extract(tracks, PARAMS, tmp_path / "two", workers=2))


def test_a_full_disk_keeps_what_was_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracks = write_many(tmp_path / "clips", 20)
    expected = extract(tracks, PARAMS, tmp_path / "expected", workers=1)
    finish, finished = os.fsync, []

    def full_after_a_while(descriptor: int) -> None:
        finished.append(descriptor)
        if len(finished) > 6:
            raise OSError(28, "No space left on device")
        finish(descriptor)

    cache = tmp_path / "cache"
    with monkeypatch.context() as patch:
        patch.setattr(feature_store.os, "fsync", full_after_a_while)
        with pytest.raises(DataSetError, match=r"no space left.*run the same command again"):
            extract(tracks, PARAMS, cache, workers=1)
    (first,) = shards(cache)
    assert not list(cache.rglob("*.tmp"))
    before = first.stat().st_mtime_ns
    assert_same(extract(tracks, PARAMS, cache, workers=1), expected)
    assert first.stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataSetError, match=r"file.*cannot be written"):
        extract([write(tmp_path / "a.wav")], PARAMS, tmp_path / "file" / "cache")


def test_ctrl_c_keeps_the_clips_that_were_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracks = write_many(tmp_path / "clips", 5)
    compute, seen = feature_workers.clip_features, []

    def interrupted(clip, *arguments, **options):
        seen.append(clip)
        windows = compute(clip, *arguments, **options)
        yield next(windows)
        if len(seen) == 4:
            raise KeyboardInterrupt
        yield from windows

    cache = tmp_path / "cache"
    with monkeypatch.context() as patch:
        patch.setattr(feature_workers, "clip_features", interrupted)
        with pytest.raises(KeyboardInterrupt):
            extract(tracks, PARAMS, cache)
    (array,) = shards(cache)
    assert len(np.load(array)) == 3
    assert_same(extract(tracks, PARAMS, cache), extract(tracks, PARAMS, tmp_path / "expected"))
    assert len(shards(cache)) == 2


RUN = """
import sys
from pathlib import Path
from edge_runtime.frontend import PRESETS
from train.features.extraction import extract
from train.data.tracks import find_tracks
if __name__ == "__main__":
    tracks = find_tracks(Path(sys.argv[1])).tracks
    extract(tracks, PRESETS["seed-mfcc13"], Path(sys.argv[2]), workers=2)
"""


def start(tmp_path: Path, root: Path, cache: Path) -> subprocess.Popen[str]:
    script = tmp_path / "run.py"
    script.write_text(RUN)
    command = [sys.executable, str(script), str(root), str(cache)]
    path = os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )


def wait_for_shards(running: subprocess.Popen[str], cache: Path, n: int) -> None:
    end = time.monotonic() + 60
    while len(list(cache.rglob("shard-*.json"))) < n:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    root, cache = tmp_path / "data", tmp_path / "cache"
    root.mkdir()
    tracks = write_many(root / "hiss", 120, seconds=9.0)
    running = start(tmp_path, root, cache)
    wait_for_shards(running, cache, 2)
    running.send_signal(signal.SIGKILL)
    running.wait()
    time.sleep(0.5)  # workers see that they are alone
    finished_before = {path: path.stat().st_mtime_ns for path in shards(cache)}
    assert 0 < len(list(cache.rglob("shard-*.json"))) < 15
    found = extract(tracks, PARAMS, cache, workers=1)
    assert_same(found, extract(tracks, PARAMS, tmp_path / "expected", workers=1))
    assert all(path.stat().st_mtime_ns == when for path, when in finished_before.items())


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
def test_a_killed_worker_is_replaced_with_a_warning(tmp_path: Path) -> None:
    root, cache = tmp_path / "data", tmp_path / "cache"
    root.mkdir()
    tracks = write_many(root / "hiss", 120, seconds=9.0)
    running = start(tmp_path, root, cache)
    wait_for_shards(running, cache, 2)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    workers = [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    os.kill(workers[0], signal.SIGKILL)
    _, stderr = running.communicate(timeout=120)
    assert running.returncode == 0, stderr
    assert "was killed (out of memory?)" in stderr
    found = extract(tracks, PARAMS, cache, workers=1)
    assert_same(found, extract(tracks, PARAMS, tmp_path / "expected", workers=1))


@pytest.mark.parametrize("missing", [1, 4, 4 * 130 * 13])
def test_a_shard_that_was_cut_off_behind_its_header_is_not_in_the_store(
    tmp_path: Path, missing: int
) -> None:
    extract([write(tmp_path / "a.wav")], PARAMS, tmp_path / "cache")
    (array,) = shards(tmp_path / "cache")
    whole = array.read_bytes()
    assert len(whole) == 128 + 2 * 4 * 130 * 13
    array.write_bytes(whole[:-missing])
    FeatureStore(array.parent, SETTINGS)
    assert not list(array.parent.glob("shard-*"))


def test_a_shard_of_other_settings_is_left_alone_and_not_used(tmp_path: Path) -> None:
    extract([write(tmp_path / "a.wav")], PARAMS, tmp_path / "other", step=33075)
    (array,) = shards(tmp_path / "other")
    store = FeatureStore(tmp_path / "store", SETTINGS)
    for path in (array, array.with_suffix(".json")):
        shutil.copy(path, store.folder)
    content = json.loads(array.with_suffix(".json").read_text())
    sha256 = content["clips"][0]["sha256"]
    assert (sha256, 0) not in FeatureStore(store.folder, SETTINGS)
    assert (store.folder / array.name).exists()


def test_a_shard_that_vanished_is_named(tmp_path: Path) -> None:
    extract([write(tmp_path / "a.wav")], PARAMS, tmp_path / "cache")
    (array,) = shards(tmp_path / "cache")
    store = FeatureStore(array.parent, SETTINGS)
    sha256 = json.loads(array.with_suffix(".json").read_text())["clips"][0]["sha256"]
    array.unlink()
    with pytest.raises(DataSetError, match=r"cannot be read any more.*run the same command again"):
        store.windows(sha256)


def test_leftovers_of_killed_runs_are_removed_when_they_are_old(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, SETTINGS)
    old, new = (tmp_path / f"shard-{letter * 32}.npy-{letter * 32}.tmp" for letter in "ab")
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    FeatureStore(store.folder, SETTINGS)
    assert not old.exists()
    assert new.exists()


def test_two_runs_at_once_may_share_a_store(tmp_path: Path) -> None:
    tracks = write_many(tmp_path / "clips", 3)
    first, second = FeatureStore(tmp_path / "s", SETTINGS), FeatureStore(tmp_path / "s", SETTINGS)
    clips = [feature_workers.Clip(t.path, f"{i:064}", 0) for i, t in enumerate(tracks)]
    for store in (first, second):
        assert sum(done.n_clips for done in feature_workers.compute(store, clips, 1)) == 3
    reopened = FeatureStore(tmp_path / "s", SETTINGS)
    for made in clips:
        np.testing.assert_array_equal(reopened.windows(made.sha256), first.windows(made.sha256))


def test_memory_does_not_grow_with_the_number_of_tracks(tmp_path: Path) -> None:
    tracks = write_many(tmp_path / "clips", 60, seconds=6.0)
    extract(tracks[:2], PARAMS, tmp_path / "warm", workers=1)
    peaks = []
    for n in (10, 60):
        tracemalloc.start()
        found = extract(tracks[:n], PARAMS, tmp_path / str(n), workers=1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    features = sum(item.features.nbytes for item in found.tracks)
    assert peaks[1] - peaks[0] < 0.1 * features


def test_a_cache_that_is_a_store_is_used_as_it_is(tmp_path: Path) -> None:
    track = write(tmp_path / "a.wav")
    store = FeatureStore(tmp_path / "store", SETTINGS)
    extract([track], PARAMS, store.folder)
    assert [path.parent for path in shards(tmp_path)] == [store.folder]
    with pytest.raises(DataSetError, match=r"other settings"):
        extract([track], PARAMS, store.folder, step=33075)


def test_variations_follow_the_originals_and_share_them(tmp_path: Path) -> None:
    tracks = write_many(tmp_path / "clips", 3, seconds=6.0)
    cache = tmp_path / "cache"
    plain = extract(tracks, PARAMS, cache)
    finished_before = shards(cache)
    settings = AudioAugmentation(noise_snr_db=10.0, eq_db=6.0, gain_db=6.0)
    varied = extract(tracks, PARAMS, cache, augmentation=settings, copies=2)
    assert [(item.track.id, item.copy) for item in varied.tracks] == [
        (track.id, copy) for copy in range(3) for track in tracks
    ]
    assert_same(plain, Extraction(varied.tracks[:3], ()))
    a, b, c = (varied.tracks[index].features for index in (0, 3, 6))
    assert not np.array_equal(a, b)
    assert not np.array_equal(b, c)
    assert set(finished_before) < set(shards(cache))
    again = extract(tracks, PARAMS, tmp_path / "again", augmentation=settings, copies=1)
    assert_same(again, Extraction(varied.tracks[:6], ()))
    other = dataclasses.replace(settings, seed=1)
    (*_, d) = extract(tracks, PARAMS, cache, augmentation=other, copies=1).tracks
    assert not np.array_equal(d.features, varied.tracks[5].features)


def test_noise_does_not_turn_silence_into_music(tmp_path: Path) -> None:
    sound = np.concatenate([clip("hiss", 0, 3.0), np.zeros(3 * RATE, np.float32)])
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    settings = AudioAugmentation(noise_snr_db=0.0)
    found = extract(
        [Track("a", tmp_path / "a.wav", "hiss")],
        PARAMS,
        tmp_path / "cache",
        augmentation=settings,
        copies=1,
    )
    assert [item.starts for item in found.tracks] == [(0.0,), (0.0,)]


def test_thousands_of_clips_are_in_no_more_shards_than_files_may_be_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def write(folder: Path, settings: Any, batch: Any, stopped: Any) -> feature_workers.Finished:
        sizes.append(len(batch))
        return feature_workers.Finished(len(batch), None, ())

    monkeypatch.setattr(feature_workers, "_write_shard", write)
    store: Any = SimpleNamespace(folder=tmp_path, settings=None)
    for n, expected in ((2048, [8] * 256), (2049, [9] * 227 + [6]), (5, [5])):
        sizes.clear()
        for _ in feature_workers.compute(store, [None] * n, 1):  # type: ignore[list-item]
            pass
        assert sizes == expected


def test_a_shard_is_on_the_disk_before_its_index_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []

    def flush(descriptor: int) -> None:
        if not flushed:
            assert not list(tmp_path.glob("shard-*.json"))
        flushed.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr("train.features.store.os.fsync", flush)
    with ShardWriter(tmp_path, SETTINGS) as shard:
        shard.write(np.zeros((PARAMS.n_frames, PARAMS.n_coefficients), np.float32))
        shard.end_clip("0" * 64, 0, "", [0.0])
    (array,) = tmp_path.glob("shard-*.npy")
    assert flushed[0] == array.stat().st_size


def test_without_shared_memory_one_process_does_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_semaphores(*_: object) -> None:
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))

    tracks = write_many(tmp_path / "clips", 20)
    expected = extract(tracks, PARAMS, tmp_path / "expected", workers=1)
    monkeypatch.setattr(SpawnContext, "Event", no_semaphores)
    assert_same(extract(tracks, PARAMS, tmp_path / "cache", workers=2), expected)
    (line,) = caplog.messages
    assert line.startswith("/dev/shm: cannot be used (No such file or directory)")
    assert "--workers 1" in line


def test_where_no_process_can_be_started_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_many(*_: object) -> None:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(ProcessPoolExecutor, "submit", too_many)
    with pytest.raises(DataSetError, match=r"cache.*cannot be started.*--workers 1"):
        extract(write_many(tmp_path / "clips", 20), PARAMS, tmp_path / "cache", workers=2)


def test_a_disk_that_is_too_small_for_the_features_is_refused_before_they_are_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracks = write_many(tmp_path / "clips", 20)
    usage = shutil.disk_usage(tmp_path)
    needed = 20 * 4 * PARAMS.n_frames * PARAMS.n_coefficients
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=needed - 1))
    with pytest.raises(DataSetError, match=r"cache/.*: 0.1 MB are free.*the features of 20 clips"):
        extract(tracks, PARAMS, tmp_path / "cache")
    assert not shards(tmp_path / "cache")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=needed))
    assert len(extract(tracks, PARAMS, tmp_path / "cache").tracks) == 20


def test_without_a_home_folder_the_option_that_names_one_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def unknown_user(_: int) -> None:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown_user)
    for genre in ("rock", "jazz"):
        write(tmp_path / genre / "a.wav")
    assert "--cache DIR" in complaint(capfd, "features", tmp_path, code=3)
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert main(["features", str(tmp_path), "--cache", str(tmp_path / "cache")]) == 0


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="POSIX")
def test_ctrl_c_waits_for_the_end_of_a_start_of_processes_and_never_reaches_them() -> None:
    code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # `nohup` has it ignored
    try:
        with pytest.raises(KeyboardInterrupt):  # noqa: SIM117
            with feature_workers.interrupts_held():
                signal.raise_signal(signal.SIGINT)
                done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done.stdout.strip() == b"True"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
