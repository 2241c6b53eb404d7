"""What the command writes on stderr of what the library logs."""

import itertools
import logging
import os
import subprocess
import threading

import pytest

from edge_runtime.cli.log_handler import log_to_stderr, set_level
from edge_runtime.stderr import quiet_stderr
from tests.command import succeed

from ..sinks.events import Reported
from ..sounds import RATE, noise, write_wav
from .test_listen import COMMAND


@pytest.fixture
def short(tmp_path):
    """A clip that is shorter than a window, which is worth a warning."""
    return write_wav(tmp_path / "short.wav", noise(RATE))


@pytest.mark.parametrize(
    ("level", "lines"),
    [
        ("error", []),
        ("warning", ["warning: "]),
        ("info", ["the page is at", "warning: "]),
        ("debug", ["the page is at", "1 windows in ", "warning: "]),
    ],
)
def test_the_level_chooses_what_is_written(short, level, lines):
    options = ("--fast", "--json", "--http", "0", "--log-level", level)
    written = succeed("listen", "--input", short, *options).stderr.splitlines()
    for line, beginning in zip(written, lines, strict=True):
        assert line.startswith(f"edge-genre: {beginning}")


def test_the_journal_gets_a_priority_before_each_line(short, tmp_path):
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


def test_the_journal_gets_changes_alone(tmp_path):
    with (tmp_path / "journal").open("w+") as journal:
        status = os.fstat(journal.fileno())
        subprocess.run(
            [*COMMAND, "--input", "demo", "--fast", "--model", "seed-cnn"],
            stdout=journal, check=True,
            env=os.environ | {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"},
        )  # fmt: skip
        journal.seek(0)
        first, *changes = journal.read().splitlines()
    assert first.startswith("listening to ")
    assert 1 <= len(changes) < 5
    labels = [line.split()[0] for line in changes]
    assert all(label != after for label, after in itertools.pairwise(labels))


LOGGER = logging.getLogger("edge_runtime.sources.reconnect")


def test_each_record_is_one_line_that_begins_with_the_command(capsys):
    with log_to_stderr():
        LOGGER.warning("mic: %s;\nwaiting", "lost")
        LOGGER.error("the end")
        LOGGER.info("a note")
        LOGGER.debug("a detail")
        set_level("debug")
        LOGGER.debug("another")
    assert capsys.readouterr().err.splitlines() == [
        "edge-genre: warning: mic: lost; waiting",
        "edge-genre: the end",
        "edge-genre: a note",
        "edge-genre: another",
    ]


def test_threads_are_seen_while_stderr_is_hidden_and_no_line_is_cut(capfd):
    def log(name):
        for number in range(100):
            LOGGER.warning("%s %d", name, number)

    with log_to_stderr(), quiet_stderr():
        os.write(2, b"native, hidden\n")
        threads = [threading.Thread(target=log, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(capfd.readouterr().err.splitlines()) == sorted(
        f"edge-genre: warning: {name} {number}" for name in "abcd" for number in range(100)
    )


def test_a_level_of_the_command_hides_nothing_from_other_handlers(capsys):
    # The service manager shows what is wrong with the microphone whatever --log-level is.
    with log_to_stderr(), Reported().attached() as reported:
        set_level("error")
        LOGGER.warning("mic: lost")
    assert reported.lines == ["mic: lost"]
    assert capsys.readouterr().err == ""


def test_after_the_command_the_loggers_are_as_they_were(caplog, capsys):
    logger = logging.getLogger("edge_runtime")
    before = (logger.level, logger.propagate, list(logger.handlers))
    with log_to_stderr():
        LOGGER.warning("for the command")
    assert (logger.level, logger.propagate, logger.handlers) == before
    LOGGER.warning("for the program that embeds it")
    assert caplog.messages == ["for the program that embeds it"]
    assert "embeds" not in capsys.readouterr().err
