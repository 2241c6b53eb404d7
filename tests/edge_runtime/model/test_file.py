"""One file that is network and manifest."""

import dataclasses
import json
import os
import resource
import zipfile

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime import Classifier
from edge_runtime.errors import ManifestVersionError, ModelFileError, ParameterError
from edge_runtime.model.file import BUNDLED, ONNX_KEY, model_bytes, read_model, write_model

from ..manifests import FAKE_TFLITE, LABELS, manifest_for, tiny_onnx
from ..sounds import RATE, noise

NETWORKS = {"tflite": FAKE_TFLITE, "onnx": tiny_onnx()}
FORMS = list(NETWORKS)


@pytest.fixture(params=FORMS)
def form(request):
    return request.param


@pytest.fixture
def model(tmp_path, form):
    """A written model file of either format."""
    return write(tmp_path / f"tiny.{form}", form)


def write(path, form, **values):
    write_model(path, NETWORKS[form], manifest_for(NETWORKS[form], form, **values))
    return path


def test_what_was_written_is_read_back(model, form):
    found = read_model(model)
    assert found.source == str(model)
    assert found.network == NETWORKS[form]
    assert found.manifest == manifest_for(NETWORKS[form], form)
    assert read_model(str(model)) == found


def test_bytes_are_read_as_the_file_that_holds_them(model, form):
    found = read_model(model.read_bytes())
    assert found == dataclasses.replace(read_model(model), source="model")
    assert model_bytes(NETWORKS[form], manifest_for(NETWORKS[form], form)) == model.read_bytes()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "model: holds no edge-genre manifest"),
        (b"no model at all", "model: is not an ONNX model"),
        (FAKE_TFLITE, "model: holds no edge-genre manifest"),
    ],
)
def test_bytes_that_are_no_model_are_refused(content, complaint):
    with pytest.raises(ModelFileError, match=complaint):
        read_model(content)


@pytest.mark.parametrize("model", [7, None, bytearray(3), FAKE_TFLITE.hex])
def test_what_is_neither_path_nor_bytes_is_refused(model):
    with pytest.raises(ParameterError, match=f"^model is a {type(model).__name__}; give the path"):
        read_model(model)


def test_a_classifier_of_bytes_or_of_what_was_read_gives_the_posteriors_of_the_file() -> None:
    path, windows = BUNDLED["seed-cnn"], noise(3 * RATE)
    expected = Classifier(path).classify_window(windows)
    for model in (path.read_bytes(), read_model(path), str(path), "seed-cnn"):
        found = Classifier(model).classify_window(windows)
        assert found.posterior.tobytes() == expected.posterior.tobytes()
        assert found.level_dbfs == expected.level_dbfs


def test_the_network_stands_unchanged_at_the_start(model, form):
    assert model.read_bytes().startswith(NETWORKS[form])


def test_the_same_model_gives_the_same_bytes(model, tmp_path, form):
    assert write(tmp_path / f"again.{form}", form).read_bytes() == model.read_bytes()


def test_unzip_lists_what_a_tflite_holds(tmp_path):
    path = write(tmp_path / "tiny.tflite", "tflite")
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["manifest.json", "labels.txt"]
        assert archive.testzip() is None
        assert archive.read("labels.txt").decode().split() == list(LABELS)
        assert json.loads(archive.read("manifest.json"))["name"] == "tiny"


def test_labels_stand_in_the_order_of_the_networks_outputs(tmp_path):
    path = write(tmp_path / "tiny.tflite", "tflite", labels=("rock", "blues", "jazz"))
    with zipfile.ZipFile(path) as archive:
        assert archive.read("labels.txt") == b"rock\nblues\njazz\n"


def test_members_have_a_fixed_time_whenever_they_were_written(tmp_path):
    path = write(tmp_path / "tiny.tflite", "tflite")
    with zipfile.ZipFile(path) as archive:
        times = {entry.filename: entry.date_time for entry in archive.infolist()}
    first = (1980, 1, 1, 0, 0, 0)
    assert times == {"manifest.json": first, "labels.txt": first}


def test_a_manifest_that_claims_to_be_huge_is_refused(tmp_path):
    path = tmp_path / "bomb.tflite"
    path.write_bytes(FAKE_TFLITE)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("manifest.json", bytes(2**24 + 1))
    with pytest.raises(ModelFileError, match=r"its manifest is damaged \(it is absurdly large\)"):
        read_model(path)


def test_onnx_reads_the_file_and_sees_the_manifest(tmp_path):
    path = write(tmp_path / "tiny.onnx", "onnx")
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    entries = {entry.key: entry.value for entry in model.metadata_props}
    assert set(entries) == {"made by", ONNX_KEY}
    assert json.loads(entries[ONNX_KEY])["labels"] == list(LABELS)
    del model.metadata_props[1:]
    assert model.SerializeToString() == NETWORKS["onnx"]


def test_a_file_that_onnx_wrote_again_is_still_read(tmp_path):
    path = write(tmp_path / "tiny.onnx", "onnx")
    onnx.save(onnx.load(path), tmp_path / "saved.onnx")
    assert read_model(tmp_path / "saved.onnx").manifest.name == "tiny"


@pytest.mark.parametrize("position", [8, 100, 200])
def test_a_changed_network_is_refused(model, position):
    data = bytearray(model.read_bytes())
    network = len(NETWORKS[model.suffix[1:]])
    data[position % network] ^= 1
    model.write_bytes(data)
    with pytest.raises(ModelFileError, match=rf"{model.name}: "):
        read_model(model)


@pytest.mark.parametrize("field", [{"sha256": "0" * 64}, {"bytes": 20}, {"bytes": -1}])
def test_weights_that_do_not_match_are_refused(tmp_path, form, field):
    manifest = manifest_for(NETWORKS[form], form)
    manifest = dataclasses.replace(manifest, weights=dataclasses.replace(manifest.weights, **field))
    path = tmp_path / f"tiny.{form}"
    write_model(path, NETWORKS[form], manifest)
    with pytest.raises(ModelFileError, match="do not match the checksum"):
        read_model(path)


def test_a_network_without_manifest_is_refused_with_the_remedy(tmp_path, form):
    path = tmp_path / f"bare.{form}"
    path.write_bytes(NETWORKS[form])
    with pytest.raises(ModelFileError, match=r"holds no edge-genre manifest.*edge-genre export"):
        read_model(path)


@pytest.mark.parametrize("name", ["notes.txt", "notes.tflite", "empty.tflite"])
def test_what_is_no_model_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"" if "empty" in name else b"no model at all")
    with pytest.raises(ModelFileError, match=rf"{name}: is not a model"):
        read_model(tmp_path / name)


@pytest.mark.parametrize("content", [b"no model at all", b"\xff" * 40, b"\x08"])
def test_what_is_no_onnx_is_refused(tmp_path, content):
    path = tmp_path / "notes.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"notes\.onnx: is not an ONNX model"):
        read_model(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(ModelFileError, match=r"none\.tflite: no such model file"):
        read_model(tmp_path / "none.tflite")
    with pytest.raises(ModelFileError, match="is a folder; name a model file"):
        read_model(tmp_path)


def test_a_model_for_a_newer_runtime_is_refused(tmp_path, form):
    path = write(tmp_path / f"new.{form}", form, minimum_runtime="99.0")
    with pytest.raises(ManifestVersionError, match=r"needs edge-genre 99\.0"):
        read_model(path)


@given(data=st.data())
def test_a_file_cut_anywhere_is_refused(tmp_path_factory, data):
    form = data.draw(st.sampled_from(FORMS))
    whole = write(tmp_path_factory.mktemp("cut") / f"tiny.{form}", form)
    content = whole.read_bytes()
    whole.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(ModelFileError, match=r"tiny\."):
        read_model(whole)


@given(
    position=st.floats(0, 1, exclude_max=True),
    value=st.integers(0, 255),
    form=st.sampled_from(FORMS),
)
def test_a_file_with_one_wrong_byte_is_read_or_refused(tmp_path_factory, position, value, form):
    path = write(tmp_path_factory.mktemp("wrong") / f"tiny.{form}", form)
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] = value
    path.write_bytes(content)
    try:
        assert read_model(path).network == NETWORKS[form]
    except ModelFileError as error:
        assert str(path) in str(error)


def test_a_manifest_that_cannot_be_unpacked_is_refused(tmp_path):
    path = write(tmp_path / "tiny.tflite", "tflite")
    content = path.read_bytes()
    start = content.index(b"manifest.json") + len(b"manifest.json")
    path.write_bytes(content[:start] + b"\xff" * 40 + content[start + 40 :])
    with pytest.raises(ModelFileError, match=r"tiny\.tflite"):
        read_model(path)


@pytest.mark.parametrize(("offset", "value"), [(8, 1), (10, 99)], ids=["encrypted", "compression"])
def test_a_manifest_packed_in_an_unknown_way_is_refused(tmp_path, offset, value):
    path = write(tmp_path / "tiny.tflite", "tflite")
    content = bytearray(path.read_bytes())
    central, local = content.index(b"PK\1\2"), content.index(b"PK\3\4")
    content[central + offset] = content[local + offset - 2] = value
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"tiny\.tflite"):
        read_model(path)


fields = st.builds(
    lambda key, payload: bytes([key, len(payload)]) + payload,
    st.integers(0, 127),
    st.binary(max_size=30),
)
entries = st.binary(max_size=60).map(lambda entry: bytes([14 << 3 | 2, len(entry)]) + entry)


@given(st.binary(max_size=200) | st.lists(fields | entries, max_size=5).map(b"".join))
def test_any_bytes_named_onnx_are_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "any.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"any\.onnx"):
        read_model(path)


@given(st.binary(max_size=200))
def test_any_bytes_with_the_tflite_identifier_are_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "any.tflite"
    path.write_bytes(b"\0\0\0\0TFL3" + content)
    with pytest.raises(ModelFileError, match=r"any\.tflite"):
        read_model(path)


def test_folders_are_made_and_an_old_file_is_replaced(tmp_path, form):
    path = tmp_path / "new" / "folder" / f"tiny.{form}"
    write(path, form, version="1")
    write(path, form, version="2")
    assert read_model(path).manifest.version == "2"
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_the_file_has_the_rights_of_any_new_file(model):
    mask = os.umask(0)
    os.umask(mask)
    assert model.stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_disk_that_fills_up_leaves_the_old_file(model, tmp_path, form):
    before = model.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(ModelFileError, match=rf"tiny\.{form}: cannot be written \(File too"):
            write(model, form, version="2")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert model.read_bytes() == before
    assert list(tmp_path.iterdir()) == [model]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_leaves_the_old_file(model, form):
    before = model.read_bytes()
    model.parent.chmod(0o555)
    try:
        with pytest.raises(ModelFileError, match=r"cannot be written \(Permission denied"):
            write(model, form, version="2")
    finally:
        model.parent.chmod(0o755)
    assert model.read_bytes() == before


def test_a_path_that_cannot_be_a_file_is_refused_and_nothing_left_behind(tmp_path, form):
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(ModelFileError, match="cannot be written"):
        write(tmp_path / "folder", form)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelFileError, match="cannot be written"):
        write(tmp_path / "file" / f"tiny.{form}", form)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "folder"]


def test_every_model_that_ships_has_a_name_and_finds_jazz_in_the_demo() -> None:
    for name, path in BUNDLED.items():
        classifier = Classifier(name)
        assert classifier.manifest.parity["status"] == "passed"
        posterior = classifier.classify("demo").posterior
        assert "jazz" in sorted(posterior, key=posterior.__getitem__)[-2:]
        assert read_model(path).manifest == classifier.manifest
