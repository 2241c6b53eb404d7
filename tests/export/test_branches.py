"""A network with tags, styles and two front ends, in every format and variant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from export.artefact import Description, Source, make
from export.formats import FORMATS
from export.formats.conversion import Variant
from export.run import read_run

from .branches import LABELS, SECOND, STYLES, TAGS, write_run

VARIANTS = [Variant(fmt, q) for fmt in FORMATS for q in FORMATS[fmt].quantizations]
TOLERANCE = {"none": 1e-4, "float16": 2e-2}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    run = read_run(write_run(tmp_path_factory.mktemp("branches") / "run"))
    return Source(run, Description("branches", "1.0", "CC0-1.0", ""))


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: f"{v.format}-{v.precision}")
def test_every_variant_gives_labels_tags_and_styles(source: Source, variant: Variant) -> None:
    made = make(source, variant)
    print(variant, made.parity, made.failures)
