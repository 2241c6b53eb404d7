"""How close our YAMNet is to the original: front end and network, on windows of real music.

``python -m benchmarks.yamnet_parity WHEEL DATA [--part valid] [--json FILE]``

WHEEL is the published file (`train.transfer.yamnet_wheel`), DATA a folder of clips with their
``tracks.csv``. The original takes patches of sound, in eight bits from the log-mel on; ours are the
front end's preset ``yamnet64`` and the network in Keras, in single precision. Both get the same
samples, three patches a window, clips at a peak of 0.9. Given are differences of the log-mel, of
the logits and the probabilities of the 66 classes of music, and how often the first class and the
first three agree. A logit of the original is a multiple of 0.35, so that several classes may share
a place: one of ours agrees where the original has it as high as that place. How far the original's
probabilities are from its own, with the other kernels of LiteRT (XNNPACK), is given beside ours.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_runtime.audio.file import open_audio
from edge_runtime.audio.windows import SoundPath, cut_windows, sound_blocks
from edge_runtime.frontend import PRESETS, FrontEnd
from train.progress import progress
from train.transfer.styles import MUSIC_CLASSES
from train.transfer.yamnet import LAYERS, PATCH_FRAMES, yamnet
from train.transfer.yamnet_file import bundled_yamnet
from train.transfer.yamnet_wheel import SHA256, WHEEL, kernel_places, read_model

from .data_set import clips_of_part

Array = npt.NDArray[np.float32]

FRONT_END = PRESETS["yamnet64"]
PATCH_SAMPLES = 15_600
_PEAK = 0.9
_MUSIC = slice(MUSIC_CLASSES.start, MUSIC_CLASSES.stop)


@dataclass(frozen=True)
class Tensor:
    """What a layer of the original gives, in real units."""

    values: Array
    step: float
    """Of its eight bits"""
    largest: float
    """That eight bits can hold"""


class Original:
    """The published model, run by LiteRT, with a look at what its layers give.

    Parameters
    ----------
    model : bytes
        From `train.transfer.yamnet_wheel.read_model`.
    xnnpack : bool
        With XNNPACK's kernels, which leave no look inside, instead of LiteRT's own.
    """

    def __init__(self, model: bytes, *, xnnpack: bool = False) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self._interpreter = Interpreter(
            model_content=model,
            experimental_preserve_all_tensors=not xnnpack,
            experimental_op_resolver_type=OpResolverType.AUTO
            if xnnpack
            else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        self._interpreter.allocate_tensors()
        details = self._interpreter.get_tensor_details()
        kernels = kernel_places(details)
        outputs = dict(zip(LAYERS, (details[place + 2] for place in kernels), strict=True))
        self._tensors = {
            "input": details[kernels[0] - 1],
            **outputs,
            "embedding": details[kernels[-1] - 1],
        }
        self._log_mel = next(d["index"] for d in details if d["name"] == "log_mel_spectrogram")
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._probabilities = self._interpreter.get_output_details()[0]["index"]

    def __call__(self, samples: Array) -> None:
        """Run it on (`PATCH_SAMPLES`,) at 16 kHz."""
        self._interpreter.set_tensor(self._input, samples)
        self._interpreter.invoke()

    @property
    def log_mel(self) -> Array:
        """(96, 64) of the latest samples, before its eight bits."""
        return np.array(self._interpreter.get_tensor(self._log_mel))

    @property
    def probabilities(self) -> Array:
        """(521,)"""
        return np.array(self._interpreter.get_tensor(self._probabilities)[0])

    def tensor(self, name: str) -> Tensor:
        """What a layer gave for the latest samples, with the batch axis.

        Parameters
        ----------
        name : str
            ``"input"`` (the log-mel in eight bits), one of `train.transfer.yamnet.LAYERS` or
            ``"embedding"``.
        """
        details = self._tensors[name]
        (step,) = details["quantization_parameters"]["scales"].tolist()
        (zero,) = details["quantization_parameters"]["zero_points"].tolist()
        values = self._interpreter.get_tensor(details["index"]).astype(np.float32)
        return Tensor((values - zero) * np.float32(step), step, step * (127 - zero))


def patches(window: Array) -> Iterator[Array]:
    """The samples whose frames are the patches of a window's features."""
    assert FRONT_END.win_length is not None
    # The original's frames have their samples at the beginning, ours in the middle.
    first = (FRONT_END.n_fft - FRONT_END.win_length) // 2
    step = PATCH_FRAMES * FRONT_END.hop
    for start in range(first, len(window) - PATCH_SAMPLES + 1, step):
        yield window[start : start + PATCH_SAMPLES]


def clip_windows(path: Path) -> Iterator[Array]:
    """Windows of a clip at its peak of 0.9."""
    audio = open_audio(path)
    sound = SoundPath(audio.rate, audio.channels, FRONT_END)
    samples = np.concatenate([block.copy() for block in sound_blocks(audio, sound)])
    scale = np.float32(_PEAK / max(float(np.abs(samples).max()), 1e-9))
    for _, window in cut_windows([samples * scale], FRONT_END):
        yield window


def within_first(ours: Array, original: Array, n: int) -> npt.NDArray[np.bool_]:
    """Whether each row's first `n` classes of ours are among the original's, ties counted in."""
    first = np.argsort(-ours, axis=-1)[..., :n]
    lowest = np.sort(original, axis=-1)[..., -n]
    found = np.take_along_axis(original, first, axis=-1) >= lowest[..., np.newaxis]
    return np.asarray(found.all(axis=-1))


def _differences(ours: Array, original: Array) -> dict[str, float]:
    delta = np.abs(ours - original)
    return {
        "max": round(float(delta.max()), 6),
        "p95": round(float(np.percentile(delta, 95)), 6),
        "median": round(float(np.median(delta)), 6),
    }


def _logistic(logits: Array) -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float32)


def compare(clips: Sequence[Path], model: bytes) -> dict[str, Any]:
    """Ours and the original on every patch of clips; see the module."""
    original, again = Original(model), Original(model, xnnpack=True)
    front_end, network = FrontEnd(FRONT_END), yamnet(bundled_yamnet(), PATCH_FRAMES)
    logits, wanted, probabilities, others, clip = [], [], [], [], []
    log_mel = 0.0
    for number, path in enumerate(progress(clips, total=len(clips), label="compare")):
        for window in clip_windows(path):
            features = front_end(window).reshape(-1, PATCH_FRAMES, FRONT_END.n_mels)
            logits.append(network(features[..., np.newaxis])["classes"].numpy()[:, _MUSIC])
            for own, patch in zip(features, patches(window), strict=True):
                original(patch)
                log_mel = max(log_mel, float(np.abs(original.log_mel - own).max()))
                wanted.append(original.tensor("classes").values[0, _MUSIC])
                probabilities.append(original.probabilities[_MUSIC])
                again(patch)
                others.append(again.probabilities[_MUSIC])
                clip.append(number)
    ours, theirs = np.concatenate(logits), np.stack(wanted)
    of_clip = np.array(clip)
    means = [
        np.stack([side[of_clip == number].mean(axis=0) for number in range(len(clips))])
        for side in (ours, theirs)
    ]
    by_class = [float(np.corrcoef(a, b)[0, 1]) for a, b in zip(ours.T, theirs.T, strict=True)]
    return {
        "wheel": {"name": WHEEL, "sha256": SHA256},
        "clips": len(clips),
        "patches": len(ours),
        "log_mel_max_abs_delta": log_mel,
        "logits_abs_delta": _differences(ours, theirs),
        "probabilities_abs_delta": _differences(_logistic(ours), np.stack(probabilities)),
        "original_by_xnnpack_probabilities_abs_delta": _differences(
            np.stack(others), np.stack(probabilities)
        ),
        "correlation": round(float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]), 5),
        "correlation_of_a_class": {
            "min": round(min(by_class), 5),
            "median": round(float(np.median(by_class)), 5),
        },
        "first_class_agrees": round(float(within_first(ours, theirs, 1).mean()), 4),
        "first_three_agree": round(float(within_first(ours, theirs, 3).mean()), 4),
        "first_class_of_a_clip_agrees": round(float(within_first(*means, 1).mean()), 4),
        "first_three_of_a_clip_agree": round(float(within_first(*means, 3).mean()), 4),
    }


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, metavar="WHEEL", help=WHEEL)
    parser.add_argument("data", type=Path, metavar="DATA", help="folder of clips")
    parser.add_argument("--part", default="valid")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    model = read_model(args.wheel)
    clips = [track.path for track in clips_of_part(args.data, args.part)]
    found = {"part": args.part, **compare(clips, model)}
    text = json.dumps(found, indent=2)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
