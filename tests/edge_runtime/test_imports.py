"""What the device needs, and what it must never need."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import edge_runtime

from .cli.test_main import DEVICE_COMMANDS
from .sounds import noise, write_wav

HEAVY = {
    "tensorflow", "keras", "librosa", "scipy", "matplotlib", "soundfile", "rich", "sounddevice",
    "onnxruntime", "onnx", "paho", "pyarrow", "sqlite3", "threadpoolctl", "fsspec", "aiohttp",
    "mutagen", "ray", "beets", "train", "export", "benchmarks",
}  # fmt: skip
SOURCES = sorted(Path(edge_runtime.__file__).parent.rglob("*.py"))


def modules_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after running the code."""
    report = "import sys; print(); print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_package_brings_numpy_alone():
    loaded = modules_after(
        "import edge_runtime; [getattr(edge_runtime, n) for n in edge_runtime.__all__]"
    )
    assert {"edge_runtime", "numpy"} <= loaded
    assert not loaded & (HEAVY | {"soxr", "ai_edge_litert", "argparse"})


@pytest.mark.parametrize("rate", [22050, 48000])
def test_classifying_a_wav_brings_the_runtime_and_nothing_heavy(classifier, tmp_path, rate):
    path = write_wav(tmp_path / "clip.wav", noise(4 * rate), rate=rate)
    order = ["classify", str(path), "--model", "seed-cnn"]
    code = f"from edge_runtime.cli import main; assert main({order!r}) == 0"
    loaded = modules_after(code)
    assert {"ai_edge_litert", "tflite_runtime"} & loaded
    assert not loaded & HEAVY
    assert ("soxr" in loaded) == (rate == 48000)


def test_listening_to_a_pipe_brings_nothing_heavy(classifier):
    code = (
        "import os; reader, writer = os.pipe(); os.write(writer, bytes(4000)); os.close(writer)\n"
        "os.dup2(reader, 0)\n"
        "from edge_runtime.cli import main\n"
        "assert main(['listen', '--input', '-', '--rate', '22050']) == 0"
    )
    assert not modules_after(code) & HEAVY


@pytest.mark.parametrize("command", DEVICE_COMMANDS)
def test_the_commands_help_brings_nothing_heavy(command):
    code = (
        "from edge_runtime.cli import main\n"
        f"try: main([{command!r}, '--help'])\n"
        "except SystemExit: pass"
    )
    assert not modules_after(code) & (HEAVY | {"ai_edge_litert", "soxr"})


def imported_by(path: Path) -> set[str]:
    """Top-level names of every import statement, wherever it stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_no_module_imports_what_the_workstation_alone_has():
    assert len(SOURCES) > 20
    for path in SOURCES:
        assert not imported_by(path) & {"tensorflow", "keras", "librosa", "scipy", "onnx"}, path


def test_an_optional_library_has_one_place():
    places = {
        library: [path.name for path in SOURCES if library in imported_by(path)]
        for library in (
            "soundfile",
            "sounddevice",
            "rich",
            "onnxruntime",
            "soxr",
            "paho",
            "threadpoolctl",
            "fsspec",
            "pyarrow",
            "mutagen",
            "ray",
            "beets",
        )
    }
    assert places == {
        "soundfile": ["containers.py"],
        "sounddevice": ["portaudio.py"],
        "rich": ["progress.py", "panel.py"],
        "onnxruntime": ["onnx.py"],
        "soxr": ["resample.py"],
        "paho": ["mqtt.py"],
        "threadpoolctl": ["numpy_executor.py"],
        "fsspec": ["remote.py"],
        "pyarrow": ["parquet.py"],
        "mutagen": ["dates.py", "tag_containers.py"],
        "ray": ["ray_engine.py"],
        "beets": ["edgegenre.py"],
    }
