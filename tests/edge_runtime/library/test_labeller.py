"""The row of one file, whatever is wrong with it."""

import errno
import hashlib
import os
import pickle

import numpy as np
import pytest

from edge_runtime.library.inputs import Item
from edge_runtime.library.labeller import Labeller, LabelSettings
from edge_runtime.library.row import name_of

from ..sounds import PCM, RATE, encode, noise, write_wav


@pytest.fixture(scope="module")
def labeller():
    return Labeller(LabelSettings.of_model("seed-cnn"))


@pytest.fixture
def item(tmp_path):
    return Item(str(write_wav(tmp_path / "clip.wav", noise(4 * RATE, channels=2))))


def test_the_sum_is_that_of_the_decoded_samples(labeller, item):
    raw = encode(noise(4 * RATE, channels=2), PCM, 16)
    samples = np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(32768)
    expected = hashlib.sha256(samples.astype("<f4").tobytes()).hexdigest()
    assert labeller(item)["sound_sha256"] == expected


def test_it_loads_its_model_again_where_it_is_sent_to(labeller, item):
    sent = pickle.dumps(labeller)
    assert len(sent) < 2000
    assert pickle.loads(sent)(item) == labeller(item)


def after_reading(monkeypatch, labeller, act):
    """Do something to a file each time that its sound has been read."""
    classify = labeller._classifier.classify_audio

    def classify_and_act(*arguments, **named):
        found = classify(*arguments, **named)
        act()
        return found

    monkeypatch.setattr(labeller._classifier, "classify_audio", classify_and_act)


def test_a_file_that_changes_once_while_it_is_read_is_read_again(labeller, item, monkeypatch):
    times = iter([1, 1, 1])
    after_reading(monkeypatch, labeller, lambda: os.utime(item.name, (next(times),) * 2))
    row = labeller(item)
    assert row["error"] is None
    assert row["mtime_ns"] == 1_000_000_000


def test_one_that_goes_on_changing_has_no_label(labeller, item, monkeypatch):
    times = iter(range(100))
    after_reading(monkeypatch, labeller, lambda: os.utime(item.name, (next(times),) * 2))
    assert "changes while it is read" in labeller(item)["error"]


def test_one_that_vanishes_while_it_is_read_has_none_either(labeller, item, monkeypatch):
    after_reading(monkeypatch, labeller, lambda: os.unlink(item.name))  # noqa: PTH108
    row = labeller(item)
    assert row["error"] == "no such file; check the path"
    assert (name_of(row), row["size"], row["genre"]) == (item.name, None, None)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (OSError(errno.EIO, "Input/output error"), "cannot be read (Input/output error)"),
        (MemoryError(), "takes more memory than there is; use fewer --jobs"),
        (RuntimeError("a\nb"), "cannot be labelled (RuntimeError: a); please report this"),
    ],
)
def test_every_fault_of_a_file_is_its_row(labeller, item, monkeypatch, fault, said):
    def fail():
        raise fault

    after_reading(monkeypatch, labeller, fail)
    row = labeller(item)
    assert row["error"] == said
    assert row["size"] is not None


def test_what_is_odd_is_said_without_the_name_of_the_file(labeller, tmp_path):
    row = labeller(Item(str(write_wav(tmp_path / "short.wav", noise(RATE)))))
    (warning,) = row["warnings"]
    assert warning.startswith("1.00 s is shorter than the model's window")
