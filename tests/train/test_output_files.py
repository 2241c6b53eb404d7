"""Options that name one file for output: a file of another kind there is kept."""

from pathlib import Path

import pytest

from tests.command import refused


@pytest.mark.parametrize(
    "command",
    [
        ("bench", "--json"), ("evaluate", "tiny", "music", "--json"),
        ("evaluate", "tiny", "music", "--predictions"),
        ("evaluate", "tiny", "music", "--rejection-plot"), ("compare", "run", "--json"),
        ("robustness", "tiny", "music", "--json"), ("data", "check", "music", "--json"),
    ],
)  # fmt: skip
def test_a_recording_named_by_mistake_is_refused_before_any_work_and_kept(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    song = tmp_path / "song.wav"
    song.write_bytes(b"RIFF\x24\x00\x00\x00WAVE")
    line = refused(*command, song, code=3)
    assert f"{command[-1]} {song}: holds something else than" in line
    assert song.read_bytes() == b"RIFF\x24\x00\x00\x00WAVE"


@pytest.mark.parametrize(
    "command", [("features", "music", "--format", "json", "--out"), ("compare", "run", "--out")]
)
def test_so_is_one_that_has_the_right_ending(command: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / ("song.json" if command[0] == "features" else "song.png")
    path.write_bytes(b"RIFF")
    assert f"--out {path}: holds something else than" in refused(*command, path, code=3)
