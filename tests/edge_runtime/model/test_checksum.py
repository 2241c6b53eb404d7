"""A manifest that was edited by hand is noticed."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import onnx
import pytest

from edge_runtime.errors import ModelFileError
from edge_runtime.model.file import BUNDLED_MODEL, ONNX_KEY, read_model, write_model
from edge_runtime.model.manifest import CHECKSUM_KEY, verify_checksum, with_checksum

from ..manifests import FAKE_TFLITE, manifest_for, tiny_onnx


def edit_tflite(path: Path, **values: object) -> None:
    """As someone with a zip tool and an editor would."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = {**json.loads(members["manifest.json"]), **values}
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


def test_a_manifest_of_schema_1_0_had_no_checksum(tmp_path):
    text = json.dumps({"schema_version": "1.0", "name": "old"})
    verify_checksum(text, "old.tflite")
    with pytest.raises(ModelFileError, match="edited by hand"):
        verify_checksum(text.replace("1.0", "1.1"), "new.tflite")
    if BUNDLED_MODEL.exists():
        shutil.copy(BUNDLED_MODEL, tmp_path / "copy.tflite")
        assert read_model(tmp_path / "copy.tflite").manifest.labels


def test_the_checksum_is_one_key_among_the_others():
    manifest = manifest_for(FAKE_TFLITE)
    values = json.loads(with_checksum(manifest.to_json()))
    assert len(values.pop(CHECKSUM_KEY)) == 64
    assert values == json.loads(manifest.to_json())
