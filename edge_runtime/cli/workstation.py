"""The commands of the workstation, as a device without them lists them."""

from __future__ import annotations

WORKSTATION_COMMANDS = {
    "compare": ("train", "compare training runs, split by split"),
    "data": ("train", "check a data set before training on it"),
    "evaluate": ("train", "measure a model's accuracy on labelled clips"),
    "export": (
        "export",
        "write a trained model as a self-describing TFLite, ONNX or NumPy file, or as C sources",
    ),
    "features": ("train", "compute the features of a data set ahead of training"),
    "plot": ("train", "draw a clip: waveform, spectra, MFCCs, and its genres over time"),
    "refit": (
        "train",
        "fit the last layer of a trained model to the validation clips as well, to ship it",
    ),
    "robustness": ("train", "measure what rooms, noise, codecs and levels cost a model"),
    "teach": ("train", "make a model for genres of your own, from a folder of a few clips each"),
    "train": ("train", "train a model on a folder of genre folders"),
}
"""The extra that brings a command, and its ``HELP``"""
