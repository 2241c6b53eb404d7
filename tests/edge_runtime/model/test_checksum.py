"""A manifest that was edited by hand is noticed."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import onnx
import pytest

from edge_runtime.errors import ModelFileError
from edge_runtime.model.file import ONNX_KEY, read_model, write_model
from edge_runtime.model.manifest import CHECKSUM_KEY, verify_checksum, with_checksum

from ..manifests import FAKE_TFLITE, manifest_for, tiny_onnx


def edit_tflite(path: Path, **values: object) -> None:
    """As a user with a zip tool and an editor would; None removes a key."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    for key, value in values.items():
        if value is None:
            del manifest[key]
        else:
            manifest[key] = value
    network = path.read_bytes()[: manifest["weights"]["bytes"]]
    path.write_bytes(network)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        archive.writestr("labels.txt", members["labels.txt"])


def edit_onnx(path: Path, **values: object) -> None:
    model = onnx.load(path)
    (entry,) = (item for item in model.metadata_props if item.key == ONNX_KEY)
    entry.value = json.dumps({**json.loads(entry.value), **values})
    onnx.save(model, path)


EDIT = {"tflite": edit_tflite, "onnx": edit_onnx}


@pytest.mark.parametrize("form", EDIT)
@pytest.mark.parametrize(
    "values",
    [
        {"labels": ["rock", "pop", "polka"]},
        {"temperature": 2.0},
        {CHECKSUM_KEY: "0" * 64},
        {CHECKSUM_KEY: None},
    ],
    ids=["labels", "temperature", "checksum", "no-checksum"],
)
def test_a_manifest_edited_by_hand_is_refused_with_the_remedy(tmp_path, form, values):
    path = tmp_path / f"tiny.{form}"
    network = tiny_onnx() if form == "onnx" else FAKE_TFLITE
    write_model(path, network, manifest_for(network, form))
    EDIT[form](path)
    assert read_model(path).manifest.name == "tiny", "another layout is no other manifest"
    EDIT[form](path, **values)
    with pytest.raises(ModelFileError, match=r"edited by hand.*edge-genre export --from"):
        read_model(path)


def test_a_model_of_schema_1_0_had_no_checksum_and_is_read(tmp_path):
    path = tmp_path / "old.tflite"
    write_model(path, FAKE_TFLITE, manifest_for(FAKE_TFLITE, schema_version="1.0"))
    edit_tflite(path, **{CHECKSUM_KEY: None})
    assert read_model(path).manifest == manifest_for(FAKE_TFLITE, schema_version="1.0")
    edit_tflite(path, schema_version="1.1")
    with pytest.raises(ModelFileError, match=r"old\.tflite: .*edited by hand"):
        read_model(path)


def test_a_checksum_that_does_not_match_is_refused_in_schema_1_0_too():
    text = json.dumps({"schema_version": "1.0", CHECKSUM_KEY: "0" * 64})
    with pytest.raises(ModelFileError, match=r"m\.tflite: .*edited by hand"):
        verify_checksum(text, "m.tflite")


# printf '{"a":"\\u00e9","b":[1,2.5],"schema_version":"1.2"}' | sha256sum
DIGEST = "03298ebd2919781e3c4111115f064061b4559c49811c42fe2c997daa795e9947"


def test_the_checksum_is_that_of_the_other_keys_in_one_layout():
    text = '{"schema_version": "1.2",   "b": [1, 2.5], "a": "\u00e9"}'
    assert with_checksum(text) == (
        '{\n  "schema_version": "1.2",\n  "b": [\n    1,\n    2.5\n  ],\n  "a": "é",\n'
        f'  "manifest_sha256": "{DIGEST}"\n}}\n'
    )


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ('{"a": "é", "b": [1, 2.5], "schema_version": "1.2", "manifest_sha256": "%s"}', True),
        ('{"manifest_sha256": "%s","schema_version":"1.2","b":[1,2.5],"a":"é"}', True),
        ('{"a": "e", "b": [1, 2.5], "schema_version": "1.2", "manifest_sha256": "%s"}', False),
        ('{"a": "é", "b": [2.5, 1], "schema_version": "1.2", "manifest_sha256": "%s"}', False),
        ('{"a": "é", "b": [1, 2.5], "c": 0, "schema_version": "1.2", "manifest_sha256": "%s"}',
         False),
        ('{"b": [1, 2.5], "schema_version": "1.2", "manifest_sha256": "%s"}', False),
    ],
)  # fmt: skip
def test_another_layout_is_no_other_manifest_but_another_value_is(text, matches):
    if matches:
        verify_checksum(text % DIGEST, "m.tflite")
        return
    with pytest.raises(ModelFileError, match="does not match its own checksum"):
        verify_checksum(text % DIGEST, "m.tflite")
