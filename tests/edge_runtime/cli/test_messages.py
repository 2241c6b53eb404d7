"""What `listen` says on stderr."""

import itertools
import os
import subprocess

import pytest

from tests.command import succeed

from ..sounds import RATE, noise, write_wav
from .test_listen import COMMAND


@pytest.fixture
def short(tmp_path):
    """A clip that is shorter than a window, which is worth a warning."""
    return write_wav(tmp_path / "short.wav", noise(RATE))


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("error", []),
        ("warning", ["warning: "]),
        ("info", ["the page is at", "warning: "]),
        ("debug", ["the page is at", "1 windows in ", "warning: "]),
    ],
)
def test_the_level_says_what_is_said(short, level, said):
    options = ("--fast", "--json", "--http", "0", "--log-level", level)
    lines = succeed("listen", "--input", short, *options).stderr.splitlines()
    assert len(lines) == len(said)
    for line, beginning in zip(lines, said, strict=True):
        assert line.startswith(f"edge-genre: {beginning}")


def test_the_journal_is_told_how_much_a_line_matters(short, tmp_path):
    with (tmp_path / "journal").open("w+") as journal:
        status = os.fstat(journal.fileno())
        stream = f"{status.st_dev}:{status.st_ino}"
        subprocess.run(
            [*COMMAND, "--input", short, "--fast", "--json", "--http", "0"],
            stdout=subprocess.DEVNULL, stderr=journal, check=True,
            env=os.environ | {"JOURNAL_STREAM": stream},
        )  # fmt: skip
        journal.seek(0)
        note, warning = journal.read().splitlines()
    assert note.startswith("<6>edge-genre: the page is at")
    assert warning.startswith("<4>edge-genre: warning: ")


def test_the_journal_is_told_of_changes_alone(tmp_path):
    with (tmp_path / "journal").open("w+") as journal:
        status = os.fstat(journal.fileno())
        subprocess.run(
            [*COMMAND, "--input", "demo", "--fast", "--model", "seed-cnn"],
            stdout=journal, check=True,
            env=os.environ | {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"},
        )  # fmt: skip
        journal.seek(0)
        first, *answers = journal.read().splitlines()
    assert first.startswith("listening to ")
    assert 1 <= len(answers) < 5
    labels = [line.split()[0] for line in answers]
    assert all(label != after for label, after in itertools.pairwise(labels))
