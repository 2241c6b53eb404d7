"""``edge-genre export --format numpy``: every layer that it knows, against Keras."""

import dataclasses
import hashlib
import json
import os
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers as L

from edge_runtime import Classifier
from edge_runtime.audio.file import open_audio
from edge_runtime.audio.windows import SoundPath, file_windows
from edge_runtime.backends import Backend
from edge_runtime.errors import ExportParityError
from edge_runtime.frontend.params import PRESETS
from edge_runtime.model.file import write_model
from edge_runtime.model.manifest import TensorInfo, Weights
from export.formats import FORMATS, file_name, numpy_graph
from export.formats.conversion import FLOAT32, Variant
from export.run import logits_model
from tests.command import refused, succeed
from tests.edge_runtime.manifests import manifest_for
from tests.pipeline import Pipeline
from tests.synthetic import GENRES
from train.models import NETWORKS

_DEFAULT_MODEL = Path(__file__).parent / "default_model.keras"
"""The Keras network whose export ships as seed-cnn, without its optimizer"""
_DATA = Path(os.environ.get("EDGE_GENRE_DATA", Path(__file__).parents[3] / "shared" / "data"))


def sequence():
    """The features as 130 steps of 13 values."""
    return L.Reshape((130, 13))


def squeeze_and_excite():
    features = keras.Input((130, 13, 1))
    x = L.Conv2D(6, 3, strides=2, activation="swish")(features)
    weight = L.Dense(3, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(x))
    weight = L.Dense(6, activation="sigmoid")(weight)
    x = L.Multiply()([x, weight])
    y = L.DepthwiseConv2D(3, padding="same")(x)
    return keras.Model(features, L.Add()([x, y, x]))


def branches():
    features = keras.Input((130, 13, 1))
    left = L.MaxPooling2D(2)(L.Conv2D(4, 3, padding="same")(features))
    right = L.AveragePooling2D(2)(L.Conv2D(3, 5, padding="same")(features))
    x = L.Concatenate()([left, right, left])
    return keras.Model(features, L.Concatenate(axis=1)([x, x]))


def nested_and_shared():
    features = keras.Input((130, 13, 1))
    inner = keras.Sequential([keras.Input((130, 13, 1)), L.Conv2D(4, 3), L.BatchNormalization()])
    shared = L.Dense(4, activation="tanh")
    x = inner(features)
    return keras.Model(features, L.Add()([shared(shared(x)), inner(features)]))


def batch_norm_of_a_result_used_twice():
    features = keras.Input((130, 13, 1))
    x = L.Conv2D(4, 3)(features)
    return keras.Model(features, L.Add()([L.BatchNormalization()(x), x]))


NETS = {
    "convolutions": lambda: [
        L.Conv2D(4, (3, 2), strides=(2, 1), padding="same", activation="relu"),
        L.Conv2D(5, (2, 3), dilation_rate=(2, 1), use_bias=False),
        L.Conv2D(3, 1, strides=(2, 2), padding="same"),
        L.Conv2D(3, (4, 4), dilation_rate=2, padding="same"),
        L.Conv2D(2, 1),
    ],
    "depthwise": lambda: [
        L.Conv2D(4, 3),
        L.DepthwiseConv2D(3, padding="same", depth_multiplier=2, use_bias=False),
        L.BatchNormalization(),
        L.ReLU(),
        L.DepthwiseConv2D((3, 3), strides=2, padding="same", activation="relu6"),
        L.DepthwiseConv2D((5, 2), dilation_rate=(1, 2)),
    ],
    "separable": lambda: [
        L.SeparableConv2D(4, 3, strides=2, padding="same", depth_multiplier=3, use_bias=False),
        L.BatchNormalization(),
        L.ReLU(6.0),
        L.SeparableConv2D(6, (3, 2), activation="elu"),
        L.SpatialDropout2D(0.5),
    ],
    "pools": lambda: [
        L.Conv2D(3, 2),
        L.MaxPooling2D((3, 3), strides=(2, 2), padding="same"),
        L.AveragePooling2D((3, 2), strides=(2, 1), padding="same"),
        L.MaxPooling2D((2, 1), strides=(3, 2)),
        L.AveragePooling2D((4, 2), strides=1, padding="same"),
        L.AveragePooling2D(2),
    ],
    "shapes": lambda: [
        L.ZeroPadding2D(((1, 2), (3, 0))),
        L.Cropping2D(((2, 1), (0, 3))),
        L.Permute((3, 1, 2)),
        L.Reshape((65, -1)),
        L.Flatten(),
        L.Dense(4),
        L.Dropout(0.5),
    ],
    "time": lambda: [
        sequence(),
        L.Conv1D(8, 5, strides=2, padding="same", use_bias=False),
        L.BatchNormalization(),
        L.LeakyReLU(negative_slope=0.1),
        L.ZeroPadding1D((2, 1)),
        L.Cropping1D((1, 3)),
        L.SeparableConv1D(6, 3, padding="same"),
        L.DepthwiseConv1D(3, padding="same"),
        L.MaxPooling1D(3, 2, padding="same"),
        L.AveragePooling1D(2),
        L.Conv1D(4, 3, dilation_rate=2),
        L.GlobalMaxPooling1D(),
    ],
    "gru": lambda: [
        sequence(),
        L.MaxPooling1D(8),
        L.GRU(5, return_sequences=True),
        L.GRU(4, reset_after=False, go_backwards=True, return_sequences=True),
        L.GRU(3, use_bias=False),
    ],
    "pool of channels": lambda: [L.Conv2D(4, 3), L.GlobalMaxPooling2D(), L.Dense(3)],
    "normalisation first": lambda: [L.BatchNormalization(), L.Conv2D(4, 3), L.Softmax()],
    "normalisations": lambda: [
        L.Conv2D(4, 3),
        L.BatchNormalization(scale=False),
        L.BatchNormalization(center=False),
        L.Dense(3, use_bias=False),
        L.BatchNormalization(),
    ],
    **{
        f"activation {name}": lambda name=name: [L.Conv2D(4, 3), L.Activation(name)]
        for name in ("relu", "relu6", "leaky_relu", "elu", "sigmoid", "tanh", "swish", "softmax")
    },
    "activation layers": lambda: [
        L.Conv2D(4, 3, activation=L.LeakyReLU(negative_slope=1.5)),
        L.ReLU(negative_slope=0.2),
        L.ELU(alpha=0.7),
        L.Activation("linear"),
    ],
    "squeeze and excite": squeeze_and_excite,
    "branches": branches,
    "nested and shared": nested_and_shared,
    "result used twice": batch_norm_of_a_result_used_twice,
    "seed-cnn": lambda: logits_model(NETWORKS["seed-cnn"].build((130, 13), 4)),
    "seed-cnn-mel": lambda: logits_model(NETWORKS["seed-cnn-mel"].build((130, 64), 4)),
    "crnn": lambda: logits_model(NETWORKS["crnn"].build((130, 64), 4)),
}


def build(name: str) -> keras.Model:
    """A network as if it were trained: with weights that are not those of a new one."""
    made = NETS[name]()
    if isinstance(made, list):
        made = keras.Sequential([keras.Input((130, 13, 1)), *made])
    random = np.random.default_rng(7)
    for variable in made.weights:
        if variable.dtype == "float32":
            spread = random.normal(0.0, 0.1, variable.shape)
            variable.assign(variable + np.abs(spread) if "variance" in variable.path else spread)
    return made


def backend_of(model: keras.Model, folder: Path) -> Backend:
    conversion = numpy_graph.convert(model)
    bands = model.input_shape[2]
    manifest = manifest_for(
        conversion.network,
        "numpy",
        input=conversion.input,
        output=TensorInfo(name="y", shape=(-1, *model.output_shape[1:]), dtype="float32"),
        labels=tuple(f"genre {index}" for index in range(model.output_shape[-1])),
        front_end=PRESETS["mel64" if bands == 64 else "seed-mfcc13"],
    )
    write_model(folder / "net.npz", conversion.network, manifest)
    return Classifier(folder / "net.npz").backend


@pytest.mark.parametrize("name", NETS)
def test_every_layer_gives_what_keras_gives(tmp_path: Path, name: str) -> None:
    model = build(name)
    features = np.random.default_rng(2).normal(size=(3, *model.input_shape[1:3]))
    features = features.astype(np.float32)
    expected = keras.ops.convert_to_numpy(model(features[..., np.newaxis], training=False))
    assert expected.std() > 0.0
    found = backend_of(model, tmp_path).run(features)
    np.testing.assert_allclose(found, expected, atol=1e-5 * max(1.0, np.abs(expected).max()))


def graph_of(model: keras.Model) -> list[str]:
    network = numpy_graph.convert(model).network
    return re.findall(r'"op": "(\w+)"', network.decode("latin-1"))


def test_batch_norm_folds_into_what_stands_right_before_it() -> None:
    assert "scale_shift" not in graph_of(build("crnn"))
    assert "scale_shift" not in graph_of(build("normalisations"))
    assert "scale_shift" not in graph_of(build("time"))


def test_batch_norm_stays_behind_a_pool_and_where_both_results_are_used() -> None:
    assert graph_of(build("seed-cnn")).count("scale_shift") == 3
    assert graph_of(build("result used twice")).count("scale_shift") == 1
    assert graph_of(build("normalisation first")).count("scale_shift") == 1


class OwnDense(L.Dense):
    """A subclass may compute anything."""


@pytest.mark.parametrize(
    ("layers", "complaint"),
    [
        ([sequence, lambda: L.LSTM(3, name="odd")], "is a LSTM which the NumPy backend"),
        ([lambda: OwnDense(3, name="odd")], "is a OwnDense which"),
        ([lambda: L.Conv2D(4, 3), lambda: L.Conv2D(4, 3, groups=2, name="odd")], "2 groups"),
        ([lambda: L.Conv2D(4, 3, activation="gelu", name="odd")], "activation gelu"),
        ([lambda: L.BatchNormalization(axis=1, name="odd")], "over axis 1"),
        ([sequence, lambda: L.Conv1D(4, 3, padding="causal", name="odd")], "padding 'causal'"),
        ([sequence, lambda: L.GRU(4, activation="relu", name="odd")], "activations relu and"),
        ([lambda: L.ReLU(threshold=0.5, name="odd")], "with a threshold"),
        ([lambda: L.Softmax(axis=1, name="odd")], "over axis 1"),
    ],
)
def test_a_layer_that_is_not_run_is_named(layers: list, complaint: str) -> None:
    model = keras.Sequential([keras.Input((130, 13, 1)), *(layer() for layer in layers)])
    with pytest.raises(ExportParityError, match=rf"layer 'odd' .*{complaint}"):
        numpy_graph.convert(model)


def test_arithmetic_between_layers_is_named() -> None:
    features = keras.Input((130, 13, 1))
    model = keras.Model(features, L.Dense(3)(features) * 2.0)
    with pytest.raises(ExportParityError, match="is a Multiply which the NumPy backend"):
        numpy_graph.convert(model)


@pytest.fixture(scope="module")
def exported(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("numpy") / "model.npz"
    done = succeed("export", pipeline.run, "--format", "numpy", "--out", path, "--name", "made-up")
    assert re.search(r"same label +100\.00%", done.stdout)
    return path


@pytest.mark.slow
def test_the_commands_take_the_file(pipeline: Pipeline, exported: Path, tmp_path: Path) -> None:
    manifest = json.loads(succeed("info", exported, "--json").stdout)
    assert manifest["weights"]["format"] == "numpy"
    assert manifest["weights"]["quantization"] == "none"
    assert manifest["parity"]["agreement"] == 1.0
    assert "numpy, quantization none" in succeed("info", exported).stdout
    clip = next((pipeline.data / GENRES[0]).glob("*.wav"))
    assert GENRES[0] in succeed("classify", clip, "--model", exported).stdout
    assert succeed("listen", "--input", clip, "--model", exported).stdout
    report = tmp_path / "report.json"
    done = succeed("evaluate", exported, pipeline.data, "--json", report, "--against", exported)
    assert "McNemar" in done.stdout  # against a model, not a file of predictions
    assert '"backend": "numpy"' in report.read_text()


def test_exporting_twice_gives_the_same_bytes(pipeline: Pipeline, exported: Path) -> None:
    model = logits_model(keras.saving.load_model(pipeline.run / "model.keras", compile=False))
    assert exported.read_bytes().startswith(numpy_graph.convert(model).network)


def test_quantization_and_other_endings_are_refused(pipeline: Pipeline, tmp_path: Path) -> None:
    line = refused("export", pipeline.run, "--format", "numpy", "--quantize", "int8", code=2)
    assert "--quantize int8: numpy has none" in line
    out = tmp_path / "model.numpy"
    line = refused("export", pipeline.run, "--format", "numpy", "--out", out, code=2)
    assert "must end in .npz" in line


def across(pipeline: Pipeline, exported: Path) -> list[Classifier]:
    paths = (pipeline.exports["tflite", "none"], pipeline.exports["onnx", "none"], exported)
    return [Classifier(path) for path in paths]


def check_all_agree(classifiers: list[Classifier], features: np.ndarray) -> None:
    litert, onnx, numpy = (each.backend.run(features) for each in classifiers)
    scale = max(1.0, float(np.abs(numpy).max()))
    np.testing.assert_allclose(numpy, litert, atol=1e-4 * scale)
    np.testing.assert_allclose(numpy, onnx, atol=1e-4 * scale)
    labels = [outputs.argmax(axis=1) for outputs in (litert, onnx, numpy)]
    assert np.mean((labels[0] == labels[1]) & (labels[1] == labels[2])) >= 0.999


def test_all_backends_give_the_same_labels(pipeline: Pipeline, exported: Path) -> None:
    with np.load(pipeline.run / "windows.npz") as windows:
        features = np.concatenate([windows["valid_features"], windows["calibration_features"]])
    check_all_agree(across(pipeline, exported), features)


def real_windows(classifier: Classifier) -> np.ndarray:
    """Of the demo clip, every quarter of a second, and of real music where there is some."""
    front_end = classifier.manifest.front_end
    folder = _DATA / "gtzan" / "clips"
    clips = [clip for genre in sorted(folder.glob("*")) for clip in sorted(genre.glob("*.ogg"))[:2]]
    features = []
    for clip, step in [("demo", front_end.sample_rate // 4), *((clip, None) for clip in clips)]:
        audio = open_audio(clip)
        path = SoundPath(audio.rate, audio.channels, front_end)
        windows = file_windows(audio, front_end, path, step)
        features += [classifier.features(window) for _, window in windows]
    assert len(features) >= 100
    return np.stack(features)


def test_all_backends_give_the_same_labels_for_real_music(
    pipeline: Pipeline, exported: Path
) -> None:
    classifiers = across(pipeline, exported)
    check_all_agree(classifiers, real_windows(classifiers[0]))


def test_all_backends_give_the_same_labels_for_the_seed_cnn_that_ships(tmp_path: Path) -> None:
    """What ships is int8; its float network lies beside this test."""
    shipped = Classifier("seed-cnn")
    features = real_windows(shipped)
    model = logits_model(keras.saving.load_model(_DEFAULT_MODEL, compile=False))
    classifiers = []
    for fmt in ("tflite", "onnx", "numpy"):
        variant = Variant(fmt, FLOAT32)
        made = FORMATS[fmt].convert(model, FLOAT32, features)
        manifest = dataclasses.replace(
            shipped.manifest,
            input=made.input,
            output=made.output,
            weights=Weights(
                format=fmt,
                quantization=FLOAT32,
                bytes=len(made.network),
                sha256=hashlib.sha256(made.network).hexdigest(),
            ),
        )
        path = tmp_path / file_name("model", variant)
        write_model(path, made.network, manifest)
        classifiers.append(Classifier(path))
    check_all_agree(classifiers, features)
    # It is the network that ships: int8 gives the same labels but for a few windows.
    same = classifiers[0].posteriors(features).argmax(1) == shipped.posteriors(features).argmax(1)
    assert same.mean() >= 0.97
