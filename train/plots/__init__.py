"""Pictures of a clip: the student report's figures and a genre timeline, in Hz, s and dB.

>>> from edge_runtime import Classifier
>>> from train.plots import draw, read_sound
>>> sound = read_sound("demo", Classifier(), seconds=5.0)
>>> draw(sound, "spectrum").savefig("spectrum.png")  # doctest: +SKIP
"""

from .page import FIGURES, draw, draw_sheet, save
from .sound import Sound, read_sound

__all__ = ["FIGURES", "Sound", "draw", "draw_sheet", "read_sound", "save"]
