"""``python -m edge_runtime`` is the ``edge-genre`` command."""

import sys

from .cli import main

# Python puts the working directory first; a user's own train.py there must not stand in for ours.
if sys.path and not sys.flags.safe_path:
    sys.path.pop(0)

sys.exit(main())
