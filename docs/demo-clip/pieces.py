"""The demo pieces as readable data: notes, instruments and tempo, no sound.

Two are public-domain compositions typed in here (Bach, Pachelbel); the others are our own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

DRUM_KEYS = {"kick": 36, "stick": 37, "snare": 38, "hat": 42, "pedal": 44, "open": 46,
             "crash": 49, "ride": 51, "china": 52}  # fmt: skip
DRUM_VELOCITY = {"o": 42, "x": 84, "X": 112}  # ghost, plain and accented strokes
CHORD = {"maj7": (0, 4, 7, 11), "m7b5": (0, 3, 6, 10), "m7": (0, 3, 7, 10), "7": (0, 4, 7, 10)}


class Note(NamedTuple):
    """One note; times are in beats, ``bend`` is how far below it starts, in semitones."""

    start: float
    length: float
    pitch: int
    velocity: int
    bend: int = 0


@dataclass
class Track:
    """One General MIDI instrument (0-based program) and its notes."""

    program: int
    notes: list[Note]
    volume: int = 100
    pan: int = 64
    drums: bool = False


@dataclass
class Piece:
    """Tracks and how to play them: ``swing`` is where the off-beat falls within the beat."""

    bpm: float
    tracks: list[Track]
    swing: float = 0.5
    room: float = 0.4  # reverberation, 0 to 1
    drive: float = 0.0  # saturation of the whole mix, as on a loud record
    mellow: float = 0.0  # if set, a gentle treble roll-off from this many Hz, as in a hall
    loose: float = 0.006  # spread of the timing, in seconds


# ---- from readable text to notes --------------------------------------------------------------


def pitch(name: str) -> int:
    """Give the MIDI number of a name such as ``F#3`` or ``Bb4`` (C4 is 60)."""
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[name[0]]
    return 12 * (int(name[-1]) + 1) + step + name.count("#") - name.count("b")


def melody(
    text: str, velocity: int = 90, at: float = 0, stack: Sequence[int] = (0,), legato: float = 0.96
) -> list[Note]:
    """Read ``PITCH/BEATS`` tokens; ``-`` rests, ``!`` mutes, ``^N`` bends up N semitones."""
    notes: list[Note] = []
    for token in text.split():
        head, beats = token.split("/")
        name, _, bend = head.partition("^")
        if name != "-":
            muted = name.endswith("!")
            length = 0.16 if muted else float(beats) * legato
            loud = velocity - 14 if muted else velocity
            for step in stack:
                key = pitch(name.rstrip("!")) + step
                notes.append(Note(at, length, key, loud, int(bend or 0)))
        at += float(beats)
    return notes


def drums(bars: int, at: float = 0, **grid: str) -> list[Note]:
    """Repeat step patterns (16 steps a bar; ``o`` ghost, ``x`` plain, ``X`` accent)."""
    return [
        Note(at + step / 4, 0.2, DRUM_KEYS[drum], DRUM_VELOCITY[pattern[step % len(pattern)]])
        for drum, pattern in grid.items()
        for step in range(16 * bars)
        if pattern[step % len(pattern)] != "."
    ]


def chord(symbol: str) -> tuple[int, tuple[int, ...]]:
    """Split ``Gm7`` into the root's pitch class and its intervals."""
    size = 2 if symbol[1:2] in ("#", "b") else 1
    return pitch(symbol[:size] + "4") % 12, CHORD[symbol[size:]]


def place(pitch_class: int, lowest: int) -> int:
    """Give the first key at or above ``lowest`` with this pitch class."""
    return lowest + (pitch_class - lowest) % 12


# ---- the pieces -------------------------------------------------------------------------------

PRELUDE = """C4 E4 G4 C5 E5 | C4 D4 A4 D5 F5 | B3 D4 G4 D5 F5 | C4 E4 G4 C5 E5 | C4 E4 A4 E5 A5
    | C4 D4 F#4 A4 D5 | B3 D4 G4 D5 G5 | B3 C4 E4 G4 C5 | A3 C4 E4 G4 C5 | D3 A3 D4 F#4 C5
    | G3 B3 D4 G4 B4"""


def classical() -> Piece:
    """J. S. Bach, Prelude in C major, BWV 846 (1722): piano, opening bars."""
    notes = []
    for bar, text in enumerate(PRELUDE.split("|")):
        swell = round(10 * math.sin(math.pi * (bar % 4 + 1) / 5))
        for half in (0.0, 2.0):
            for step, voice in enumerate((0, 1, 2, 3, 4, 2, 3, 4)):
                velocity = 52 + swell + (8, 2, 0, 1, 6, -2, -1, 3)[step] - int(half)
                key = pitch(text.split()[voice])
                notes.append(Note(4 * bar + half + step / 4, 2.05 - step / 4, key, velocity))
    return Piece(74, [Track(0, notes)], room=0.7, mellow=1800, loose=0.009)


CANON = [  # one variation a ground: each voice plays them in turn, the next voice one behind
    "F#5/1 E5/1 D5/1 C#5/1 B4/1 A4/1 B4/1 C#5/1",
    "D5/1 C#5/1 B4/1 A4/1 G4/1 F#4/1 G4/1 E4/1",
    "D4/.5 F#4/.5 A4/.5 G4/.5 F#4/.5 D4/.5 F#4/.5 E4/.5 "
    "D4/.5 B3/.5 D4/.5 A4/.5 G4/.5 B4/.5 A4/.5 G4/.5",
    "F#4/.5 D4/.5 E4/.5 C#5/.5 D5/.5 F#5/.5 A5/.5 A4/.5 "
    "B4/.5 G4/.5 A4/.5 F#4/.5 D4/.5 D5/.5 D5/.75 C#5/.25",
    "D5/.25 C#5/.25 D5/.25 D4/.25 C#4/.25 A4/.25 E4/.25 F#4/.25 "
    "D4/.25 D5/.25 C#5/.25 B4/.25 C#5/.25 F#5/.25 A5/.25 B5/.25 "
    "G5/.25 F#5/.25 E5/.25 G5/.25 F#5/.25 E5/.25 D5/.25 C#5/.25 "
    "B4/.25 A4/.25 G4/.25 F#4/.25 E4/.25 G4/.25 F#4/.25 E4/.25",
    "D4/.25 E4/.25 F#4/.25 G4/.25 A4/.25 E4/.25 A4/.25 G4/.25 "
    "F#4/.25 B4/.25 A4/.25 G4/.25 A4/.25 G4/.25 F#4/.25 E4/.25 "
    "D4/.25 B3/.25 B4/.25 C#5/.25 D5/.25 C#5/.25 B4/.25 A4/.25 "
    "G4/.25 F#4/.25 E4/.25 B4/.25 A4/.25 B4/.25 A4/.25 G4/.25",
]
GROUND = "D3/1 A2/1 B2/1 F#2/1 G2/1 D2/1 G2/1 A2/1"


def classical_strings() -> Piece:
    """Johann Pachelbel, Canon in D (before 1706): three canonic voices over the ground."""
    tracks = []
    for voice, pan in enumerate((40, 88, 64)):
        text = " ".join(CANON[2 - voice : 6 - voice])
        notes = melody(text, 84 - 4 * voice, legato=1.04)
        tracks += [Track(48, notes, 96, pan), Track(40 if voice < 2 else 41, notes, 62, pan)]
    bass = melody(" ".join([GROUND] * 4), 80, legato=1.02)
    low = [note._replace(pitch=note.pitch - 12) for note in bass if note.pitch >= 40]
    tracks += [Track(42, bass, 100, 80), Track(48, bass, 80, 80), Track(43, low, 70, 84)]
    return Piece(65, tracks, room=0.8, loose=0.012)


JAZZ_CHORDS = """Gm7 C7 Fmaj7 Bbmaj7 Em7b5 A7 Dm7 D7 Gm7 C7 Am7 D7 Gm7 C7 Fmaj7 D7 Gm7 C7
    Fmaj7 Fmaj7"""
JAZZ_OPENING = """-/.5 D4/.5 F4/.5 A4/.5 Bb4/.5 A4/.5 G4/.5 F4/.5
    E4/.5 G4/.5 Bb4/.5 D5/.5 C#5/.5 C5/.5 Bb4/.5 G4/.5
    A4^1/1.5 C5/.5 E5/1 C5/.5 A4/.5 """
JAZZ_SAX = (
    JAZZ_OPENING
    + """D5/1 -/.5 C5/.5 Bb4/.5 A4/.5 F4/.5 D4/.5
    E4/.5 G4/.5 Bb4/.5 D5/.5 C5/.5 Bb4/.5 A4/.5 G4/.5  C#5/.5 E5/.5 G5/.5 Bb5/.5 A5/.5 G5/.5
    E5/.5 C#5/.5  F5^1/1.5 D5/.5 -/1 A4/.5 C5/.5  D5/.5 Eb5/.5 D5/.5 C5/.5 A4/.5 F#4/.5 Eb4/.5
    D4/.5  G4/.5 Bb4/.5 D5/.5 F5^1/1 D5/.5 Bb4/1  -/.5 E5/.5 D5/.5 C5/.5 Bb4/.5 Ab4/.5 G4/.5
    E4/.5  G4/.5 C5/.5 E5/.5 G5/.5 E5/1 C5/1  -/.5 F#5/.5 Eb5/.5 C5/.5 A4/.5 Bb4/.5 C5/.5 F#4/.5
    G4^1/2 -/.5 A4/.5 Bb4/.5 D5/.5  C5/.5 Bb4/.5 A4/.5 G4/.5 E4/.5 G4/.5 Bb4/.5 A4/.5
    F4/.5 A4/.5 C5/.5 D5^1/1.5 -/1  -/1 F#4/.5 A4/.5 C5/.5 Eb5/.5 D5/1 """
    + JAZZ_OPENING
)
COMPING = ((0.0, 1.5), (0.5, 2.5), (1.5, 3.0), (0.0, 2.5, 3.5))  # where the piano plays in a bar


def jazz() -> Piece:
    """Our own: medium-slow swing on ii-V-I changes for tenor saxophone and rhythm section."""
    piano, bass, changes = [], [], JAZZ_CHORDS.split()
    for bar, symbol in enumerate(changes):
        root, intervals = chord(symbol)
        following = place(chord(changes[(bar + 1) % len(changes)])[0], 29)
        for hit in COMPING[bar * 5 % 4]:
            for step in (*intervals[1:], 14):  # third, fifth, seventh, ninth: no root
                piano.append(Note(4 * bar + hit, 0.6, place(root + step, 54), 66))
        low = place(root, 29)
        walk = (low, low + intervals[1 + bar % 2], low + intervals[2 - bar % 2 + bar % 3 // 2])
        for beat, key in enumerate((*walk, following + (1 if bar % 3 else -1))):
            bass.append(Note(4 * bar + beat, 0.92, key, 92 + 6 * (beat % 2)))
    bars = len(changes)
    kit = drums(bars, ride="x...X.x.x...X.x.", pedal="....x.......x...", kick="o...o...o...o...")
    kit += drums(bars, stick="............x...", snare="......o...............o.......o..")
    sax = [note._replace(pitch=note.pitch - 12) for note in melody(JAZZ_SAX, 94, legato=0.98)]
    return Piece(
        108,
        [Track(66, sax, 104, 54), Track(0, piano, 112, 88), Track(32, bass, 90, 60),
         Track(32, kit, 106, drums=True)],
        swing=0.65, room=0.5,
    )  # fmt: skip


BLUES_CHORDS = "A7 D7 A7 A7 D7 D7 A7 A7 E7 D7 A7 E7"
BLUES_LEAD = """-/1 E5^2/1 D5/.5 C5/.5 A4/1  -/.5 C5^1/.5 A4/.5 C5/.5 D5/2
    -/.5 A4/.5 C5/.5 D5/.5 E5^2/1.5 G5/.5  E5/.5 D5/.5 C5^1/.5 A4/2.5
    -/.5 F#5/.5 A5^2/1.5 G5/.5 F#5/.5 D5/.5  C5/.5 D5/.5 -/1 A4/.5 C5/.5 D5^2/1
    E5^2/1 E5/.5 D5/.5 C5/.5 A4/.5 G4/.5 A4/.5  C#5^1/1 A4/1 -/1 A4/.5 C5/.5
    E5^2/1.5 D5/.5 B4/.5 G#4/.5 E4/1  F#4/.5 A4/.5 C5/.5 D5/.5 C5^1/1 A4/1
    A4/2 -/2  G#4/1 B4/.5 D5/.5 E5^2/2"""


def blues() -> Piece:
    """Our own: slow 12-bar shuffle in A for guitars, organ, bass and drums."""
    boogie, organ, bass = [], [], []
    for bar, symbol in enumerate(BLUES_CHORDS.split()):
        root, intervals = chord(symbol)
        for half in range(8):
            beat, low = 4 * bar + half / 2, place(root, 40)
            for step in (0, (7, 7, 9, 9, 10, 9, 9, 7)[half]):
                boogie.append(Note(beat, 0.42, low + step, 84 - 14 * (half % 2)))
            line = (0, 0, 4, 4, 7, 7, 9, 10)[half]
            bass.append(Note(beat, 0.46, place(root, 28) + line, 96 - 16 * (half % 2)))
        organ += [Note(4 * bar, 3.9, place(root + step, 57), 64) for step in intervals]
    kit = drums(12, hat="X.x.", kick="X.......X.x.....", snare="....X.......X.o.")
    kit += drums(1, crash="X...............")
    return Piece(
        82,
        [Track(29, melody(BLUES_LEAD, 100), 88, 60), Track(27, boogie, 76, 34),
         Track(18, organ, 80, 96), Track(33, bass, 104), Track(0, kit, 127, drums=True)],
        swing=0.667, room=0.45, drive=1.2,
    )  # fmt: skip


GALLOP = "E2!/.5 E2!/.25 E2!/.25 "
CHUG = "E2!/.25 E2!/.25 E2!/.25 E2!/.25 "
METAL_RIFF = (
    GALLOP * 3 + "G2/.5 F2/.5 " + GALLOP * 2 + "Bb2/.5 A2/.5 G2/.5 F2/.5 "
    + GALLOP * 3 + "G2/.5 F2/.5 " + CHUG * 2 + "F2/1 Bb2/1 "
)  # fmt: skip
METAL_HARMONY = ("E2", "G2", "C3", "B2")
METAL_RUN = ("E5 B4 G4 B4", "D5 B4 G4 B4", "E5 C5 G4 C5", "D#5 B4 F#4 B4")


def metal() -> Piece:
    """Our own: fast palm-muted riff in E, double-kick drums, an arpeggio lead in the middle."""
    tremolo = " ".join(f"{root}/.5 " * 8 for root in METAL_HARMONY)
    run = " ".join((" ".join(f"{n}/.25" for n in bar.split()) + " ") * 4 for bar in METAL_RUN)
    riff = METAL_RIFF * 2 + (tremolo + " ") * 2 + METAL_RIFF * 2
    guitar = melody(riff, 112, stack=(0, 7, 12))
    bass = [note._replace(pitch=note.pitch - 12) for note in melody(riff, 110)]
    kit = drums(24, kick="xxxx", snare="....X.......X...")
    kit += drums(8, china="X...") + drums(8, 32, ride="X.x.") + drums(8, 64, china="X...")
    for bar in range(0, 24, 4):
        kit += drums(1, 4 * bar, crash="X...............")
    return Piece(
        186,
        [Track(30, guitar, 104, 20), Track(30, list(guitar), 104, 108), Track(34, bass, 108),
         Track(30, melody(run * 2, 104, 32), 92, 64), Track(16, kit, 112, drums=True)],
        room=0.25, drive=2.2, loose=0.004,
    )  # fmt: skip


ROCK_VERSE = """A2/1.5 A2/.5 -/.5 C3/.5 D3/1  A2/1 A2!/.5 A2!/.5 D3/.5 C3/.5 G2/1
    A2/1.5 A2/.5 -/.5 C3/.5 D3/1  G2/1 G2/.5 D3/1.5 E3/1 """
ROCK_CHORUS = "A2/1.5 A2/.5 A2/2 G2/1.5 G2/.5 G2/2 D3/1.5 D3/.5 D3/2 A2/1.5 A2/.5 E3/2 "
ROCK_LEAD = """E5^2/1.5 D5/.5 C#5/.5 A4/1.5  B4/.5 D5/.5 G5^2/1 E5/.5 D5/.5 B4/1
    F#5^2/1.5 E5/.5 D5/.5 A4/.5 D5/.5 F#5/.5  E5^2/1 C#5/.5 A4/.5 B4/.5 E5/1.5
    A5^2/2 G5/.5 E5/.5 D5/1  B4/.5 D5/.5 E5^2/1 G5/.5 E5/.5 D5/1
    D5/.5 F#5/.5 A5^2/1.5 F#5/.5 E5/.5 D5/.5  E5^2/2 C#5/.5 B4/.5 A4/1"""


def rock() -> Piece:
    """Our own: mid-tempo riff in A, verse and chorus with a lead guitar."""
    text = ROCK_VERSE * 2 + ROCK_CHORUS * 2
    bass = [note._replace(pitch=note.pitch - 12) for note in melody(text, 104)]
    kit = drums(16, snare="....X.......X...", kick="X.....x.x.x.....")
    kit += drums(8, hat="X.x.") + drums(8, 32, open="X.x.")
    for bar in range(0, 16, 4):
        kit += drums(1, 4 * bar, crash="X...............")
    return Piece(
        124,
        [Track(29, melody(text, 104, stack=(0, 7, 12)), 104, 24),
         Track(30, melody(text, 92, stack=(0, 7)), 84, 104), Track(34, bass, 110),
         Track(29, melody(ROCK_LEAD, 108, 32), 108), Track(16, kit, 120, drums=True)],
        room=0.35, drive=1.6,
    )  # fmt: skip


PIECES: dict[str, Callable[[], Piece]] = {
    "classical": classical, "classical-strings": classical_strings, "jazz": jazz,
    "blues": blues, "metal": metal, "rock": rock,
}  # fmt: skip
