"""Which manifests are read, and which are refused."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.decoder import DecoderSettings
from edge_runtime.errors import ManifestVersionError, ModelFileError, ParameterError
from edge_runtime.frontend import PRESETS, FrontEndParams
from edge_runtime.model.manifest import Manifest, Tag, verify_checksum, with_checksum

from ..manifests import FAKE_TFLITE, manifest_for

MANIFEST = manifest_for(FAKE_TFLITE)
REMOVED = object()


def text_with(path: str, value: object) -> str:
    """The manifest's JSON with one value, named ``like.this``, replaced or removed."""
    values = json.loads(MANIFEST.to_json())
    *outer, name = path.split(".")
    place = values
    for key in outer:
        place = place[key]
    if value is REMOVED:
        del place[name]
    else:
        place[name] = value
    return json.dumps(values)


def read(text: str) -> Manifest:
    return Manifest.from_json(text, source="m.tflite")


def test_json_gives_the_same_manifest_back():
    assert read(MANIFEST.to_json()) == MANIFEST


def test_json_gives_every_preset_of_the_front_end_back():
    for params in PRESETS.values():
        shape = (1, params.n_frames, params.n_coefficients)
        tensor = dataclasses.replace(MANIFEST.input, shape=shape)
        manifest = manifest_for(FAKE_TFLITE, front_end=params, input=tensor)
        assert read(manifest.to_json()).front_end == params


def test_json_holds_text_as_it_is_and_ends_with_a_line_end():
    text = MANIFEST.to_json()
    assert "métal" in text
    assert text.endswith("}\n")


def test_field_names_are_the_json_keys():
    assert set(json.loads(MANIFEST.to_json())) == {
        "schema_version", "name", "version", "labels", "front_end", "input", "output",
        "output_kind", "temperature", "decoder", "weights", "training", "metrics", "parity",
        "conversion", "licence", "attribution", "minimum_runtime", "rejected", "tags", "styles",
        "style_threshold", "second_front_end", "window_correlation",
    }  # fmt: skip


def test_keys_with_defaults_may_be_left_out():
    for name in ("decoder", "temperature", "front_end.n_fft", "decoder.dwell_s"):
        assert read(text_with(name, REMOVED)).name == "tiny"
    assert read(text_with("decoder", REMOVED)).decoder == DecoderSettings()


def test_what_is_rejected_is_no_genre():
    assert MANIFEST.rejected == ()
    assert MANIFEST.genres == MANIFEST.labels
    manifest = read(text_with("rejected", ["jazz"]))
    assert manifest.rejected == ("jazz",)
    assert manifest.genres == ("blues", "métal")


def test_a_manifest_of_schema_1_1_rejects_nothing():
    assert read(text_with("rejected", REMOVED)) == MANIFEST


def test_unknown_keys_are_ignored():
    assert read(text_with("colour", "green")) == MANIFEST
    assert read(text_with("front_end.colour", "green")) == MANIFEST


@pytest.mark.parametrize(
    "name",
    ["name", "labels", "front_end", "weights", "minimum_runtime", "weights.sha256", "input.shape"],
)
def test_a_missing_key_is_named(name):
    key = name.split(".")[-1]
    with pytest.raises(ModelFileError, match=rf"m\.tflite: .*key '{key}' is missing"):
        read(text_with(name, REMOVED))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("name", 7, "str"),
        ("labels", "blues", "tuple"),
        ("labels", ["blues", 7], "str"),
        ("labels", None, "tuple"),
        ("front_end", [], "FrontEndParams"),
        ("front_end.n_fft", "2048", "int"),
        ("front_end.n_fft", 2048.5, "int"),
        ("front_end.n_fft", True, "int"),
        ("front_end.fmin", "low", "float"),
        ("front_end.fmin", False, "float"),
        ("front_end.fmax", "high", "float"),
        ("front_end.mean", ["a"], "float"),
        ("decoder.dwell_s", {}, "float"),
        ("weights.bytes", 1.5, "int"),
        ("input.shape", [1, "130", 13], "int"),
        ("training", "yesterday", "dict"),
        ("rejected", "jazz", "tuple"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_the_right_one(name, value, expected):
    key = name.split(".")[-1]
    with pytest.raises(ModelFileError, match=rf"m\.tflite: .*key '{key}' .* must be a {expected}"):
        read(text_with(name, value))


def test_a_whole_number_will_do_for_a_float():
    manifest = read(text_with("temperature", 2))
    assert repr(manifest.temperature) == "2.0"


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("labels", ["blues"], "labels"),
        ("labels", ["blues", "jazz", "blues"], "labels"),
        ("labels", ["blues", "jazz"], "3 outputs for 2 labels"),
        ("rejected", ["polka"], r"rejected is \['polka'\]"),
        ("rejected", ["jazz", "jazz"], "must be different ones of the labels"),
        ("rejected", ["blues", "jazz", "métal"], "at least one must be a genre"),
        ("output_kind", "votes", "output_kind is 'votes'"),
        ("temperature", 0.0, "temperature is 0.0"),
        ("temperature", float("nan"), "temperature is nan"),
        ("input.shape", [1, 131, 13], "front end makes"),
        ("input.shape", [], "must have 2 axes"),
        ("output.shape", [], "must have 2 axes"),
        ("front_end.hop", 0, "hop is 0"),
        ("front_end.mean", [0.0], "mean has 1 values"),
        ("decoder.interval_s", 0.0, "interval_s is 0.0"),
        ("decoder.dwell_s", float("inf"), "dwell_s is inf"),
        ("decoder.rejection_threshold", 1.0, "rejection_threshold is 1.0"),
        ("decoder.rejection_threshold", float("nan"), "rejection_threshold is nan"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_as_the_models_fault(name, value, complaint):
    with pytest.raises(ModelFileError, match=rf"m\.tflite: .*{complaint}") as caught:
        read(text_with(name, value))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("text", ["", "{", "nonsense", "{'name': 1}"])
def test_what_is_not_json_is_refused(text):
    with pytest.raises(ModelFileError, match=r"m\.tflite: its manifest is not JSON"):
        read(text)


@pytest.mark.parametrize("text", ["[]", "7", "null", '"tiny"'])
def test_what_is_not_an_object_is_refused(text):
    with pytest.raises(ModelFileError, match=r"m\.tflite: its manifest is not a JSON object"):
        read(text)


@pytest.mark.parametrize("version", ["2.0", "2", "11.0", "", "0.9", 2, None])
def test_another_major_schema_version_is_refused(version):
    with pytest.raises(ManifestVersionError, match="schema version"):
        read(text_with("schema_version", version))


def test_a_newer_minor_schema_version_is_read():
    assert read(text_with("schema_version", "1.7")).schema_version == "1.7"


@pytest.mark.parametrize("version", ["0.2.1", "0.3", "1", "0.10.0", "99.0.0"])
def test_a_model_for_a_newer_runtime_is_refused_with_the_remedy(version):
    with pytest.raises(ManifestVersionError, match=rf"{version} .*pip install --upgrade"):
        read(text_with("minimum_runtime", version))


@pytest.mark.parametrize("version", ["0.2.0", "0.2", "0.1.0", "0.0.9", "0"])
def test_a_model_for_this_runtime_or_an_older_one_is_read(version):
    assert read(text_with("minimum_runtime", version)).minimum_runtime == version


def test_a_version_is_checked_before_the_keys_that_it_may_have_changed():
    with pytest.raises(ManifestVersionError):
        read('{"schema_version": "2.0"}')


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner)
)
PATHS = [
    *(item.name for item in dataclasses.fields(Manifest)),
    *(f"front_end.{item.name}" for item in dataclasses.fields(FrontEndParams)),
    *(f"decoder.{item.name}" for item in dataclasses.fields(DecoderSettings)),
    *(f"output.{name}" for name in ("name", "shape", "dtype", "scale", "zero_point")),
    *(f"weights.{name}" for name in ("format", "bytes", "sha256")),
]


@given(path=st.sampled_from(PATHS), value=anything)
def test_any_value_of_any_key_is_read_or_refused(path, value):
    try:
        manifest = read(text_with(path, value))
    except ModelFileError:
        return
    assert read(manifest.to_json()).to_json() == manifest.to_json()
    found = json.loads(manifest.to_json())
    for key in path.split("."):
        found = found[key]
    if path not in ("front_end", "input", "output", "decoder", "weights"):  # filled with defaults
        assert found == value or json.dumps(found) == json.dumps(value)  # NaN is not equal to NaN


TAG = {"name": "sad", "kind": "mood", "base_rate": 0.1}
STYLE = {"name": "techno", "kind": "genre", "family": "electronic", "base_rate": 0.1}
OUTPUT = {"name": "logits", "shape": [1, 5], "dtype": "float32"}


def read_tagged(**values):
    tagged = {"tags": [TAG], "styles": [STYLE], "output": OUTPUT, "minimum_runtime": "0.2.0"}
    return read(json.dumps({**json.loads(MANIFEST.to_json()), **tagged, **values}))


def test_tags_and_styles_are_read_with_their_defaults_and_written_back():
    manifest = read_tagged()
    assert manifest.tags == (Tag(name="sad", kind="mood", base_rate=0.1),)
    assert (manifest.tags[0].slope, manifest.tags[0].bias) == (1.0, 0.0)
    assert manifest.styles[0].path == "electronic > techno"
    assert read(manifest.to_json()) == manifest


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"tags": []}, "the network has 5 outputs for 3 labels and 1 styles"),
        ({"tags": [TAG, {**TAG, "name": "happy"}]},
         "the network has 5 outputs for 3 labels, 2 tags and 1 styles"),
        ({"output": {**OUTPUT, "shape": [1, 3]}}, "the network has 3 outputs for 3 labels"),
        ({"tags": [], "styles": []}, "the network has 5 outputs for 3 labels"),
        ({"styles": [{**STYLE, "family": None}]}, "style 'techno' has no family"),
        ({"styles": [{key: STYLE[key] for key in ("name", "kind", "base_rate")}]},
         "style 'techno' has no family"),
        ({"tags": [TAG, TAG], "styles": []}, r"tags are \['sad', 'sad'\]; no two may be the same"),
        ({"tags": [{**TAG, "kind": "colour"}]}, "tag 'sad' is of kind 'colour'; it must be one of"),
        ({"tags": [{**TAG, "name": " "}]}, "a tag has no name"),
        ({"tags": [{**TAG, "slope": 0}]}, "tag 'sad' has slope 0"),
        ({"tags": [{**TAG, "base_rate": 1}]}, r"tag 'sad' has base_rate 1\.0; it must be between"),
        ({"tags": [{"name": "sad", "kind": "mood"}]}, "tags: key 'base_rate' is missing"),
        ({"tags": "sad"}, "key 'tags' is 'sad'; it must be a tuple"),
        ({"style_threshold": 1.0}, "style_threshold is 1.0; it must be from 0 to below 1"),
        ({"output_kind": "posterior"}, "with tags or styles it must be 'logits'"),
        ({"window_correlation": 1.5}, "window_correlation is 1.5; it must be from 0 to 1"),
    ],
)  # fmt: skip
def test_tags_that_do_not_fit_the_network_or_make_no_sense_are_refused_in_one_line(
    values, complaint
):
    with pytest.raises(ModelFileError, match=rf"^m\.tflite: manifest: .*{complaint}") as caught:
        read_tagged(**values)
    assert "\n" not in str(caught.value)


def test_numbers_and_nesting_beyond_pythons_limits_are_refused():
    for text in (text_with("temperature", 10**400), "[" * 100_000):
        with pytest.raises(ModelFileError):
            read(text)


@pytest.mark.parametrize("name", ["interval_s", "dwell_s"])
@pytest.mark.parametrize("value", [0.0, -1.0, 86401.0, float("nan")])
def test_decoder_times_out_of_range_are_refused(name, value):
    with pytest.raises(ParameterError, match=rf"{name} is .* from 0\.01 to 86400 s"):
        DecoderSettings(**{name: value})


@pytest.mark.parametrize("temperature", [0.01, 100.0])
def test_the_outermost_temperatures_are_taken(temperature):
    assert read(text_with("temperature", temperature)).temperature == temperature


@pytest.mark.parametrize("temperature", [0.0099, 100.1])
def test_a_temperature_beyond_them_is_refused(temperature):
    with pytest.raises(ModelFileError, match=r"it must be from 0\.01 to 100"):
        read(text_with("temperature", temperature))


def test_names_that_are_not_utf8_are_written_as_escapes_and_read_back():
    """A data set lies in a folder that an old computer named."""
    manifest = manifest_for(FAKE_TFLITE, training={"data": "m\udcfasica"})
    verify_checksum(with_checksum(manifest.to_json()), "x")
    for text in (manifest.to_json(), with_checksum(manifest.to_json())):
        text.encode()
        assert Manifest.from_json(text, source="x").training == {"data": "m\udcfasica"}
