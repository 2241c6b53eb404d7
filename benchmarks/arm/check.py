"""The results of edge-genre here, compared with those of another machine.

``python -m benchmarks.arm.check FOLDER``, with the sounds, models and results that
`benchmarks.arm.record` left in the folder on the other machine. Only the base install is needed.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.footprint.installed import installed
from edge_runtime import Classifier, FrontEnd, FrontEndParams, StreamingFrontEnd
from edge_runtime.audio.file import open_audio
from edge_runtime.frontend.params import PRESETS
from edge_runtime.model.file import BUNDLED

FRONT_END_BOUND = 5e-4
"""Largest difference of a feature, in its own units (MFCC, log-mel, or normalised)"""
FLOAT_BOUND, QUANTIZED_BOUND, OTHER_RUNTIME_BOUND = 1e-3, 0.02, 0.06
"""Largest difference of a posterior: in float; in eight bits, a few steps of the network's output;
and in eight bits by another library (tflite-runtime 2.14 rounds otherwise than LiteRT, on x86 too:
there only windows are judged whose two likeliest genres are further apart than that)"""

SOUNDS, RESULTS, MODELS, ABOUT = "sounds.npz", "results.npz", "models", "about.txt"
# As on a device that has no soxr: our own filter resamples, and its sound is not soxr's.
_WITHOUT_SOXR = [
    sys.executable,
    "-c",
    "import sys; sys.modules['soxr'] = None; from edge_runtime.cli import main; sys.exit(main())",
]
_CHUNKS = (511, 4567, 100_000)
"""Samples in a push: less than a hop, some hops, more than a window"""

_RUNTIME = "runtime of "
"""Begins the names of those that say which library computed others"""

Array = npt.NDArray[Any]


def key(params: FrontEndParams) -> str:
    """Under which name `SOUNDS` holds the windows for a front end."""
    return f"{params.window_samples} at {params.sample_rate}"


def models(folder: Path) -> dict[str, Path]:
    """What ships, and the models that were made for the comparison, by name."""
    return {**BUNDLED, **{path.name: path for path in sorted((folder / MODELS).iterdir())}}


def streamed(params: FrontEndParams, sound: Array, chunk: int) -> bool:
    """Whether a stream's windows have the features that they have one by one, bit for bit."""
    stream = StreamingFrontEnd(params, interval=16 * params.hop)
    front_end = FrontEnd(params)
    equal = [
        np.array_equal(window.features, front_end(window.samples))
        for first in range(0, len(sound), chunk)
        for window in stream.push(sound[first : first + chunk])
    ]
    return len(equal) > 10 and all(equal)


def listened(model: Path, *, soxr: bool) -> Array:
    """Times and labels of ``edge-genre listen --input demo``, as JSON."""
    command = [str(Path(sys.executable).with_name("edge-genre"))] if soxr else _WITHOUT_SOXR
    done = subprocess.run(
        [*command, "listen", "--input", "demo", "--fast", "--json", "--model", str(model)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"listen --model {model}: exit code {done.returncode}: {done.stderr}")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return np.array(json.dumps([[event["end"], event["label"]] for event in events]))


def results(folder: Path) -> dict[str, Array]:
    """Everything that is compared, by name; what needs soxr only where it is installed."""
    found: dict[str, Array] = {}
    has_soxr = importlib.util.find_spec("soxr") is not None
    with np.load(folder / SOUNDS) as file:
        sounds = {name: file[name] for name in file.files}
    for name, params in PRESETS.items():
        own = sounds[key(params)]
        front_end = FrontEnd(params)
        found[f"features {name}"] = np.array([front_end(sound) for sound in own])
        right = [streamed(params, own[:5].reshape(-1), chunk) for chunk in _CHUNKS]
        found[f"stream {name}"] = np.array(right)
    computed: dict[tuple[FrontEndParams, FrontEndParams | None], Array] = {}
    for name, path in models(folder).items():
        classifier = Classifier(path)
        params = classifier.manifest.front_end
        inputs = params, classifier.manifest.second_front_end
        if inputs not in computed:
            own = sounds[key(params)]
            computed[inputs] = np.array([classifier.features(sound) for sound in own])
        quantization = classifier.manifest.weights.quantization
        posteriors = f"posteriors {name} ({quantization})"
        found[posteriors] = classifier.posteriors(computed[inputs])
        found[_RUNTIME + posteriors] = np.array(classifier.backend.name)
        resampled = params.sample_rate != open_audio("demo").rate
        if has_soxr or not resampled:
            found[f"listen {name}"] = listened(path, soxr=True)
        if resampled:
            found[f"listen {name} without soxr"] = listened(path, soxr=False)
    return found


def compare(recorded: dict[str, Array], here: dict[str, Array]) -> list[str]:
    """Print every comparison; returns those that failed."""
    failed = []
    for name, got in here.items():
        if name.startswith(_RUNTIME):
            continue
        wanted = recorded.get(name)
        if wanted is None or wanted.shape != got.shape:
            right, text = False, "is not what was recorded at all"
        elif name.startswith("features"):
            largest = float(np.abs(wanted - got).max())
            right = largest <= FRONT_END_BOUND
            text = f"{len(got)} windows, {largest:.1e} at most, "
            text += f"{np.mean(wanted == got):.1%} bit-equal"
        elif name.startswith("posteriors"):
            right, text = _compare_posteriors(name, recorded, here)
        elif name.startswith("stream"):
            right = bool(wanted.all() and got.all())
            text = "stream equals windows, bit for bit"
        else:
            right = str(wanted) == str(got)
            text = f"{len(json.loads(str(got)))} labels, at the same times"
        print(f"{'ok' if right else 'WRONG':<6} {name:<39} {text}")
        if not right:
            failed.append(name)
    return failed


def _compare_posteriors(
    name: str, recorded: dict[str, Array], here: dict[str, Array]
) -> tuple[bool, str]:
    wanted, got = recorded[name], here[name]
    runtime = _RUNTIME + name
    other = str(recorded[runtime]) != str(here[runtime])
    bound = OTHER_RUNTIME_BOUND if other else QUANTIZED_BOUND
    if name.endswith("(none)"):
        bound = FLOAT_BOUND
    same = wanted.argmax(axis=1) == got.argmax(axis=1)
    second, first = np.sort(wanted, axis=1)[:, -2:].T
    judged = first - second > bound if other else np.ones_like(same)
    largest = float(np.abs(wanted - got).max())
    text = f"{same.sum()} of {len(same)} labels the same, {largest:.1e} at most"
    if other:
        text += f"; {here[runtime]}, not {recorded[runtime]}"
    return bool(same[judged].all()) and largest <= bound, text


def sizes() -> str:
    """What is installed here, and how large it is."""
    found = installed()
    parts = sorted(found["distributions"].items(), key=lambda item: -item[1]["bytes"])
    largest = ", ".join(
        f"{name} {part['version']} {part['bytes'] / 1e6:.1f}" for name, part in parts[:4]
    )
    beyond, total = found["beyond_numpy_bytes"] / 1e6, found["total_bytes"] / 1e6
    return f"installed: {total:.1f} MB, {beyond:.1f} MB of it beyond numpy; MB: {largest}"


def main() -> None:
    """Compare; exit code 1 if something differs too much."""
    folder = Path(sys.argv[1])
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}")
    print((folder / ABOUT).read_text(encoding="utf-8"), end="")
    print(
        f"may differ by: features {FRONT_END_BOUND:g}; posteriors {FLOAT_BOUND:g}, in eight bits "
        f"{QUANTIZED_BOUND:g}, of another runtime {OTHER_RUNTIME_BOUND:g}"
    )
    with np.load(folder / RESULTS) as file:
        failed = compare({name: file[name] for name in file.files}, results(folder))
    print(sizes())
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
