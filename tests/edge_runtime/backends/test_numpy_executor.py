"""The NumPy backend: what it computes, and what it refuses to load."""

import dataclasses
import io
import json
import math
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime import Classifier, backends
from edge_runtime.backends import numpy_executor
from edge_runtime.backends.numpy_ops import OPERATIONS
from edge_runtime.backends.numpy_ops.graph import Graph, Layer, write_graph
from edge_runtime.errors import ModelFileError
from edge_runtime.model.file import read_model, write_model
from edge_runtime.model.manifest import TensorInfo

from ..manifests import LABELS, manifest_for
from ..sounds import noise, write_wav

CONV = Layer(
    op="conv2d",
    name="conv",
    inputs=("features",),
    weights=("kernel", "bias"),
    attributes={"strides": [2, 1], "padding": "same", "dilation": [1, 1]},
)
POOL = Layer(
    op="max_pool",
    name="pool",
    inputs=("conv",),
    attributes={"pool_size": [3, 3], "strides": [2, 2], "padding": "same"},
)
RELU = Layer(op="relu", name="relu", inputs=("pool",))
MEAN = Layer(op="global_average_pool", name="mean", inputs=("relu",))
LOGITS = Layer(op="dense", name="logits", inputs=("mean",), weights=("kernel",))
LAYERS = (CONV, POOL, RELU, MEAN, LOGITS)


def weights():
    random = np.random.default_rng(5)
    return {
        "conv/kernel": random.normal(size=(3, 3, 1, 4)).astype(np.float32),
        "conv/bias": random.normal(size=4).astype(np.float32),
        "logits/kernel": random.normal(size=(4, 3)).astype(np.float32),
    }


def network(layers=LAYERS, **arrays):
    own = {**weights(), **{name.replace("__", "/"): array for name, array in arrays.items()}}
    return write_graph(Graph(input="features", output=layers[-1].name, layers=tuple(layers)), own)


def write(path, content, **values):
    tensors = {
        "input": TensorInfo(name="features", shape=(-1, 130, 13, 1), dtype="float32"),
        "output": TensorInfo(name="logits", shape=(-1, 3), dtype="float32"),
    }
    write_model(path, content, manifest_for(content, "numpy", **{**tensors, **values}))
    return path


def with_layer(name, changes):
    return tuple(
        dataclasses.replace(layer, **changes) if layer.name == name else layer for layer in LAYERS
    )


def repacked(content, change):
    """The archive with its members put through `change(name, data) -> (name, data, method)`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            changed, data, method = change(name, old.read(name))
            new.writestr(changed, data, method)
    return buffer.getvalue()


@pytest.fixture
def model(tmp_path):
    return write(tmp_path / "tiny.npz", network())


@pytest.fixture
def features():
    return np.random.default_rng(1).normal(size=(4, 130, 13)).astype(np.float32)


def test_numpy_and_unzip_read_the_file(model):
    with np.load(model, allow_pickle=False) as archive:
        assert archive.files == [
            "graph.json", "conv/kernel", "conv/bias", "logits/kernel", "manifest.json", "labels.txt"
        ]  # fmt: skip
        np.testing.assert_array_equal(archive["conv/kernel"], weights()["conv/kernel"])
    with zipfile.ZipFile(model) as archive:
        assert archive.testzip() is None
        assert archive.read("labels.txt").decode().split() == list(LABELS)
        assert json.loads(archive.read("manifest.json"))["weights"]["format"] == "numpy"


def test_the_network_stands_unchanged_at_the_start(model):
    assert model.read_bytes().startswith(network())
    assert read_model(model).network == network()


def test_it_computes_what_the_layers_say(model, features):
    """Against loops that follow the definition, in double precision."""
    arrays = {name: array.astype(np.float64) for name, array in weights().items()}
    expected = []
    for window in features.astype(np.float64):
        # "same" over 130 frames in steps of 2 pads 0 before and 1 after; over 13 bins, 1 and 1.
        given = np.pad(window, ((0, 1), (1, 1)))
        conv = np.array(
            [
                [
                    np.tensordot(given[2 * row : 2 * row + 3, column : column + 3],
                                 arrays["conv/kernel"][:, :, 0], 2) + arrays["conv/bias"]
                    for column in range(13)
                ]
                for row in range(65)
            ]
        )  # fmt: skip
        # 65 and 13 in steps of 2 are padded by 1 and 1: 33 and 7 maxima.
        pool = np.array(
            [
                [
                    conv[max(0, 2 * row - 1) : 2 * row + 2, max(0, 2 * column - 1) : 2 * column + 2]
                    .max(axis=(0, 1))
                    for column in range(7)
                ]
                for row in range(33)
            ]
        )  # fmt: skip
        expected.append(np.maximum(pool, 0).mean(axis=(0, 1)) @ arrays["logits/kernel"])
    backend = backends.load(read_model(model))
    np.testing.assert_allclose(backend.run(features), expected, atol=1e-5)
    assert backend.name == "numpy"


def test_a_window_has_the_same_outputs_whatever_came_before_it(model, features):
    backend = backends.load(read_model(model))
    batch = backend.run(features)
    again = np.concatenate([backend.run(window[np.newaxis]) for window in features[::-1]])
    np.testing.assert_array_equal(batch, again[::-1])
    assert backend.run(features[:0]).shape == (0, 3)


def test_threads_are_held_while_a_network_runs_and_given_back(model, features, monkeypatch):
    # Of numpy's own library: scipy and scikit-learn, once imported, have others with threads.
    blas = numpy_executor._blas()

    def threads():
        return [library["num_threads"] for library in blas.info()]

    backend = backends.load(read_model(model), threads=1)
    seen = []
    monkeypatch.setattr(backend, "_steps", (*backend._steps, lambda: seen.append(threads())))
    with blas.limit(limits=2):
        before = threads()
        assert before, "numpy's matrix products are of no library that threadpoolctl knows"
        backend.run(features)
        assert threads() == before
    assert seen == [[1] * len(before)] * len(features)


def test_it_runs_where_the_matrix_products_have_no_threads(model, features, monkeypatch):
    expected = backends.load(read_model(model)).run(features)
    none = numpy_executor._blas().select(user_api="openmp")
    assert len(none) == 0
    monkeypatch.setattr(numpy_executor, "_blas", lambda: none)
    np.testing.assert_array_equal(backends.load(read_model(model)).run(features), expected)


def test_it_runs_where_neither_litert_nor_onnx_runtime_is(model, tmp_path):
    clip = write_wav(tmp_path / "clip.wav", noise(4 * 22050), rate=22050)
    code = (
        "import sys\n"
        "for name in ('ai_edge_litert', 'tflite_runtime', 'tensorflow', 'onnxruntime', 'soxr'):\n"
        "    sys.modules[name] = None\n"
        "from edge_runtime.cli import main\n"
        f"sys.exit(main(['classify', {str(clip)!r}, '--model', {str(model)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert any(label in done.stdout for label in LABELS)
    assert done.stderr == ""


def test_values_beyond_any_music_give_no_warning_and_no_nan(tmp_path):
    layers = [
        Layer(op="sigmoid", name="sigmoid", inputs=("features",)),
        Layer(op="swish", name="swish", inputs=("features",)),
        Layer(op="tanh", name="tanh", inputs=("features",)),
        Layer(op="elu", name="elu", inputs=("features",), attributes={"alpha": 1.0}),
        Layer(op="add", name="sum", inputs=("sigmoid", "swish", "tanh", "elu")),
        Layer(op="reshape", name="flat", inputs=("sum",), attributes={"shape": [1690]}),
        Layer(op="softmax", name="softmax", inputs=("flat",)),
        Layer(op="dense", name="logits", inputs=("softmax",), weights=("kernel",)),
    ]
    path = write(
        tmp_path / "tiny.npz", network(layers, logits__kernel=np.ones((1690, 3), np.float32))
    )
    backend = backends.load(read_model(path))
    for value in (1e30, -1e30, 0.0):
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            outputs = backend.run(np.full((1, 130, 13), value, np.float32))
        np.testing.assert_allclose(outputs, 1.0, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "changes", "complaint"),
    [
        ("conv", {"op": "conv9d"}, r"layer 'conv' needs the operation 'conv9d'.*upgrade"),
        ("conv", {"inputs": ("nothing",)}, "takes 'nothing', which none made"),
        ("conv", {"inputs": ()}, "has 0 inputs"),
        ("conv", {"inputs": ("features", "features")}, "has 2 inputs"),
        ("conv", {"attributes": {}}, "strides is None"),
        ("conv", {"attributes": {**CONV.attributes, "strides": [0, 1]}}, r"strides is \[0, 1\]"),
        ("conv", {"attributes": {**CONV.attributes, "strides": [1.5, 1]}}, "strides is"),
        ("conv", {"attributes": {**CONV.attributes, "padding": "full"}}, "padding is 'full'"),
        ("conv", {"attributes": {**CONV.attributes, "dilation": [70000, 1]}}, "dilation is"),
        (
            "conv",
            {"attributes": {"strides": [1, 1], "padding": "valid", "dilation": [99, 1]}},
            "window of 199 over 130 values, which does not fit",
        ),
        ("conv", {"weights": ("bias",)}, "has no weights 'kernel'"),
        ("conv", {"weights": ("kernel", "more")}, "weights conv/more are missing"),
        ("pool", {"name": "conv"}, "two layers are called 'conv'"),
        ("relu", {"attributes": {"max_value": "6"}}, "max_value is '6'"),
        ("relu", {"op": "gru"}, r"layer 'relu' \(gru\) has an input of shape \(33, 7, 4\)"),
        ("mean", {"op": "reshape", "attributes": {"shape": [5, 5]}}, "does not fill"),
        ("mean", {"op": "reshape", "attributes": {"shape": [924]}}, r"kernel of shape \(4, 3\)"),
        ("mean", {"op": "permute", "attributes": {"axes": [0, 0, 1]}}, "axes are"),
        ("mean", {"op": "add"}, "it takes 2 or more"),
        ("mean", {"op": "multiply", "inputs": ("conv", "pool")}, "which do not fit"),
        (
            "mean",
            {"op": "concatenate", "inputs": ("conv", "pool"), "attributes": {"axis": [2]}},
            "do not fit along axis 2",
        ),
        (
            "mean",
            {
                "op": "zero_padding",
                "inputs": ("features",),
                "attributes": {"rows": [60000, 60000], "columns": [60000, 60000]},
            },
            "more than a device has",
        ),
        (
            "mean",
            {
                "op": "cropping",
                "inputs": ("features",),
                "attributes": {"rows": [60, 70], "columns": [0, 0]},
            },
            "crops rows 60, 70 .* of a map of 130 x",
        ),
    ],
)
def test_a_graph_that_makes_no_sense_is_refused_with_its_layer(tmp_path, name, changes, complaint):
    layers = [dataclasses.asdict(layer) for layer in with_layer(name, changes)]
    graph = json.dumps({"input": "features", "output": "logits", "layers": layers})
    content = repacked(
        network(),
        lambda member, data: (
            member,
            graph if member == "graph.json" else data,
            zipfile.ZIP_STORED,
        ),
    )
    with pytest.raises(ModelFileError, match=rf"tiny\.npz: .*{complaint}"):
        Classifier(write(tmp_path / "tiny.npz", content))


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (np.zeros((3, 3, 1, 0)), "conv/kernel are damaged"),
        (np.full((3, 3, 1, 4), np.nan), "conv/kernel hold NaN"),
        (np.zeros((3, 3, 2, 4)), r"kernel of shape \(3, 3, 2, 4\); it must be \(any, any, 1, any"),
        (np.zeros((3, 3, 4)), "kernel of shape"),
        (np.zeros((3, 3, 1, 5)), r"bias of shape \(4,\); it must be \(5\)"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path, array, complaint):
    path = write(tmp_path / "tiny.npz", network(conv__kernel=array))
    with pytest.raises(ModelFileError, match=rf"tiny\.npz: .*{complaint}"):
        Classifier(path)


@pytest.mark.parametrize(
    "values",
    [
        {"input": TensorInfo(name="x", shape=(-1, 130, 13, 2), dtype="float32")},
        {"input": TensorInfo(name="x", shape=(-1, 130, 13, 10**12), dtype="float32")},
        {"input": TensorInfo(name="x", shape=(-1, 130, 13, -1), dtype="float32")},
        {"output": TensorInfo(name="y", shape=(-1, 1, 3), dtype="float32")},
        {"output": TensorInfo(name="y", shape=(-1, 3), dtype="int8", scale=1.0, zero_point=0)},
    ],
)
def test_a_manifest_with_other_tensors_than_the_network_is_refused(tmp_path, values):
    with pytest.raises(ModelFileError, match=r"tiny\.npz: "):
        Classifier(write(tmp_path / "tiny.npz", network(), **values))


def test_a_compressed_network_is_refused_before_it_is_unpacked(tmp_path):
    bomb = repacked(
        network(),
        lambda name, data: (
            name,
            b"\x93NUMPY" + bytes(10**7) if "kernel" in name else data,
            zipfile.ZIP_DEFLATED,
        ),
    )
    assert len(bomb) < 10**5
    with pytest.raises(ModelFileError, match="a member is compressed"):
        Classifier(write(tmp_path / "tiny.npz", bomb))


def test_a_manifest_that_would_unpack_to_too_much_is_refused(tmp_path):
    path = tmp_path / "tiny.npz"
    path.write_bytes(network())
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", bytes(2**25))
    with pytest.raises(ModelFileError, match="absurdly large"):
        read_model(path)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (3, 3, 1, 4), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 3, 1, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-3, -3, 1, 4), }",
        "{'descr': '<f4'",
    ],
)
def test_an_array_that_is_not_what_its_header_says_is_refused(tmp_path, header):
    text = header.encode().ljust(117) + b"\n"
    member = b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text + bytes(4 * 36)
    content = repacked(
        network(),
        lambda name, data: (name, member if "conv/k" in name else data, zipfile.ZIP_STORED),
    )
    with pytest.raises(ModelFileError, match="weights conv/kernel are damaged"):
        Classifier(write(tmp_path / "tiny.npz", content))


def test_a_changed_weight_is_refused(model):
    content = bytearray(model.read_bytes())
    content[content.index(weights()["conv/kernel"].tobytes()) + 7] ^= 1
    model.write_bytes(content)
    with pytest.raises(ModelFileError, match="do not match the checksum"):
        Classifier(model)


def test_a_plain_archive_of_arrays_is_refused(tmp_path):
    np.savez(tmp_path / "arrays.npz", a=np.zeros(3))
    with pytest.raises(ModelFileError, match=r"arrays\.npz: holds no edge-genre manifest"):
        Classifier(tmp_path / "arrays.npz")


@given(share=st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_is_refused(tmp_path_factory, share):
    path = write(tmp_path_factory.mktemp("cut") / "tiny.npz", network())
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelFileError, match=r"tiny\.npz: "):
        Classifier(path)


@given(share=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_a_file_with_one_wrong_byte_is_read_as_it_was_or_refused(tmp_path_factory, share, value):
    path = write(tmp_path_factory.mktemp("wrong") / "tiny.npz", network())
    content = bytearray(path.read_bytes())
    content[int(share * len(content))] = value
    path.write_bytes(content)
    try:
        assert read_model(path).network == network()
    except ModelFileError as error:
        assert str(path) in str(error)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 70000) | st.floats() | st.sampled_from(
        ["same", "valid", "", 10**30]
    ),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=5,
)  # fmt: skip
NAMES = [
    "strides", "padding", "dilation", "pool_size", "shape", "axes", "axis", "rows", "columns",
    "slope", "alpha", "max_value", "reset_after", "go_backwards", "return_sequences",
]  # fmt: skip


@given(
    st.sampled_from(sorted(OPERATIONS)),
    st.dictionaries(st.sampled_from(NAMES), values),
    st.lists(st.sampled_from(["features", "conv", "pool"]), max_size=3),
    st.booleans(),
)
def test_any_layer_runs_or_is_refused(tmp_path_factory, op, attributes, inputs, kept):
    """With any attributes and inputs, and no other error than the one that a user may see."""
    if kept:
        attributes = {**CONV.attributes, **POOL.attributes, **attributes}
    layer = Layer(op=op, name="odd", inputs=tuple(inputs), attributes=attributes)
    last = (
        dataclasses.replace(MEAN, inputs=("odd",)),
        dataclasses.replace(LOGITS, weights=("kernel",)),
    )
    path = write(tmp_path_factory.mktemp("odd") / "odd.npz", network((CONV, POOL, layer, *last)))
    try:
        outputs = Classifier(path).backend.run(np.zeros((1, 130, 13), np.float32))
    except ModelFileError as error:
        assert str(path) in str(error)
    else:
        assert outputs.shape == (1, 3)
        assert all(map(math.isfinite, outputs.ravel()))
