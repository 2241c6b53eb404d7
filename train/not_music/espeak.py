"""Speech by espeak-ng, a program of its own (Debian package espeak-ng, GPL-3.0-or-later)."""

from __future__ import annotations

import functools
import io
import shutil
import subprocess
from pathlib import Path

import numpy as np

from edge_runtime.audio import wav
from edge_runtime.audio.resample import StreamResampler
from edge_runtime.errors import EdgeGenreError, MissingDependencyError

from .noise import Sound

_PROGRAM = "espeak-ng"
_CACHED = 256
"""Utterances held in memory: a crowd repeats a handful of sentences."""


def check_espeak() -> None:
    """Insist that the program is there, before any long work.

    Raises
    ------
    MissingDependencyError
        If it is not.
    """
    if shutil.which(_PROGRAM) is None:
        raise MissingDependencyError(
            f"{_PROGRAM} is not installed, and synthetic speech needs it: "
            "sudo apt install espeak-ng"
        )


@functools.lru_cache(_CACHED)
def speak(text: str, *, voice: str, words_per_minute: int, pitch: int, rate: int) -> Sound:
    """Say a text.

    Parameters
    ----------
    text : str
    voice : str
        Language and variant, as ``de+f3``.
    words_per_minute : int
        80 to 450.
    pitch : int
        0 to 99.
    rate : int
        Of the samples, hertz.

    Returns
    -------
    (n,) float64
        Not to be written to: callers share it.

    Raises
    ------
    MissingDependencyError
        If the program is not there.
    EdgeGenreError
        If it does not know the voice, or fails.
    """
    check_espeak()
    command = [_PROGRAM, "-v", voice, "-s", str(words_per_minute), "-p", str(pitch), "--stdout"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode or not done.stdout:
        reason = " ".join(done.stderr.decode(errors="replace").split())
        raise EdgeGenreError(f"{_PROGRAM} cannot speak with voice {voice!r}: {reason}")
    file = io.BytesIO(done.stdout)
    header = wav.read_header(file, Path(_PROGRAM))
    samples = np.concatenate(list(wav.read_blocks(file, header, 1 << 16)))[:, 0]
    sound = StreamResampler(header.rate, rate).push(samples, last=True).astype(np.float64)
    sound.flags.writeable = False
    return sound
