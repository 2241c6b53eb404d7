"""The benchmarks of labelling run, at a small size; no time is judged."""

import json

import soundfile

from tests.edge_runtime.sounds import RATE, noise

from .test_benchmarks import run


def test_the_benchmark_against_decoding_alone(tmp_path):
    out = tmp_path / "out.json"
    printed = run("library.decode", "--rounds", "1", "--model", "tiny", "--json", out)
    results = json.loads(out.read_text())["models"]["tiny"]
    assert set(results) == {"soundfile, soxr", "our path", "label"}
    assert results["soundfile, soxr"]["ratio"] == 1.0
    assert results["label"]["cpu_ms"] > 0
    assert "label" in printed


def test_the_benchmark_of_samples_compares_with_the_whole(tmp_path):
    for number in range(3):
        sound = noise(125 * 8000, seed=number, scale=0.1)
        soundfile.write(tmp_path / f"{number}.wav", sound, 8000, subtype="PCM_16")
    soundfile.write(tmp_path / "short.wav", noise(5 * RATE), RATE)
    out = tmp_path / "out.json"
    run(
        "library.sample", "--music", tmp_path, "--tracks", "2", "--model", "seed-cnn", "--json", out
    )
    tracks = json.loads(out.read_text())["tracks"]
    assert tracks["tracks"] == 2
    assert tracks["median_s"] == 125.0
    assert tracks["samples"]["whole"]["agrees_with_whole"] == 1.0
    assert tracks["samples"]["whole"]["posterior_distance"] == 0.0
    assert 0.0 <= tracks["samples"]["3x10s"]["agrees_with_whole"] <= 1.0


def test_clips_of_a_part_are_right_or_not(tmp_path):
    from benchmarks.library.sample import OF_CLIPS, of_clips

    folder = tmp_path / "data"
    for number, part in enumerate(("train", "valid")):
        (folder / "rock").mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / "rock" / f"{part}.wav", noise(10 * RATE, seed=number), RATE)
    (folder / "tracks.csv").write_text(
        "id,genre,split,path\na,rock,train,rock/train.wav\nb,rock,valid,rock/valid.wav\n"
    )
    found = of_clips("seed-cnn", folder, "valid", "auto")
    assert found["clips"] == 1
    assert set(found["samples"]) == set(OF_CLIPS)
    assert found["samples"]["whole"]["agrees_with_whole"] == 1.0
