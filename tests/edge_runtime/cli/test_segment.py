"""``edge-genre segment``: the timeline of a recording, as a file or on standard output."""

import json

import numpy as np
import pytest

from tests.command import complaint, succeed

from ..sounds import RATE, noise, write_wav

pytestmark = pytest.mark.usefixtures("classifier")


@pytest.fixture
def recording(tmp_path):
    gap = np.zeros(8 * RATE, np.float32)
    return write_wav(tmp_path / "set.wav", np.concatenate([noise(12 * RATE), gap]))


def test_json_goes_to_standard_output(recording):
    done = succeed("segment", recording)
    value = json.loads(done.stdout)
    assert value["path"] == str(recording)
    assert [segment["label"] for segment in value["segments"]] == ["not music", "silence"]
    assert value["segments"][-1]["end"] == value["seconds"] == 20.0
    assert done.stderr == ""


def test_the_suffix_of_the_output_tells_the_form_and_a_cue_sheet_finds_the_sound(
    recording, tmp_path
):
    out = tmp_path / "sheets" / "set.cue"
    done = succeed("segment", recording, "--out", out)
    assert 'FILE "../set.wav" WAVE\n  TRACK 01 AUDIO\n' in out.read_text()
    assert done.stdout == ""
    assert done.stderr == f"edge-genre: {out}: 2 segments of {recording}\n"
    succeed("segment", recording, "--out", out)  # its own kind is replaced


def test_settings_of_the_decoder_may_be_others(recording):
    done = succeed("segment", recording, "--format", "csv", "--silence-dbfs", "-5")
    assert done.stdout == "start,end,label,confidence\n0.0,20.0,silence,0.0\n"


def test_bad_input_gets_one_line(recording, tmp_path, capfd):
    assert "no such file" in complaint(capfd, "segment", tmp_path / "none.wav", code=3)
    assert "is a folder" in complaint(capfd, "segment", tmp_path, code=3)
    (tmp_path / "empty.wav").touch()
    assert "the file is empty" in complaint(capfd, "segment", tmp_path / "empty.wav", code=3)
    notes = tmp_path / "notes.txt"
    notes.write_text("keep me")
    assert "would be lost" in complaint(capfd, "segment", recording, "--out", notes, code=3)
    assert notes.read_text() == "keep me"
    assert "--confirm" in complaint(capfd, "segment", recording, "--confirm", "3", code=2)
    assert "knows no genre" in complaint(capfd, "segment", recording, "--only", "klezmer", code=2)
    assert "channel 2" in complaint(capfd, "segment", recording, "--channel", "2", code=3)
