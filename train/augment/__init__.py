"""What lies between a record and a network: a codec, a room, noise, a microphone, a level.

>>> [condition.name for condition in GRID][:4]
['clean', 'level-20', 'level-40', 'snr-20']
"""

from .conditions import GRID, Degradation
from .device_chain import random_degradation

__all__ = ["GRID", "Degradation", "random_degradation"]
