"""How large the base install is, what the wheel holds, and that it is enough to listen.

``python -m benchmarks.footprint [--json FILE]``; exit code 1 if a check failed.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .measure import measure
from .page import table
from .pip import NoIndexError


def main() -> int:
    """Measure and print; exit code 1 if a check failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.footprint", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results here")
    args = parser.parse_args()
    try:
        results = measure()
    except (NoIndexError, RuntimeError) as error:
        print(f"footprint: {error}", file=sys.stderr)
        return 1
    print(table(results))
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    complaints = [
        f"footprint: {name}: {what}" for name, found in results["checks"].items() for what in found
    ]
    print("\n".join(complaints), end="\n" if complaints else "", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
