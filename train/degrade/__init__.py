"""What lies between a record and a network: a codec, a room, noise, a microphone, a level.

>>> [condition.name for condition in GRID][:4]
['clean', 'level-20', 'level-40', 'snr-20']
"""

from .chain import random_degradation
from .conditions import GRID, Degradation

__all__ = ["GRID", "Degradation", "random_degradation"]
