"""Augmentation: of sound (codec, room, noise, microphone, level) and of features.

>>> [condition.name for condition in GRID][:4]
['clean', 'level-20', 'level-40', 'snr-20']
"""

from .conditions import GRID, Degradation
from .device_chain import random_degradation

__all__ = ["GRID", "Degradation", "random_degradation"]
