"""``edge-genre label``: a table of a library, whatever ends the command."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from edge_runtime import Classifier
from edge_runtime.cli import main
from edge_runtime.library.row import name_of
from edge_runtime.library.store import read_rows
from edge_runtime.model.file import read_model, write_model
from tests.command import complaint, edge_genre, refused, succeed

from ..library.fakes import ODD_NAMES
from ..sounds import RATE, noise, write_wav

IN_SMALL_PARTS = (
    "import sys; from edge_runtime.library import store; store.ROWS_PER_PART = 5\n"
    "from edge_runtime.cli import main; sys.exit(main(sys.argv[1:]))"
)
MODEL = ("--model", "seed-cnn")
RESULT = re.compile(
    r"edge-genre: (?P<out>.*): (?P<files>\d+) files?, (?P<hours>[\d.]+) h of sound, "
    r"(?P<labelled>\d+) labelled in [\d.]+ s(, (?P<kept>\d+) unchanged)?"
    r"(, (?P<others>\d+) of earlier runs)?, (?P<failed>\d+) failed\n"
)


@pytest.fixture
def music(tmp_path):
    """A small library: genres in folders, an odd one among them."""
    folder = tmp_path / "music"
    for number in range(6):
        name = f"album {number % 2}/{number}.wav"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_wav(folder / name, noise((3 + number) * RATE, seed=number))
    write_wav(folder / "silence.wav", np.zeros(4 * RATE))
    (folder / "bad.wav").write_bytes(b"RIFF no")
    (folder / "empty.wav").touch()
    return folder


@pytest.fixture
def many(tmp_path):
    """Many files, of one clip."""
    folder = tmp_path / "many"
    folder.mkdir()
    clip = write_wav(tmp_path / "clip.wav", noise(6 * RATE, channels=2))
    for number in range(150):
        os.link(clip, folder / f"{number:03}.wav")
    return folder


def result(done):
    found = RESULT.search(done.stderr)
    assert found, done.stderr
    return {key: int(value or 0) for key, value in found.groupdict().items() if key not in
            ("out", "hours")}  # fmt: skip


def rows_by_name(out):
    rows = list(read_rows(out))
    by_name = {name_of(row): row for row in rows}
    assert len(by_name) == len(rows)
    return by_name


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_every_file_of_a_folder_has_a_row(music, tmp_path, suffix):
    out = tmp_path / f"labels{suffix}"
    done = succeed("label", music, "--out", out, *MODEL, "--timeline", "--jobs", "2")
    assert result(done) == {"files": 9, "labelled": 7, "kept": 0, "others": 0, "failed": 2}
    rows = rows_by_name(out)
    assert list(rows) == sorted(rows)
    classifier = Classifier("seed-cnn")
    for name, row in rows.items():
        path = Path(name)
        assert (row["size"], row["mtime_ns"]) == (path.stat().st_size, path.stat().st_mtime_ns)
        assert row["model"] == f"{classifier.manifest.name} {classifier.manifest.version}"
        if row["error"]:
            assert row["genre"] is row["posterior"] is row["sound_sha256"] is None
            continue
        found = classifier.classify(path)
        assert row["genre"] == found.label
        assert row["posterior"] == pytest.approx(found.posterior, abs=1e-7)
        assert row["seconds"] == found.seconds
        assert [w["label"] for w in row["timeline"]] == [w.label for w in found.windows]
        assert (row["sample"], row["channel"], row["warnings"]) == ("whole", "mix", [])
    assert rows[str(music / "silence.wav")]["silence_share"] == 1.0
    assert rows[str(music / "silence.wav")]["confidence"] == 0.0
    assert "empty" in rows[str(music / "empty.wav")]["error"]
    assert str(music) not in rows[str(music / "bad.wav")]["error"]
    assert f"edge-genre: {music}/empty.wav: the file is empty" in done.stderr


def test_rows_are_the_same_whatever_the_jobs(music, tmp_path):
    outputs = []
    for jobs in ("1", "3"):
        out = tmp_path / f"{jobs}.parquet"
        succeed("label", music, "--out", out, *MODEL, "--jobs", jobs, "--quiet")
        outputs.append(out.read_bytes())
    assert outputs[0] == outputs[1]


def test_a_second_run_labels_what_has_changed_and_what_failed_alone(music, tmp_path):
    out = tmp_path / "labels.parquet"
    succeed("label", music, "--out", out, *MODEL)
    before = rows_by_name(out)
    again = result(succeed("label", music, "--out", out, *MODEL))
    assert again == {"files": 9, "labelled": 0, "kept": 7, "others": 0, "failed": 2}
    assert rows_by_name(out) == before
    changed, new = music / "album 0" / "0.wav", music / "new.wav"
    write_wav(changed, noise(5 * RATE, seed=77))
    write_wav(new, noise(5 * RATE, seed=78))
    (music / "empty.wav").unlink()
    third = result(succeed("label", music, "--out", out, *MODEL))
    assert third == {"files": 10, "labelled": 2, "kept": 6, "others": 1, "failed": 1}
    after = rows_by_name(out)
    assert after[str(changed)]["sound_sha256"] != before[str(changed)]["sound_sha256"]
    for name in before.keys() - {str(changed)}:
        assert after[name] == before[name]
    pruned = result(succeed("label", music, "--out", out, *MODEL, "--prune"))
    assert pruned == {"files": 9, "labelled": 0, "kept": 8, "others": 0, "failed": 1}
    assert str(music / "empty.wav") not in rows_by_name(out)


def test_of_long_files_excerpts_are_listened_to_unless_all_is_wanted(tmp_path):
    long, short = (write_wav(tmp_path / f"{n}.wav", noise(n * RATE)) for n in (124, 20))
    found = {}
    for options in ((), ("--whole",), ("--sample", "2x3s")):
        out = tmp_path / "labels.jsonl"
        succeed("label", long, short, "--out", out, *MODEL, "--timeline", "--overwrite", *options)
        found[options] = [rows_by_name(out)[str(path)] for path in (long, short)]
        again = result(succeed("label", long, short, "--out", out, *MODEL, "--timeline", *options))
        assert again["kept"] == 2
    for options, samples, windows in (
        ((), ["3x10s", "whole"], [9, 7]),
        (("--whole",), ["whole", "whole"], [41, 7]),
        (("--sample", "2x3s"), ["2x3s", "2x3s"], [2, 2]),
    ):
        assert [row["sample"] for row in found[options]] == samples
        assert [len(row["timeline"]) for row in found[options]] == windows
        assert [row["seconds"] for row in found[options]] == [124.0, 20.0]
    assert "--sample 2x3s, and these would be made with 3x10s" in refused(
        "label", long, "--out", tmp_path / "labels.jsonl", *MODEL, "--timeline", code=3
    )


def test_odd_names_come_back_as_they_are(tmp_path):
    folder = tmp_path / "odd"
    folder.mkdir()
    try:
        for name in ODD_NAMES:
            write_wav(folder / name, noise(4 * RATE))
    except OSError:
        pytest.skip("this disk takes names in UTF-8 alone")
    for suffix in (".parquet", ".jsonl", ".csv"):
        out = tmp_path / f"labels{suffix}"
        done = edge_genre("label", folder, "--out", out, *MODEL)
        assert (done.returncode, result(done)["failed"]) == (0, 0)
        assert sorted(rows_by_name(out)) == sorted(str(folder / name) for name in ODD_NAMES)
        assert result(edge_genre("label", folder, "--out", out, *MODEL))["kept"] == len(ODD_NAMES)


def test_another_model_in_the_output_is_refused_unless_it_may_be_overwritten(music, tmp_path):
    out = tmp_path / "labels.jsonl"
    succeed("label", music / "album 0", "--out", out, *MODEL)
    before = out.read_bytes()
    line = refused("label", music / "album 0", "--out", out, code=3)
    assert f"--out {out}: holds labels made with the model seed-cnn" in line
    assert out.read_bytes() == before
    done = succeed("label", music / "album 0", "--out", out, "--overwrite")
    assert result(done)["labelled"] == 3
    assert {row["model_sha256"] for row in read_rows(out)} == {read_model("tiny").sha256}


@contextlib.contextmanager
def running(folder, out, *options):
    """The command, with an output in small parts, until it has written some."""
    process = subprocess.Popen(
        [sys.executable, "-c", IN_SMALL_PARTS, "label", folder, "--out", out, "--jobs", "2",
         *MODEL, *options],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_parts(process, out, count=3):
    parts = out.with_name(out.name + ".parts")
    deadline = time.monotonic() + 120
    while len(list(parts.glob(f"*{out.suffix}"))) < count:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return parts


def workers(process):
    task = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not task.exists():
        pytest.skip("finds workers in /proc")
    found = [int(child) for child in task.read_text().split()]
    return [pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def is_running(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Values of the row of the clip of `many`, beside its name."""
    folder = tmp_path_factory.mktemp("clip")
    clip = write_wav(folder / "clip.wav", noise(6 * RATE, channels=2))
    succeed("label", clip, "--out", folder / "labels.jsonl", *MODEL)
    return without_file(next(iter(read_rows(folder / "labels.jsonl"))))


def without_file(row):
    return {name: row[name] for name in row if name not in ("path", "path_bytes", "mtime_ns")}


@pytest.mark.parametrize(
    "suffix",
    [
        ".parquet",
        pytest.param(".jsonl", marks=pytest.mark.slow),
        pytest.param(".csv", marks=pytest.mark.slow),
    ],
)
def test_a_command_that_is_killed_goes_on_without_a_row_lost_or_doubled(
    many, tmp_path, suffix, uninterrupted
):
    out = tmp_path / f"labels{suffix}"
    safe = 0
    for count in (3, 9):
        with running(many, out) as process:
            parts = wait_for_parts(process, out, count)
            pids = workers(process)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        deadline = time.monotonic() + 60
        while any(map(is_running, pids)):
            assert time.monotonic() < deadline, "workers outlive the command"
            time.sleep(0.01)
        assert not out.exists()
        rows = [row for part in sorted(parts.glob(f"*{suffix}")) for row in read_rows(part)]
        assert len({name_of(row) for row in rows}) == len(rows) > safe
        safe = len(rows)
    done = succeed("label", many, "--out", out, *MODEL)
    assert result(done) == {
        "files": 150, "labelled": 150 - safe, "kept": safe, "others": 0, "failed": 0,
    }  # fmt: skip
    rows = rows_by_name(out)
    assert sorted(rows) == sorted(map(str, many.iterdir()))
    assert [without_file(row) for row in rows.values()] == [uninterrupted] * 150
    assert not parts.exists()


def test_a_worker_that_is_killed_costs_no_row(many, tmp_path, uninterrupted):
    out = tmp_path / "labels.parquet"
    with running(many, out) as process:
        for count in (2, 6):
            wait_for_parts(process, out, count)
            os.kill(workers(process)[0], signal.SIGKILL)
        _, stderr = process.communicate(timeout=300)
        assert process.returncode == 0, stderr
    assert "its process ended (SIGKILL, out of memory?); it is tried again" in stderr
    rows = rows_by_name(out)
    assert sorted(rows) == sorted(map(str, many.iterdir()))
    assert [without_file(row) for row in rows.values()] == [uninterrupted] * 150


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_all_that_was_finished(many, tmp_path, number, code):
    out = tmp_path / "labels.parquet"
    with running(many, out) as process:
        wait_for_parts(process, out)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=120)
    assert process.returncode == code
    assert not out.exists()
    (line,) = [line for line in stderr.splitlines() if line.startswith("edge-genre")]
    kept = int(re.search(r"interrupted; the rows of (\d+) files are kept", line)[1])
    assert "Traceback" not in stderr
    assert result(succeed("label", many, "--out", out, *MODEL))["kept"] == kept >= 15


def test_a_second_command_on_one_output_is_refused(many, tmp_path):
    out = tmp_path / "labels.parquet"
    with running(many, out) as process:
        wait_for_parts(process, out, 1)
        assert "another edge-genre label writes to it" in refused(
            "label", many, "--out", out, *MODEL, code=3
        )
        process.communicate(timeout=300)
    assert len(rows_by_name(out)) == 150


def test_a_full_disk_is_one_line_and_nothing_that_was_safe_is_lost(many, tmp_path):
    out = tmp_path / "labels.jsonl"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
    done = subprocess.run(
        [sys.executable, "-c", limit + IN_SMALL_PARTS, "label", many, "--out", out, *MODEL],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("label: ")]
    assert line == f"edge-genre: {out}: cannot be written (File too large)"
    assert not out.exists()
    assert result(succeed("label", many, "--out", out, *MODEL))["kept"] == 150


def test_strict_fails_with_the_number_of_failures(music, tmp_path, capfd):
    out = tmp_path / "labels.jsonl"
    assert main(["label", str(music), "--out", str(out), *MODEL, "--strict", "--quiet"]) == 1
    last = capfd.readouterr().err.splitlines()[-1]
    assert last == f"edge-genre: {out}: 2 files could not be labelled"
    assert len(rows_by_name(out)) == 9


def test_quiet_reports_errors_alone(music, tmp_path):
    done = succeed("label", music, "--out", tmp_path / "labels.jsonl", *MODEL, "--quiet")
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 2


def test_a_library_full_of_failures_is_no_flood(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number}.wav").touch()
    done = succeed("label", folder, "--out", tmp_path / "labels.jsonl", *MODEL, "--quiet")
    assert len(done.stderr.splitlines()) == 11
    assert done.stderr.endswith("more files failed; the column error says why\n")


def test_names_come_from_stdin(music, tmp_path):
    names = "\n".join(map(str, sorted((music / "album 0").iterdir())))
    out = tmp_path / "labels.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "edge_runtime", "label", "-", "--out", out, *MODEL],
        input=names, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert result(done)["labelled"] == 3
    assert "\n".join(rows_by_name(out)) == names


def test_playlists_hold_every_file_of_their_genre(music, tmp_path):
    out, folder = tmp_path / "labels.csv", tmp_path / "playlists"
    succeed("label", music, "--out", out, "--playlist", folder, *MODEL)
    listed = {
        (path.stem, line)
        for path in folder.iterdir()
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    }
    expected = {
        (row["genre"], row["path"])
        for row in read_rows(out)
        if row["genre"] not in (None, "silence")
    }
    assert listed == expected
    assert len(listed) == 6


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--out", "labels.txt"], 2, "name a file that ends in .parquet, .jsonl or .csv"),
        (["--out", "."], 2, "ends in 'nothing'"),
        (["--out", "a.jsonl", "--model", "none.tflite"], 3, "no such model file"),
        (["--out", "a.jsonl", "--jobs", "0"], 2, "from 1 to"),
        ([], 2, "required: --out"),
    ],
)
def test_a_wrong_option_is_one_line(folder, capfd, arguments, code, said):
    assert said in complaint(capfd, "label", "demo", *arguments, code=code)
    assert list(folder.iterdir()) == []


def test_a_parquet_file_without_pyarrow_names_the_extra(tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "edge_runtime.library.formats.parquet", raising=False)
    monkeypatch.delattr("edge_runtime.library.formats.parquet", raising=False)
    line = complaint(capfd, "label", "demo", "--out", tmp_path / "a.parquet", code=4)
    assert 'pip install "edge-genre[library]"; or name a file that ends in .jsonl or .csv' in line


def test_json_lines_and_csv_need_no_extra(tmp_path):
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('pyarrow', 'rich', 'fsspec')))\n"
        "from edge_runtime.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    for name in ("labels.jsonl", "labels.csv"):
        subprocess.run(
            [sys.executable, "-c", code, "label", "demo", "--out", tmp_path / name, *MODEL],
            check=True,
        )
        assert len(rows_by_name(tmp_path / name)) == 1


def test_the_clip_that_ships_is_labelled_with_its_tags_and_styles(tmp_path):
    out = tmp_path / "labels.jsonl"
    succeed("label", "demo", "--out", out, "--model", "plus")
    (row,) = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    classifier = Classifier("plus")
    found = classifier.classify("demo")
    assert list(row["tags"]) == [tag.path for tag in classifier.manifest.tags]
    assert row["tags"] == pytest.approx(found.tags, abs=1e-6)
    assert (row["style"], row["mood"]) == (found.style, found.mood)
    assert row["other_share"] is not None


def test_a_model_that_is_exchanged_while_files_are_labelled_ends_the_run(tmp_path):
    from edge_runtime.errors import ModelFileError
    from edge_runtime.library.inputs import Item
    from edge_runtime.library.labeller import Labeller, LabelSettings

    model = tmp_path / "model.tflite"
    shipped = read_model("seed-cnn")
    write_model(model, shipped.network, shipped.manifest)
    settings = LabelSettings.of_model(model)
    other = read_model("tiny")
    write_model(model, other.network, other.manifest)
    with pytest.raises(ModelFileError, match="was exchanged while files were being labelled"):
        Labeller(settings)(Item("demo"))
