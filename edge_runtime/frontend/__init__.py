"""The front end: 3 s of sound in, MFCCs or log-mel out, in numpy alone.

Training, export and the device all call this package; there is no second implementation.

>>> import numpy as np
>>> from edge_runtime.frontend import PRESETS, FrontEnd
>>> front_end = FrontEnd(PRESETS["seed-mfcc13"])
>>> front_end(np.zeros(66150, dtype=np.float32)).shape
(130, 13)
"""

from .front_end import FrontEnd
from .model_input import ModelInput, input_shape
from .params import PRESETS, FrontEndParams
from .streaming import StreamingFrontEnd, Window

__all__ = [
    "PRESETS",
    "FrontEnd",
    "FrontEndParams",
    "ModelInput",
    "StreamingFrontEnd",
    "Window",
    "input_shape",
]
