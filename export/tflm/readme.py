"""``README.md`` for whoever puts the network into a firmware."""

from __future__ import annotations

from pathlib import Path
from string import Template

from edge_runtime.model.manifest import Manifest

from .front_end_tables import scratch_bytes, tables_bytes
from .operators import resolver_method
from .verification import Verification

_TEMPLATE = Path(__file__).parent / "firmware_readme.md"


def readme(manifest: Manifest, needed: tuple[str, ...], found: Verification) -> str:
    """The page, with this model's own numbers.

    Parameters
    ----------
    manifest : Manifest
    needed : tuple of str
        The network's operators.
    found : Verification
    """
    params = manifest.front_end
    sound, scratch = 2 * params.window_samples, scratch_bytes(params)
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        name=manifest.name,
        version=manifest.version,
        labels=", ".join(manifest.labels),
        licence=manifest.licence,
        attribution=f"{manifest.attribution}\n" if manifest.attribution else "",
        seconds=f"{params.window_seconds:.3g}",
        rate=f"{params.sample_rate:,}",
        frames=params.n_frames,
        coefficients=params.n_coefficients,
        features="MFCCs" if params.kind == "mfcc" else "log-mel values",
        silence_dbfs=f"{manifest.decoder.silence_dbfs:g}",
        model_bytes=f"{manifest.weights.bytes:,}",
        tables_bytes=f"{tables_bytes(params):,}",
        arena_bytes=f"{found.arena_bytes:,}",
        scratch_bytes=f"{scratch:,}",
        sound_bytes=f"{sound:,}",
        frame_bytes=f"{4 * params.n_fft:,}",
        ram_bytes=f"{found.arena_bytes + scratch + sound:,}",
        n_operators=len(needed),
        methods=", ".join(f"`{resolver_method(name)}`" for name in needed),
        n_windows=f"{found.n_windows:,}",
        agreement=f"{found.agreement:.2%}",
        difference=f"{found.max_posterior_difference:.2g}",
        xnnpack_agreement=f"{found.xnnpack_agreement:.2%}",
        xnnpack_difference=f"{found.xnnpack_max_posterior_difference:.2g}",
        tflite_micro=found.tflite_micro,
    )
