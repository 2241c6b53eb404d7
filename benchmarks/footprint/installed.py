"""Which distributions an environment holds, and how large they are.

Run as a script it prints that as JSON, of the environment whose Python runs it. Needs no package.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sysconfig
from pathlib import Path
from typing import Any

_INSTALLERS = {"pip", "setuptools", "wheel"}
_LARGEST = 5


def installed() -> dict[str, Any]:
    """Sizes in this environment's own site-packages, without pip and setuptools.

    Returns
    -------
    dict
        ``distributions`` by name, each with its ``version``, its ``bytes`` (every file in its
        RECORD as it lies on disk, the ``.pyc`` files that pip compiled included) and the
        ``bytecode_bytes`` among them; ``total_bytes`` and ``beyond_numpy_bytes``, their sums;
        ``largest_files_beyond_numpy``, bytes by path, largest first.
    """
    site = sysconfig.get_path("purelib")
    found = {}
    files: dict[str, int] = {}
    for distribution in importlib.metadata.distributions(path=[site]):
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        if name not in _INSTALLERS:
            own = _files(distribution)
            found[name] = {
                "version": distribution.version,
                "bytes": sum(own.values()),
                "bytecode_bytes": sum(own[path] for path in own if path.endswith(".pyc")),
            }
            files |= {} if name == "numpy" else own
    beyond = {name: sizes for name, sizes in found.items() if name != "numpy"}
    largest = sorted(files.items(), key=lambda item: -item[1])[:_LARGEST]
    return {
        "distributions": dict(sorted(found.items())),
        "total_bytes": sum(sizes["bytes"] for sizes in found.values()),
        "beyond_numpy_bytes": sum(sizes["bytes"] for sizes in beyond.values()),
        "largest_files_beyond_numpy": dict(largest),
    }


def _files(distribution: importlib.metadata.Distribution) -> dict[str, int]:
    """Bytes of a distribution's files, by path as its RECORD has it."""
    paths = {str(file): Path(str(file.locate())) for file in distribution.files or ()}
    return {name: path.stat().st_size for name, path in paths.items() if path.is_file()}


if __name__ == "__main__":
    print(json.dumps(installed()))
