"""``edge-genre label --engine ray``: the table of this machine, whatever ends the command."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_runtime.library.store import read_rows
from tests.command import complaint, succeed

from ..sounds import RATE, noise, write_wav

pytest.importorskip("ray", reason="the extra ray is not installed")

MODEL = ("--model", "seed-cnn")
IN_SMALL_PARTS = (
    "import sys; from edge_runtime.library import store; store.ROWS_PER_PART = 5\n"
    "from edge_runtime.cli import main; sys.exit(main(sys.argv[1:]))"
)


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """A library whose files are copies of a few, one that is none, and one of an odd name."""
    folder = tmp_path_factory.mktemp("music")
    for number in range(4):
        write_wav(folder / f"{number}.wav", noise((6 + number) * RATE, seed=number))
    for number in range(4, 400):
        os.link(folder / f"{number % 4}.wav", folder / f"{number}.wav")
    (folder / "bad.wav").write_bytes(b"RIFF no")
    try:
        os.link(folder / "1.wav", os.fsencode(folder) + b"/m\xe9tal.wav")
    except OSError:
        os.link(folder / "1.wav", folder / "metal.wav")  # this disk takes UTF-8 alone
    return folder


@pytest.fixture(scope="module")
def here(music, tmp_path_factory):
    """Its table, made on this machine."""
    out = tmp_path_factory.mktemp("here") / "labels.parquet"
    succeed("label", music, "--out", out, *MODEL, "--timeline")
    return out


def started(music, out):
    """The command, in a session of its own, until some more rows are safe."""
    parts = out.with_name(out.name + ".parts")
    before = len(list(parts.glob("*.parquet")))
    process = subprocess.Popen(
        [sys.executable, "-c", IN_SMALL_PARTS, "label", music.name, "--out", out, *MODEL,
         "--timeline", "--engine", "ray", "--jobs", "2"],
        stderr=subprocess.PIPE, text=True, cwd=music.parent, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 600
    while len(list(parts.glob("*.parquet"))) < before + 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def descendants(pid):
    """Processes that a process has started, and those that these have."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        pytest.skip("finds processes in /proc")
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found


def is_running(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def without_folder(out):
    return [{**row, "path": Path(row["path"]).name, "path_bytes": None} for row in read_rows(out)]


@pytest.mark.slow
def test_a_command_that_is_killed_or_interrupted_goes_on_to_the_same_table(music, here, tmp_path):
    out = tmp_path / "labels.parquet"
    process = started(music, out)
    pids = descendants(process.pid)
    assert len(pids) > 3
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 120
    while any(map(is_running, pids)):
        assert time.monotonic() < deadline, "processes of Ray outlive the command"
        time.sleep(0.05)

    parts = out.with_name(out.name + ".parts")
    safe = sum(1 for part in parts.glob("*.parquet") for _ in read_rows(part))
    assert 10 <= safe < 402
    process = started(music, out)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130
    assert re.search(r"interrupted; the rows of \d+ files are kept", stderr)
    assert "Traceback" not in stderr
    assert not out.exists()

    done = subprocess.run(
        [sys.executable, "-m", "edge_runtime", "label", music.name, "--out", out, *MODEL,
         "--timeline", "--engine", "ray"],
        capture_output=True, text=True, cwd=music.parent, check=True,
    )  # fmt: skip
    assert int(re.search(r", (\d+) unchanged", done.stderr)[1]) >= safe - 1  # bad.wav, once more
    assert without_folder(out) == without_folder(here)
    assert done.stdout == ""
    assert all(line.startswith(("edge-genre: ", "label: ")) for line in done.stderr.splitlines())


def test_an_address_without_the_engine_is_refused(tmp_path, capfd):
    line = complaint(
        capfd, "label", "demo", "--out", tmp_path / "a.jsonl", "--address", "a:1", code=2
    )
    assert "add --engine ray" in line


def test_a_cluster_that_does_not_answer_leaves_no_file(tmp_path, capfd):
    line = complaint(
        capfd, "label", "demo", "--out", tmp_path / "a.jsonl", "--engine", "ray",
        "--address", "127.0.0.1:1", code=4,
    )  # fmt: skip
    assert "127.0.0.1:1: no Ray cluster answers there (Connection refused)" in line
    assert list(tmp_path.iterdir()) == []
