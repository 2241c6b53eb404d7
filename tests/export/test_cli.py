"""``edge-genre export``: what it refuses before TensorFlow is loaded."""

import shutil
from pathlib import Path

import pytest

from tests.command import complaint, succeed
from tests.synthetic import write_data_set


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder, for what is looked at before its network."""
    folder = tmp_path_factory.mktemp("run")
    data = write_data_set(folder / "data", clips_per_genre=2)
    out = ("--out", folder / "run", "--cache", folder / "cache")
    succeed("train", data, "--model", "svm", *out)
    return folder / "run"


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("export.run.read_run", None)


def test_a_run_with_a_label_of_the_runtimes_own_is_refused(
    run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(run, tmp_path / "run")
    record = tmp_path / "run" / "run.json"
    record.write_text(record.read_text().replace('"hiss"', '"unknown"'))
    line = complaint(capfd, "export", tmp_path / "run", code=3)
    assert "labels must not be 'silence' or 'unknown'" in line
    assert f"{tmp_path}/run: " in line


@pytest.mark.parametrize(
    "options",
    [["--out", "file/a.tflite"], ["--all", "--out", "file"], ["--all", "--out", "file/d"]],
)
def test_a_place_that_cannot_be_written_to_is_refused(
    run: Path,
    tmp_path: Path,
    options: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    line = complaint(capfd, "export", run, *options, code=3)
    assert "file" in line
    assert "cannot be written" in line or "is a file; name a folder" in line
