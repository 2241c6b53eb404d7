"""The network as a byte array: ``model_data.cc`` and ``model_data.h``."""

from __future__ import annotations

from edge_runtime.model.manifest import Manifest

from .c_text import GENERATED, float_literal, header, wrapped


def model_data_header(manifest: Manifest, arena_bytes: int) -> str:
    """Declares the array and what goes with it."""
    assert manifest.output.scale is not None
    return header(
        "EDGE_GENRE_MODEL_DATA_H_",
        f"""\
/* The network: a TFLite flatbuffer, int8 in and out. */

#ifdef __cplusplus
extern "C" {{
#endif

#define EDGE_GENRE_MODEL_BYTES {manifest.weights.bytes}

extern const unsigned char edge_genre_model[EDGE_GENRE_MODEL_BYTES];
extern const unsigned int edge_genre_model_length;

/* The smallest tensor arena in which TFLM's reference kernels ran on a 64-bit machine. Kernels
 * made for a processor may ask for more: see interpreter.arena_used_bytes(). */
#define EDGE_GENRE_TENSOR_ARENA_BYTES {arena_bytes}

/* A logit is (output - zero point) * scale; the softmax takes it divided by the temperature. */
#define EDGE_GENRE_OUTPUT_SCALE {float_literal(manifest.output.scale)}
#define EDGE_GENRE_OUTPUT_ZERO_POINT ({manifest.output.zero_point})
#define EDGE_GENRE_TEMPERATURE {float_literal(manifest.temperature)}

#ifdef __cplusplus
}}
#endif
""",
    )


def model_data_source(network: bytes) -> str:
    """Defines the array, aligned as flatbuffers need it."""
    return f"""{GENERATED}#include "model_data.h"

alignas(16) const unsigned char edge_genre_model[EDGE_GENRE_MODEL_BYTES] = {{
{wrapped(f"0x{byte:02x}" for byte in network)}
}};
const unsigned int edge_genre_model_length = EDGE_GENRE_MODEL_BYTES;
"""
