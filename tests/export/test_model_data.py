"""The header and the source of a network for a microcontroller, byte by byte."""

import dataclasses

from export.tflm.labels import labels_header
from export.tflm.model_data import model_data_header, model_data_source
from tests.edge_runtime.manifests import FAKE_TFLITE, manifest_for


def defined(text: str) -> dict[str, str]:
    """What a header defines."""
    lines = [line.split(" ", 2) for line in text.splitlines() if line.startswith("#define")]
    return {name: value for _, name, value in (line for line in lines if len(line) == 3)}


def test_the_header_says_how_long_the_network_is_and_what_its_outputs_mean() -> None:
    manifest = manifest_for(FAKE_TFLITE, temperature=1.75)
    manifest = dataclasses.replace(
        manifest,
        input=dataclasses.replace(manifest.input, dtype="int8", scale=0.5, zero_point=7),
    )
    assert defined(model_data_header(manifest, 20_480)) == {
        "EDGE_GENRE_MODEL_BYTES": "264",
        "EDGE_GENRE_TENSOR_ARENA_BYTES": "20480",
        "EDGE_GENRE_OUTPUT_SCALE": "0.25f",
        "EDGE_GENRE_OUTPUT_ZERO_POINT": "(-3)",
        "EDGE_GENRE_TEMPERATURE": "1.75f",
    }


def test_the_source_holds_the_bytes_aligned() -> None:
    assert model_data_source(bytes([0, 1, 171, 255])) == (
        "/* Written by edge-genre export; do not edit. */\n"
        '#include "model_data.h"\n'
        "\n"
        "alignas(16) const unsigned char edge_genre_model[EDGE_GENRE_MODEL_BYTES] = {\n"
        "  0x00, 0x01, 0xab, 0xff\n"
        "};\n"
        "const unsigned int edge_genre_model_length = EDGE_GENRE_MODEL_BYTES;\n"
    )


def test_labels_stand_in_the_order_of_the_outputs() -> None:
    text = labels_header(("rock", "what??", 'a "b"'))
    assert defined(text) == {"EDGE_GENRE_LABELS": "3"}
    assert '  "rock",\n  "what\\077\\077",\n  "a \\"b\\""\n};' in text
