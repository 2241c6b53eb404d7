"""Commands of the workstation do not depend on what notebooks and home folders say of libraries."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.synthetic import write_data_set

_NOTEBOOK = {
    "MPLBACKEND": "module://no_such_module.backend_inline",
    "KERAS_MAX_EPOCHS": "1",
    "TF_USE_LEGACY_KERAS": "1",
}


def run(home: Path, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh process: the libraries read their settings when they are imported."""
    (home / ".keras").mkdir(parents=True, exist_ok=True)
    settings = {"floatx": "float16", "image_data_format": "channels_first", "backend": "torch"}
    (home / ".keras" / "keras.json").write_text(json.dumps(settings))
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env={**os.environ, **_NOTEBOOK, "HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["torch", "jax", ""])
def test_keras_is_as_the_networks_were_written_for(tmp_path: Path, backend: str) -> None:
    code = (
        "from edge_runtime.cli import main; main(['compare', 'nowhere']); import os\n"
        "print([os.environ.get(name) for name in ('KERAS_BACKEND', 'KERAS_MAX_EPOCHS')])\n"
        "os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'\n"
        "import keras.src.backend.config as c\n"
        "print(c.backend(), c.floatx(), c.image_data_format(), c.max_epochs())"
    )
    done = run(tmp_path, "-c", code, **({"KERAS_BACKEND": backend} if backend else {}))
    assert done.stdout.splitlines() == [
        "['tensorflow', None]",
        "tensorflow float32 channels_last None",
    ], done.stderr


def test_pictures_are_drawn_where_a_notebook_names_its_own_backend(tmp_path: Path) -> None:
    data = write_data_set(tmp_path / "data", clips_per_genre=2)
    out = ("--out", tmp_path / "run", "--cache", tmp_path / "cache")
    done = run(tmp_path, "-m", "edge_runtime", "train", data, "--model", "svm", *out)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "confusion.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_network_trains_whatever_keras_is_told(tmp_path: Path) -> None:
    data = write_data_set(tmp_path / "data", clips_per_genre=2)
    out = ("--out", tmp_path / "run", "--cache", tmp_path / "cache", "--epochs", "2")
    done = run(tmp_path, "-m", "edge_runtime", "train", data, *out, KERAS_BACKEND="jax")
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 3
