"""A timeline in the forms that other programs read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ParameterError
from ..model.manifest import Manifest
from ..output_file import FileKind, check_output
from ..printable import printable, printable_json
from ..unicode_text import escaped
from .segment import Segment, Timeline

MOST_TRACKS = 99
"""A CUE sheet counts its tracks with two digits"""

_CSV_HEADER = ("start", "end", "label", "confidence")
_CUE_BEGINS = (b"REM", b"FILE", b"TITLE", b"PERFORMER", b"CATALOG", b"CDTEXTFILE", b"SONGWRITER")
_CUE_TYPES = {".mp3": "MP3", ".aif": "AIFF", ".aiff": "AIFF"}
"""By suffix of the sound; readers take WAVE for every other one that they can decode"""


@dataclass(frozen=True)
class TimelineFormat:
    """A form of a timeline."""

    text: Callable[[Timeline, Path, Manifest], str]
    """Of a timeline, the sound's file (as it is to be written) and the model"""
    kind: FileKind
    suffix: str


def _json(timeline: Timeline, audio: Path, manifest: Manifest) -> str:
    value: dict[str, Any] = {
        "path": str(audio),
        "seconds": round(timeline.seconds, 3),
        "model": {"name": manifest.name, "sha256": manifest.weights.sha256},
        "interval_s": round(timeline.interval_s, 4),
        "segments": [_values(segment) for segment in timeline.segments],
        "warnings": list(timeline.warnings),
    }
    return printable_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def _csv(timeline: Timeline, audio: Path, manifest: Manifest) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV_HEADER, lineterminator="\n")
    writer.writeheader()
    for segment in timeline.segments:
        writer.writerow({**_values(segment), "label": _one_line(segment.label)})
    return text.getvalue()


def _values(segment: Segment) -> dict[str, Any]:
    return {
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "label": segment.label,
        "confidence": round(segment.confidence, 4),
    }


def _audacity(timeline: Timeline, audio: Path, manifest: Manifest) -> str:
    """A label track: start, end and text between tabs."""
    return "".join(
        f"{segment.start:.6f}\t{segment.end:.6f}\t{_one_line(segment.label)}\n"
        for segment in timeline.segments
    )


def _srt(timeline: Timeline, audio: Path, manifest: Manifest) -> str:
    """SubRip: a number, the times, the text, an empty line."""
    return "".join(
        f"{number}\n{_srt_time(segment.start)} --> {_srt_time(segment.end)}\n"
        f"{_with_confidence(segment)}\n\n"
        for number, segment in enumerate(timeline.segments, 1)
    )


def _srt_time(seconds: float) -> str:
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02},{milliseconds:03}"


def _with_confidence(segment: Segment) -> str:
    label = _one_line(segment.label)
    return f"{label} ({segment.confidence:.0%})" if segment.confidence else label


def _cue(timeline: Timeline, audio: Path, manifest: Manifest) -> str:
    """A CUE sheet: a track a segment; times are minutes, seconds and frames of 1/75 s."""
    if len(timeline.segments) > MOST_TRACKS:
        raise ParameterError(
            f"{audio}: has {len(timeline.segments)} segments, and a CUE sheet holds {MOST_TRACKS} "
            "tracks at most; join short ones with --minimum SECONDS, or choose another --format"
        )
    kind = _CUE_TYPES.get(audio.suffix.lower(), "WAVE")
    lines = [f'REM COMMENT "{_quoted(f"edge-genre, model {manifest.name}")}"']
    lines.append(f'FILE "{_quoted(str(audio))}" {kind}')
    for number, segment in enumerate(timeline.segments, 1):
        whole, frame = divmod(round(segment.start * 75), 75)
        lines += [
            f"  TRACK {number:02} AUDIO",
            f'    TITLE "{_quoted(segment.label)}"',
            f"    INDEX 01 {whole // 60:02}:{whole % 60:02}:{frame:02}",
        ]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    """What neither breaks the form's lines nor commands a terminal."""
    return printable(" ".join(text.split()))


def _quoted(text: str) -> str:
    """For between quotation marks, which a CUE sheet has no escape for."""
    return printable(text).replace('"', "'")


def _begins_json(head: bytes) -> bool:
    return b"".join(head.split()).startswith(b'{"path":')


def _begins_csv(head: bytes) -> bool:
    return head.startswith(",".join(_CSV_HEADER).encode())


def _begins_audacity(head: bytes) -> bool:
    return _are_numbers(head.split(b"\n")[0].split(b"\t")[:2])


def _are_numbers(words: Sequence[bytes]) -> bool:
    try:
        return len([float(word) for word in words]) == 2
    except ValueError:
        return False


def _begins_srt(head: bytes) -> bool:
    lines = head.split(b"\n", 2)
    return lines[0].strip().isdigit() and len(lines) > 1 and b" --> " in lines[1]


FORMATS = {
    "json": TimelineFormat(_json, FileKind("segments as JSON", _begins_json), ".json"),
    "csv": TimelineFormat(_csv, FileKind("segments as CSV", _begins_csv), ".csv"),
    "audacity": TimelineFormat(_audacity, FileKind("labels of Audacity", _begins_audacity), ".txt"),
    "srt": TimelineFormat(_srt, FileKind("subtitles (SRT)", _begins_srt), ".srt"),
    "cue": TimelineFormat(
        _cue,
        FileKind("a CUE sheet", lambda head: head.lstrip(b"\xef\xbb\xbf").startswith(_CUE_BEGINS)),
        ".cue",
    ),
}
"""By the names of ``--format``"""


def format_for(out: Path | None, named: str | None) -> TimelineFormat:
    """The form that is asked for, or that the suffix of the output tells; else JSON."""
    if named is None and out is not None:
        for one in FORMATS.values():
            if out.suffix.lower() == one.suffix:
                return one
    return FORMATS[named or "json"]


def check_timeline_output(out: Path | None, form: TimelineFormat) -> None:
    """Refuse an output that holds something else or cannot be written, before the work begins."""
    check_output(out, form.kind, "--out")


def timeline_text(timeline: Timeline, audio: Path, manifest: Manifest, form: TimelineFormat) -> str:
    """The text; bytes of a file's name that are not UTF-8 are escapes in it.

    Raises
    ------
    ParameterError
        If there are more segments than the form can hold.
    """
    return escaped(form.text(timeline, audio, manifest))
