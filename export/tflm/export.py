"""One run: sources for a microcontroller, written if TFLM agrees with LiteRT."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_runtime.errors import ModelFileError, ParameterError
from edge_runtime.model.file import ModelFile
from edge_runtime.model.manifest import Manifest

from ..artefact import Source, make, refuse_failed
from ..formats.conversion import Variant
from ..run import Run
from . import interpreter
from .arena import smallest_arena
from .front_end_tables import check_front_end, front_end_tables
from .labels import labels_header
from .model_data import model_data_header, model_data_source
from .operators import micro_op_resolver, operators
from .readme import readme
from .verification import Verification, verify

_C_SOURCES = Path(__file__).parent / "c"


def check_request(quantization: str, out: Path | None) -> None:
    """Refuse what cannot be done before anything slow begins.

    Raises
    ------
    ParameterError
        If the quantization is not int8, or `out` is a file.
    MissingExtraError
        If tflite-micro is not installed.
    """
    if quantization != "int8":
        raise ParameterError(f"--quantize {quantization}: a microcontroller takes int8")
    if out is not None and out.exists() and not out.is_dir():
        raise ParameterError(f"--out {out}: is a file; --format tflm writes a folder")
    interpreter.require()


def export_sources(source: Source, out: Path, *, force: bool = False) -> str:
    """Convert a run to int8, check it in TFLM on its validation windows, write the folder.

    Parameters
    ----------
    source : Source
    out : Path
        Folder.
    force : bool
        Write it even if the int8 model does not pass its comparison with Keras.

    Returns
    -------
    str
        What was written and how it compares.

    Raises
    ------
    ParameterError
        If the C sources do not compute what the run's front end does, or what its network says.
    ExportParityError
        If the network does not agree with Keras, or TFLM with LiteRT; nothing is written.
    ModelFileError
        If the folder cannot be written.
    """
    _check_outputs(source.run)
    check_front_end(source.run.front_end)
    artefact = make(source, Variant("tflite", "int8"))
    if not force:
        refuse_failed(artefact, out)
    model = ModelFile(source.description.name, artefact.manifest, artefact.network)
    files, found = sources(model, source.run.valid_features)
    write_folder(out, files)
    return (
        f"{out}: {len(files)} files, network {model.manifest.weights.bytes:,} bytes, tensor arena "
        f"{found.arena_bytes:,} bytes\n"
        f"TensorFlow Lite Micro against LiteRT, both int8, on {found.n_windows} validation "
        "windows:\n"
        f"  same label            {found.agreement:.2%} ({found.xnnpack_agreement:.2%} where "
        "LiteRT runs XNNPACK, which rounds differently)\n"
        f"  posterior difference  {found.max_posterior_difference:.2g} at most "
        f"({found.xnnpack_max_posterior_difference:.2g})"
    )


def sources(
    model: ModelFile, windows: npt.NDArray[np.float32]
) -> tuple[dict[str, str], Verification]:
    """All files by name, of a network that agrees with Keras.

    Parameters
    ----------
    model : ModelFile
        int8, TFLite, giving logits.
    windows : (n, frames, coefficients) float32
        Normalised features of real sound.

    Raises
    ------
    ParameterError, ExportParityError
        As `export_sources`.
    """
    manifest = model.manifest
    _check_outputs(manifest)
    check_front_end(manifest.front_end)
    needed = operators(model.network)
    arena = smallest_arena(model)
    found = verify(model, windows, arena)
    return {
        **{path.name: path.read_text(encoding="utf-8") for path in sorted(_C_SOURCES.iterdir())},
        "front_end_tables.h": front_end_tables(manifest.front_end, manifest.input),
        "labels.h": labels_header(manifest.labels),
        "manifest.json": manifest.to_json(),
        "micro_op_resolver.h": micro_op_resolver(needed),
        "model_data.cc": model_data_source(model.network),
        "model_data.h": model_data_header(manifest, arena),
        "README.md": readme(manifest, needed, found),
        "verification.json": found.to_json(),
    }, found


def _check_outputs(model: Run | Manifest) -> None:
    if model.second_front_end is not None:
        raise ParameterError(
            f"{model.name} has two front ends; the microcontroller's sources compute one: train a "
            "network with one"
        )
    if model.tags or model.styles:
        raise ParameterError(
            f"{model.name} has tags or styles; the microcontroller's sources know labels only: "
            "train a network without them"
        )


def write_folder(out: Path, files: dict[str, str]) -> None:
    """Write files into a folder; the old ones stay until all new ones are whole.

    Raises
    ------
    ModelFileError
        If they cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".edge-genre-") as draft:
            for name, text in files.items():
                (Path(draft) / name).write_text(text, encoding="utf-8", errors="backslashreplace")
            for name in files:
                (Path(draft) / name).replace(out / name)
    except OSError as error:
        raise ModelFileError(f"{out}: cannot be written ({error.strerror})") from error
