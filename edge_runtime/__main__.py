"""``python -m edge_runtime`` is the ``edge-genre`` command."""

import sys

from .cli import main

sys.exit(main())
