"""Render a demo clip: our own MIDI (see ``pieces.py``), played by a free General MIDI soundfont.

    python docs/demo-clip/compose.py --piece jazz --out demo.wav

Needs numpy, the ``fluidsynth`` command and FluidR3_GM.sf2 (Debian: ``apt install fluidsynth
fluid-soundfont-gm``). Writes a mono, 22050 Hz, 16-bit WAV of exactly 28 s; the same command
gives the same bytes every time.
"""

from __future__ import annotations

import argparse
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pieces import PIECES, Note, Piece, Track

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
SECONDS, RATE, RENDER_RATE = 28, 22050, 44100
PEAK_DBFS, FADE_IN, FADE_OUT = -3.0, 0.02, 1.5
PPQ = 480  # MIDI ticks in a beat
BEND_TIME, BEND_STEPS = 0.12, 8  # how long, in seconds, and how finely a bend rises
VIBRATO_AFTER = 0.35  # seconds into a bent or long lead note

Events = list[tuple[int, bytes]]  # ticks and the MIDI message
Samples = NDArray[np.float64]


class DemoError(Exception):
    """Something the user can mend, in one line."""


# ---- Standard MIDI File -----------------------------------------------------------------------


def varlen(value: int) -> bytes:
    """Encode a MIDI variable-length quantity."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def chunk(tag: bytes, body: bytes) -> bytes:
    """Frame one chunk of the file."""
    return tag + struct.pack(">I", len(body)) + body


def track_chunk(events: Events) -> bytes:
    """Order the events (at one tick, note-on last) and write them with delta times."""
    body, now = b"", 0
    for tick, message in sorted(events, key=lambda e: (e[0], e[1][0] & 0xF0 == 0x90)):
        body += varlen(tick - now) + message
        now = tick
    return chunk(b"MTrk", body + varlen(2 * PPQ) + b"\xff\x2f\x00")


def midi_file(piece: Piece, seed: int) -> bytes:
    """Write the piece as a format 1 MIDI file."""
    tempo = b"\xff\x51\x03" + round(60e6 / piece.bpm).to_bytes(3, "big")
    chunks = [track_chunk([(0, tempo)])]
    channels = [channel for channel in range(16) if channel != 9]
    for index, track in enumerate(piece.tracks):
        channel = 9 if track.drums else channels[index]
        chunks.append(track_chunk(perform(track, channel, piece, random.Random(seed + index))))
    return chunk(b"MThd", struct.pack(">HHH", 1, len(chunks), PPQ)) + b"".join(chunks)


def swung(beat: float, swing: float) -> float:
    """Move a straight position so that the half beat falls at ``swing``."""
    whole, part = divmod(beat, 1.0)
    late = part * 2 * swing if part < 0.5 else swing + (part - 0.5) * 2 * (1 - swing)
    return whole + late


def perform(track: Track, channel: int, piece: Piece, rng: random.Random) -> Events:
    """Turn written notes into MIDI events with swing and small human irregularities."""
    played: dict[int, list[tuple[int, int, Note]]] = {}
    second = PPQ * piece.bpm / 60
    for note in sorted(track.notes):
        jitter = max(-2.5, min(2.5, rng.gauss(0, 1))) * piece.loose * second
        on = max(0, round(swung(note.start, piece.swing) * PPQ + jitter))
        off = max(on + 10, round(swung(note.start + note.length, piece.swing) * PPQ + jitter))
        velocity = max(1, min(127, note.velocity + round(rng.gauss(0, 3))))
        played.setdefault(note.pitch, []).append((on, off, note._replace(velocity=velocity)))

    events: Events = [(0, bytes([0xC0 | channel, track.program]))]
    for control, value in ((7, track.volume), (10, track.pan), (91, round(127 * piece.room))):
        events.append((0, bytes([0xB0 | channel, control, value])))
    for key, strokes in played.items():
        strokes.sort()
        limits = [stroke[0] for stroke in strokes[1:]] + [sys.maxsize]
        for (on, off, note), limit in zip(strokes, limits, strict=True):
            end = max(on, min(off, limit))  # a repeated key is released before it sounds again
            events.append((on, bytes([0x90 | channel, key, note.velocity])))
            events.append((end, bytes([0x80 | channel, key, 0])))
            if note.bend:
                events += bend(note.bend, on, end, channel, second)
    return events


def bend(semitones: int, on: int, off: int, channel: int, second: float) -> Events:
    """Slide up into a note, then add vibrato if it lasts (the wheel spans 2 semitones)."""
    events: Events = []
    for step in range(BEND_STEPS + 1):
        wheel = 8192 - round(4096 * semitones * (1 - step / BEND_STEPS))
        tick = on + round(BEND_TIME * second * step / BEND_STEPS)
        events.append((tick, bytes([0xE0 | channel, wheel & 0x7F, wheel >> 7])))
    if on + VIBRATO_AFTER * second < off:
        events.append((on + round(VIBRATO_AFTER * second), bytes([0xB0 | channel, 1, 50])))
        events.append((off, bytes([0xB0 | channel, 1, 0])))
    return events


# ---- sound ------------------------------------------------------------------------------------


def render(midi: bytes, soundfont: Path, room: float) -> Samples:
    """Play the MIDI with fluidsynth; give mono samples at RENDER_RATE."""
    if shutil.which("fluidsynth") is None:
        raise DemoError("the fluidsynth command is missing (Debian: apt install fluidsynth)")
    if not soundfont.is_file():
        raise DemoError(f"no soundfont at {soundfont} (Debian: apt install fluid-soundfont-gm)")
    with soundfont.open("rb") as file:
        if file.read(12)[8:] != b"sfbk":  # fluidsynth would quietly take its default instead
            raise DemoError(f"{soundfont} is not an SF2 soundfont")
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder, "piece.mid"), Path(folder, "piece.raw")
        score.write_bytes(midi)
        command = ["fluidsynth", "-n", "-i", "-q", "-r", str(RENDER_RATE), "-g", "0.4"]
        command += ["-o", f"synth.reverb.room-size={room}", "-o", "synth.reverb.level=0.8"]
        command += ["-T", "raw", "-O", "float", "-E", "little", "-F", str(sound)]
        done = subprocess.run(
            [*command, str(soundfont), str(score)], capture_output=True, text=True, check=False
        )
        if done.returncode or not sound.is_file():
            reason = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
            raise DemoError(f"fluidsynth failed: {reason}")
        stereo = np.fromfile(sound, dtype="<f4").astype(np.float64).reshape(-1, 2)
    return np.asarray(stereo.mean(axis=1), dtype=np.float64)


def master(sound: Samples, drive: float, mellow: float) -> NDArray[np.int16]:
    """Trim, saturate, roll off, halve the sample rate, fade and normalise."""
    loud = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max(initial=1e-9))
    first = int(loud[0]) if len(loud) else 0
    sound = sound[first : first + SECONDS * RENDER_RATE]
    if len(sound) < SECONDS * RENDER_RATE:
        raise DemoError(f"the piece is too short: {len(sound) / RENDER_RATE:.1f} s of {SECONDS} s")
    if drive:
        sound = np.tanh(drive * sound / np.percentile(np.abs(sound), 99.9))
    if mellow:
        hertz = np.fft.rfftfreq(len(sound), 1 / RENDER_RATE)
        sound = np.fft.irfft(np.fft.rfft(sound) / np.sqrt(1 + (hertz / mellow) ** 2), len(sound))
    taps = np.arange(-63, 64)
    lowpass = np.sinc(taps * 20000 / RENDER_RATE) * np.hamming(len(taps))  # cut at 10 kHz
    sound = np.convolve(sound, lowpass / lowpass.sum(), mode="same")[:: RENDER_RATE // RATE]
    rise, fall = round(FADE_IN * RATE), round(FADE_OUT * RATE)
    sound[:rise] *= np.linspace(0, 1, rise)
    sound[-fall:] *= np.cos(np.linspace(0, np.pi / 2, fall)) ** 2
    level = 32767 * 10 ** (PEAK_DBFS / 20)
    samples: NDArray[np.int16] = np.round(sound * (level / np.abs(sound).max())).astype(np.int16)
    return samples


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Compose and render the demo clip.")
    parser.add_argument("--piece", required=True, choices=sorted(PIECES))
    parser.add_argument("--out", required=True, type=Path, help="the WAV file to write")
    parser.add_argument("--soundfont", default=SOUNDFONT, type=Path, help="default: %(default)s")
    args = parser.parse_args()
    piece = PIECES[args.piece]()
    try:
        sound = render(midi_file(piece, seed=1722), args.soundfont, piece.room)
        samples = master(sound, piece.drive, piece.mellow)
        with args.out.open("wb") as file, wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(samples.astype("<i2").tobytes())
    except (DemoError, OSError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print(f"{args.out}: {args.piece}, {len(samples) / RATE:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
