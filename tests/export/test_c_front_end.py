"""The microcontroller's front end, compiled by the system's compiler, against numpy's."""

import dataclasses
import re
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.frontend import c_front_end
from benchmarks.frontend.c_front_end import SOURCES, STRICT, c_features, network_input
from edge_runtime.backends.litert import quantize
from edge_runtime.errors import ParameterError
from edge_runtime.frontend import FrontEnd, FrontEndParams
from edge_runtime.model.manifest import TensorInfo
from export.tflm.front_end_tables import (
    check_front_end,
    front_end_tables,
    scratch_bytes,
    tables_bytes,
)
from tests.synthetic import clip

LARGEST_ERROR = 1e-3
"""MFCC units, or dB, over all signals and settings; measured: 1.8e-4 for MFCCs, 7e-4 for log-mel"""

SEED = FrontEndParams()
SETTINGS = {
    "seed": dataclasses.replace(
        SEED, mean=tuple(np.linspace(-300.0, 5.0, 13)), std=tuple(np.linspace(130.0, 7.0, 13))
    ),
    "log_mel": FrontEndParams(kind="log_mel", n_mels=64),
    "reflect": dataclasses.replace(SEED, padding="reflect"),
    "no padding": dataclasses.replace(SEED, padding="none", n_mfcc=20, n_mels=96),
    "short frames": FrontEndParams(
        sample_rate=8000, window_samples=8000, n_fft=256, win_length=200, hop=100, n_mels=20,
        window="hamming", mel_scale="htk", mel_norm=None, fmin=50.0, fmax=3500.0, log_floor=1e-6,
        top_db=60.0,
    ),
}  # fmt: skip

pytestmark = pytest.mark.system_packages("gcc")


def signals(params: FrontEndParams) -> dict[str, npt.NDArray[np.float32]]:
    """Windows of sound, easy and hard."""
    generator = np.random.default_rng(5)
    t = np.arange(params.window_samples) / params.sample_rate
    noise = 0.1 * generator.standard_normal(len(t))
    tone = 0.5 * np.sin(2 * np.pi * 440 * t)
    found = {
        "noise": noise,
        "silence": 0 * t,
        "faint": 1e-3 * noise,
        "tone": tone,
        "tone in faint noise": tone + 1e-5 * noise,
        "clipped": np.clip(8 * tone + 5 * noise, -1, 1),
        "constant": 0 * t + 0.5,
        "impulse": np.where(np.arange(len(t)) == len(t) // 2, 1.0, 0.0),
        "chirp": np.sin(2 * np.pi * (50 + 0.05 * params.sample_rate * t) * t),
        "starts late": noise * (t > t[-1] / 2),
    }
    music = {
        genre: clip(genre, 1, params.window_samples / 22_050 + 0.01)[: params.window_samples]
        for genre in ("beeps", "drone", "hiss")
    }
    return {name: sound.astype(np.float32) for name, sound in {**found, **music}.items()}


def tensor(params: FrontEndParams) -> TensorInfo:
    return network_input(params, 0.05 if params.mean else 2.5)


def compiled(params: FrontEndParams, folder: Path, *flags: str) -> Path:
    return c_front_end.compiled(params, tensor(params), folder, *flags)


@pytest.fixture(scope="module")
def seed_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(SETTINGS["seed"], tmp_path_factory.mktemp("c"), "-O2")


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_c_front_end_equals_numpys(setting: str, tmp_path: Path) -> None:
    params = SETTINGS[setting]
    program = compiled(params, tmp_path, "-O2")
    named = signals(params)
    computed, _ = c_features(program, params, np.stack(list(named.values())), "float")
    # In MFCC units or dB, whatever the normalisation.
    unit = np.asarray(params.std or 1.0)
    front_end = FrontEnd(params)
    for (name, window), found in zip(named.items(), computed, strict=True):
        error = float(np.abs((found - front_end(window)) * unit).max())
        assert error <= LARGEST_ERROR, (name, error)


def test_the_networks_input_is_quantized_as_the_device_runtime_does(seed_program: Path) -> None:
    params = SETTINGS["seed"]
    windows = np.stack(list(signals(params).values()))
    found, quantized = c_features(seed_program, params, windows, "float")
    np.testing.assert_array_equal(quantized, quantize(found, tensor(params)))
    front_end = FrontEnd(params)
    expected = quantize(np.stack([front_end(window) for window in windows]), tensor(params))
    steps = np.abs(quantized.astype(int) - expected.astype(int))
    assert steps.max() <= 1
    assert steps.mean() < 1e-3
    assert quantized.min() == -128  # silence saturates


def test_int16_samples_give_what_the_same_floats_give(seed_program: Path) -> None:
    params = SETTINGS["seed"]
    pcm = (np.stack(list(signals(params).values())) * 32767).round().astype("<i2")
    from_int16, _ = c_features(seed_program, params, pcm, "int16")
    floats = pcm.astype(np.float32) / np.float32(32768)
    np.testing.assert_array_equal(from_int16, c_features(seed_program, params, floats, "float")[0])


def test_one_frame_of_sound_at_a_time_gives_the_same(seed_program: Path) -> None:
    params = SETTINGS["seed"]
    windows = np.stack(list(signals(params).values()))
    at_once, _ = c_features(seed_program, params, windows, "float")
    np.testing.assert_array_equal(c_features(seed_program, params, windows, "steps")[0], at_once)


@pytest.mark.parametrize("setting", ["seed", "log_mel", "reflect", "short frames"])
def test_no_sanitizer_complains(setting: str, tmp_path: Path) -> None:
    params = SETTINGS[setting]
    sanitizers = "-fsanitize=address,undefined"
    probe = tmp_path / "probe.c"
    probe.write_text("int main(void) { return 0; }\n")
    if subprocess.run(
        ["cc", sanitizers, probe, "-o", tmp_path / "probe"], capture_output=True, check=False
    ).returncode:
        pytest.skip("needs the sanitizers of gcc: libasan and libubsan")
    program = compiled(params, tmp_path, "-O1", "-g", sanitizers, "-fno-sanitize-recover=all")
    named = signals(params)
    bad = np.full(params.window_samples, np.nan, np.float32)
    loud = np.full(params.window_samples, 1e30, np.float32)
    windows = np.stack([named["noise"], named["silence"], named["clipped"], bad, loud])
    for how in ("float", "steps"):
        c_features(program, params, windows, how)


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_tables_are_as_large_as_documented(setting: str) -> None:
    header = front_end_tables(SETTINGS[setting], tensor(SETTINGS[setting]))
    arrays = re.findall(r"static const (float|uint16_t) \w+\[(\d+)\]", header)
    size = {"float": 4, "uint16_t": 2}
    assert tables_bytes(SETTINGS[setting]) == sum(size[kind] * int(n) for kind, n in arrays)


def test_the_scratch_memory_is_as_large_as_documented(tmp_path: Path) -> None:
    params = SETTINGS["seed"]
    (tmp_path / "front_end_tables.h").write_text(front_end_tables(params, tensor(params)))
    check = tmp_path / "size.c"
    check.write_text(
        '#include "edge_genre_front_end.h"\n'
        f"typedef char is_{scratch_bytes(params)}"
        f"[sizeof(edge_genre_scratch) == {scratch_bytes(params)} ? 1 : -1];\n"
    )
    subprocess.run(
        ["cc", *STRICT, "-I", tmp_path, "-I", SOURCES, "-c", check, "-o", tmp_path / "size.o"],
        check=True,
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"n_fft": 2000}, "n_fft is 2000"),
        ({"dc_block_hz": 20.0}, "dc_block_hz is 20.0"),
        ({"kind": "log_mel", "top_db": None, "log_gain": 1e4}, "log_gain is 10000.0"),
        ({"kind": "log_mel", "top_db": None, "log_offset": 1e-3}, "log_offset is 0.001"),
        ({"power": 1.0}, "power is 1; .* adds up power only"),
    ],
)
def test_what_the_c_front_end_does_not_compute_is_refused(
    change: dict[str, float], complaint: str
) -> None:
    with pytest.raises(ParameterError, match=complaint):
        check_front_end(dataclasses.replace(SEED, **change))
