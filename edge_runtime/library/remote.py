"""Files that are not on this machine: object storage, HTTP and what else fsspec reaches.

fsspec is imported when the first address is met. Every storage has a library of its own below it,
with exceptions of its own: here they become one line each.
"""

from __future__ import annotations

import contextlib
import errno
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from ..audio.folder import is_hidden
from ..errors import (
    AudioFormatError,
    EdgeGenreError,
    MissingDependencyError,
    MissingExtraError,
    ParameterError,
)

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)(?:://|::(?=.*://))")
_WEB = ("http", "https")
_GONE = (404, 410)
_CHAIN = "::"
"""Between an address and the one of the archive it lies in"""
_MTIMES = (
    "mtime",
    "LastModified",
    "last_modified",
    "Last-Modified",
    "updated",
    "modified",
    "created",
)
"""What the storages call the time of the last change"""
_FULL = (errno.ENOSPC, errno.EDQUOT)


def scheme_of(name: str) -> str | None:
    """The scheme of an address, in small letters; None for a path."""
    found = _SCHEME.match(name)
    return None if found is None else found[1].lower()


def is_remote(name: str) -> bool:
    """Whether a name is an address, and no path of this machine."""
    return scheme_of(name) not in (None, "file")


def is_table(name: str) -> bool:
    """Whether an address is that of a list of files."""
    return _without_query(name, name).lower().endswith(".csv")


def status(name: str) -> tuple[int | None, int | None]:
    """Bytes of a file, and nanoseconds since 1970 of its last change; None for what is unknown.

    Raises
    ------
    AudioFormatError
        If it is not there, or cannot be asked for.
    MissingDependencyError
        If the library for its scheme is not installed.
    """
    with _naming(name):
        storage, path = _storage(name)
        info = storage.info(path)
        if info.get("type") == "directory":
            raise AudioFormatError(f"{name}: is a folder; name a file in it")
        return info.get("size"), _mtime_ns(info)


@contextlib.contextmanager
def fetched(name: str) -> Iterator[Path]:
    """A copy of a file, in the temporary folder; removed afterwards.

    Raises
    ------
    AudioFormatError
        If it cannot be copied.
    MissingDependencyError
        If the library for its scheme is not installed.
    """
    with contextlib.ExitStack() as opened:
        with _naming(name):
            storage, path = _storage(name)
            # The ending says what is in an MP3 that begins in the middle of a frame.
            suffix = Path(_without_query(name, path)).suffix
            copy = opened.enter_context(tempfile.NamedTemporaryFile(suffix=suffix))
            storage.get_file(path, copy.name)
        yield Path(copy.name)


def find(name: str, extensions: tuple[str, ...]) -> list[str]:
    """Addresses of the files that an address stands for, in a fixed order.

    A folder stands for the audio files in it; an address with ``*`` for those that match. In the
    web a folder is what ends with ``/``, if the server lists it.

    Parameters
    ----------
    name : str
    extensions : tuple of str
        Endings of names that are looked for in a folder, in small letters.

    Raises
    ------
    AudioFormatError
        If the storage cannot be asked.
    MissingDependencyError
        If the library for its scheme is not installed.
    """
    web = scheme_of(name) in _WEB
    with _naming(name):
        storage, path = _storage(name)
        magic = re.search(r"\*" if web else r"[*?\[]", path)
        if magic and not storage.exists(path):
            root = path[: magic.start()].rpartition("/")[0]
            found = [one for one, info in storage.glob(path, detail=True).items() if _is_file(info)]
        elif path.endswith("/") or name.endswith("/") or (not web and storage.isdir(path)):
            root = path.rstrip("/")
            found = storage.find(path)
        else:
            return [name]
        audio = [
            one
            for one in sorted(found)
            if _without_query(name, one).lower().endswith(extensions)
            and not any(map(is_hidden, one.removeprefix(root).split("/")))
        ]
        return [_address(storage, name, one) for one in audio]


def _storage(name: str) -> tuple[Any, str]:
    """The file system of fsspec that an address lies in, and its path there."""
    try:
        import fsspec
    except ImportError:
        raise MissingExtraError(f"{name}: reading {scheme_of(name)}://", "library") from None
    try:
        storage, path = fsspec.core.url_to_fs(name)
    except ImportError as error:
        raise MissingDependencyError(_missing(name, error)) from None
    except ValueError as error:
        if "Protocol not known" not in str(error):
            raise
        raise ParameterError(
            f"{name}: there is no scheme {scheme_of(name)}://; s3://, gs://, https:// and the "
            "others of fsspec are known"
        ) from None
    return storage, path


def _missing(name: str, error: ImportError) -> str:
    """What to install for a scheme: fsspec says it in words, and knows the module."""
    from fsspec.registry import known_implementations

    known = known_implementations.get(scheme_of(name), {})
    module = str(known.get("class", "")).partition(".")[0]
    quoted = [word for word in re.findall(r'"([\w-]+)"', str(error)) if word]
    needed = quoted or [module if module and module != "fsspec" else error.name or "it"]
    return (
        f"{name}: reading {scheme_of(name)}:// needs {' and '.join(needed)}: "
        f"pip install {' '.join(needed)}"
    )


@contextlib.contextmanager
def _naming(name: str) -> Iterator[None]:
    try:
        yield
    except EdgeGenreError:
        raise
    except FileNotFoundError as error:
        raise AudioFormatError(_not_found(name, error)) from None
    except ImportError as error:
        raise MissingDependencyError(_missing(name, error)) from None
    except Exception as error:  # each storage's library has its own, with no common base
        if isinstance(error, OSError) and error.errno in _FULL:
            raise AudioFormatError(
                f"{name}: the temporary folder {tempfile.gettempdir()} is full: free some space, "
                "or name another in TMPDIR"
            ) from None
        raise AudioFormatError(_unreadable(name, error)) from None


def _not_found(name: str, error: FileNotFoundError) -> str:
    # fsspec says so of a server that does not answer, and of one that refuses, too.
    cause = error.__cause__
    if scheme_of(name) in _WEB and cause and getattr(cause, "status", None) not in _GONE:
        return _unreadable(name, cause)
    return f"{name}: no such file; check the address"


def _unreadable(name: str, error: BaseException) -> str:
    reason = (str(error) or type(error).__name__).partition("\n")[0]
    return f"{name}: cannot be read ({reason}); check the address, the network and the credentials"


def _address(storage: Any, name: str, path: str) -> str:
    """The address of a file that was found at another one."""
    first, chain, rest = name.partition(_CHAIN)
    if not chain:
        return str(storage.unstrip_protocol(path))
    return f"{scheme_of(first + _CHAIN)}://{path}{chain}{rest}"


def _without_query(name: str, path: str) -> str:
    return path.partition("?")[0] if scheme_of(name) in _WEB else path


def _is_file(info: Mapping[str, Any]) -> bool:
    return info.get("type") != "directory"


def _mtime_ns(info: Mapping[str, Any]) -> int | None:
    changed = next((info[key] for key in _MTIMES if info.get(key) is not None), None)
    if isinstance(changed, str):
        changed = _date(changed)
    if isinstance(changed, datetime):
        aware = changed if changed.tzinfo else changed.replace(tzinfo=UTC)
        return (aware - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1) * 1000
    return None if changed is None else round(float(changed) * 1e9)


def _date(text: str) -> datetime | None:
    """As a web server writes it, or by ISO 8601."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        with contextlib.suppress(ValueError):
            return read(text)
    return None
