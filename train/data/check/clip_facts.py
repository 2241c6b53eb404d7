"""Length, levels and hash of a clip, read block by block and decoded once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_runtime.audio.conditioning import Conditioner, level_dbfs
from edge_runtime.audio.file import AudioFile, open_audio
from edge_runtime.audio.samples import shortfall
from edge_runtime.decoder import DecoderSettings
from edge_runtime.errors import EdgeGenreError

from ..tracks import Track

BLOCK_SECONDS = 1.0
"""Silence is judged by blocks of this length."""
SILENCE_DBFS = DecoderSettings().silence_dbfs
"""Training and the device leave out windows that are softer."""

_TRUNCATED = "truncated: "
"""What begins a warning of `AudioFile` that says so"""


@dataclass(frozen=True)
class ClipFacts:
    """A clip that was decoded from its first sample to its last."""

    rate: int
    """Hertz"""
    channels: int
    seconds: float
    """Decoded, whatever the header promised"""
    sha256: str
    """Of rate, channels and the decoded samples: the same in WAV and FLAC, and under any name"""
    loudest_dbfs: float
    """Level of the loudest block, dB relative to full scale"""
    silent_share: float
    """Of the clip's time, in blocks below `SILENCE_DBFS`"""
    clipped_share: float
    """Of the samples, at full scale"""
    non_finite_samples: int
    """NaN, infinite, absurdly large, or not to be decoded; they become zero"""
    truncated: str
    """How much is missing at the end; empty if nothing is"""
    unheard: str
    """Why sound in the file may be left out, though it is not cut off; empty if none is"""

    @property
    def silent(self) -> bool:
        """Whether every block of the clip is below `SILENCE_DBFS`."""
        return self.loudest_dbfs < SILENCE_DBFS


def clip_facts(track: Track) -> ClipFacts | str:
    """Decode a clip; the reason, without its path, if that is impossible."""
    try:
        return _decoded(open_audio(track.path))
    except EdgeGenreError as error:
        return str(error).removeprefix(f"{track.path}: ")
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _decoded(audio: AudioFile) -> ClipFacts:
    conditioner = Conditioner(audio.channels)
    digest = hashlib.sha256(f"{audio.rate} {audio.channels} ".encode())
    loudest, silent_frames = -np.inf, 0
    for block in audio.blocks(BLOCK_SECONDS):
        digest.update(_bytes(block))
        mono = conditioner(block)
        level = level_dbfs(mono)
        loudest = max(loudest, level)
        if level < SILENCE_DBFS:
            silent_frames += len(mono)
    frames = conditioner.frames
    seconds = frames / audio.rate
    odd = (audio.warning or shortfall(audio, frames) or "").removeprefix(f"{audio.path}: ")
    truncated = odd.removeprefix(_TRUNCATED) if odd.startswith(_TRUNCATED) else ""
    return ClipFacts(
        rate=audio.rate,
        channels=audio.channels,
        seconds=seconds,
        sha256=digest.hexdigest(),
        loudest_dbfs=float(loudest),
        silent_share=silent_frames / max(frames, 1),
        clipped_share=conditioner.clipped_samples / max(frames * audio.channels, 1),
        non_finite_samples=conditioner.non_finite_samples,
        truncated=truncated,
        unheard="" if truncated else odd,
    )


def _bytes(block: npt.NDArray[np.float32]) -> bytes:
    return np.ascontiguousarray(block, "<f4").tobytes()
