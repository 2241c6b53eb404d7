"""The layers that make a network's outputs: of its labels, its tags and its styles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

JOINED = "labels_tags_styles"
"""Name of the layer that puts the outputs of several layers side by side"""


def last_layers(model: Any) -> list[Any]:
    """The layers whose outputs, side by side, are a network's; that of the labels is the first.

    Parameters
    ----------
    model : keras.Model
        From `export.run.logits_model`, or a copy of such a one.
    """
    last = model.layers[-1]
    if last.name != JOINED:
        return [last]
    return [tensor._keras_history.operation for tensor in last.input]


def outermost(model: Any, weighted: Sequence[str], end: str) -> list[str]:
    """What ``int8-mixed`` leaves in float: the first operation with weights, and the last of each
    output.

    Parameters
    ----------
    model : keras.Model
    weighted : sequence of str
        Names of a converted network's operations with weights, in order. The converters name them
        after the layers.
    end : str
        Name of its last operation, which puts several outputs side by side: in eight bits, all
        would share one step.
    """
    layers = last_layers(model)
    if len(layers) == 1:
        return list(dict.fromkeys((weighted[0], weighted[-1])))
    # In which order branches come is up to the converter.
    names = "|".join(re.escape(layer.name) for layer in layers)
    last = [name for name in weighted if re.search(rf"(^|/)({names})(_\d+)?/", name)]
    return list(dict.fromkeys((weighted[0], *last, end)))
