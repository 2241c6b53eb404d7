"""``front_end_tables.h``: one front end's parameters and tables for the C sources."""

from __future__ import annotations

import numpy as np

from edge_runtime.errors import ParameterError
from edge_runtime.frontend import FrontEndParams
from edge_runtime.frontend.log_mel import frame_window
from edge_runtime.frontend.mel import dct_matrix, mel_filterbank
from edge_runtime.model.manifest import TensorInfo

from .c_text import float_array, float_literal, header, uint16_array


def check_front_end(params: FrontEndParams) -> None:
    """Refuse what the C front end does not compute.

    Raises
    ------
    ParameterError
        Naming the parameter.
    """
    if params.n_fft.bit_count() != 1:
        below = 1 << (params.n_fft.bit_length() - 1)
        raise ParameterError(
            f"n_fft is {params.n_fft}; the microcontroller's Fourier transform takes powers of "
            f"two: train with {below} or {2 * below}"
        )
    if params.dc_block_hz is not None:
        raise ParameterError(
            f"dc_block_hz is {params.dc_block_hz}; the microcontroller's front end has no "
            "high-pass: train without it"
        )
    for name in ("log_gain", "log_offset"):
        value = getattr(params, name)
        if value is not None:
            raise ParameterError(
                f"{name} is {value}; the microcontroller's front end has decibels only: train with "
                f"a front end whose {name} is none"
            )
    if params.power != 2.0:
        raise ParameterError(
            f"power is {params.power:g}; the microcontroller's front end adds up power only: train "
            "with a front end whose power is 2"
        )


def front_end_tables(params: FrontEndParams, network_input: TensorInfo) -> str:
    """The header.

    Parameters
    ----------
    params : FrontEndParams
        That `check_front_end` accepts.
    network_input : TensorInfo
        int8, with its scale and zero point.
    """
    assert network_input.scale is not None
    body = [
        "#include <stdint.h>\n",
        "/* What the front end computes; sizes are in samples, frames, bands and values. */",
        *(f"#define EDGE_GENRE_{name} {value}" for name, value in _constants(params)),
        "\n/* The network's int8 input: round(feature / scale) + zero point. */",
        f"#define EDGE_GENRE_INPUT_SCALE {float_literal(network_input.scale)}",
        f"#define EDGE_GENRE_INPUT_ZERO_POINT ({network_input.zero_point})",
        "",
        *_tables(params),
    ]
    return header("EDGE_GENRE_FRONT_END_TABLES_H_", "\n".join(body))


def tables_bytes(params: FrontEndParams) -> int:
    """Flash that the tables take."""
    filters = np.count_nonzero(mel_filterbank(params))
    floats = params.n_fft + 3 * params.n_fft // 4 + filters
    if params.kind == "mfcc":
        floats += params.n_mfcc * params.n_mels
    if params.mean is not None:
        floats += 2 * params.n_coefficients
    return 4 * int(floats) + 4 * params.n_mels


def scratch_bytes(params: FrontEndParams) -> int:
    """Memory that computing the features of a window takes: ``sizeof(edge_genre_scratch)``."""
    return 4 * (params.n_fft + params.n_frames * params.n_mels)


def _constants(params: FrontEndParams) -> list[tuple[str, str]]:
    constants = [
        ("SAMPLE_RATE", str(params.sample_rate)),
        ("WINDOW_SAMPLES", str(params.window_samples)),
        ("N_FFT", str(params.n_fft)),
        ("HOP", str(params.hop)),
        ("EDGE", str(params.edge)),
        ("FRAMES", str(params.n_frames)),
        ("MELS", str(params.n_mels)),
        ("COEFFICIENTS", str(params.n_coefficients)),
        ("LOG_FLOOR", float_literal(params.log_floor)),
    ]
    if params.top_db is not None:
        constants.append(("TOP_DB", float_literal(params.top_db)))
    flags = {
        "MFCC": params.kind == "mfcc",
        "REFLECT": params.padding == "reflect",
        "NORMALISED": params.mean is not None,
    }
    return constants + [(name, "1") for name, is_set in flags.items() if is_set]


def _tables(params: FrontEndParams) -> list[str]:
    filterbank = mel_filterbank(params)
    used = [np.flatnonzero(band) for band in filterbank]
    weights = [band[bins[0] : bins[-1] + 1] for band, bins in zip(filterbank, used, strict=True)]
    angles = 2.0 * np.pi * np.arange(3 * params.n_fft // 4) / params.n_fft
    tables = [
        "/* What each sample of a frame is multiplied by. */",
        float_array("edge_genre_window", frame_window(params)),
        "/* Three quarters of a period of the sine; the cosine begins a quarter in. */",
        float_array("edge_genre_sine", np.sin(angles)),
        "/* Mel filters: the first bin of each, how many bins, and their weights in turn. */",
        uint16_array("edge_genre_mel_first", (int(bins[0]) for bins in used)),
        uint16_array("edge_genre_mel_bins", map(len, weights)),
        float_array("edge_genre_mel_weights", np.concatenate(weights)),
    ]
    if params.kind == "mfcc":
        tables += [
            "/* Orthonormal DCT-II, one row per coefficient. */",
            float_array("edge_genre_dct", dct_matrix(params.n_mels, params.n_mfcc).T),
        ]
    if params.mean is not None:
        tables += [
            "/* Normalisation of each coefficient. */",
            float_array("edge_genre_mean", np.asarray(params.mean)),
            float_array("edge_genre_std", np.asarray(params.std)),
        ]
    return tables
