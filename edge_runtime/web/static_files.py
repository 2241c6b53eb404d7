"""The page's own files: a fixed table, so that no address can lead anywhere else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from .request import Request
from .response import Response

_FOLDER = Path(__file__).parent / "static"
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/spectrogram.js": ("spectrogram.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}


@dataclass(frozen=True)
class _File:
    content_type: str
    body: bytes
    etag: str


class StaticFiles:
    """Read once, at the start: a package that is upgraded meanwhile does not mix versions."""

    def __init__(self) -> None:
        self._files = {}
        for path, (name, content_type) in _FILES.items():
            body = (_FOLDER / name).read_bytes()
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            self._files[path] = _File(content_type, body, etag)

    def respond(self, request: Request) -> Response | None:
        """The file of that address; None if there is none."""
        file = self._files.get(request.path)
        if file is None:
            return None
        headers = (("ETag", file.etag), ("Cache-Control", "no-cache"))
        if request.headers.get("if-none-match") == file.etag:
            return Response(status=304, headers=headers)
        return Response(content_type=file.content_type, body=file.body, headers=headers)
