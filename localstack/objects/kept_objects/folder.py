"""Objects as files: each below its bucket's name and its key, so that a person finds it.

A file is there as a whole or not at all, and what was put or removed stays so, whenever the machine or its programs are
killed. Its time of modification is the object's. What else S3 tells of an object stands in a file below `.headers`.
Nothing here knows LocalStack.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote


@dataclass(frozen=True)
class Kept:
    """An object in the folder."""

    key: str
    file: Path
    size: int
    modified: int  # nanoseconds since 1970
    headers: dict
    # False if the file is not the one that the headers were written for: somebody else put it there, or a kill came
    # between the two.
    known: bool


class Folder:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.headers, self.unfinished = root / ".headers", root / ".unfinished"
        shutil.rmtree(self.unfinished, ignore_errors=True)
        self.unfinished.mkdir(parents=True)

    def file(self, bucket: str, key: str) -> Path:
        return self.root / bucket / _path(key)

    def put(self, bucket: str, key: str, body: Iterable[bytes], modified: int, headers: dict) -> None:
        """Keeps an object, in place of the one that had this key."""
        with tempfile.TemporaryDirectory(dir=self.unfinished) as unfinished:
            new, beside = Path(unfinished, "object"), Path(unfinished, "headers")
            _write(new, body, modified)
            stamped = {"size": new.stat().st_size, "modified": new.stat().st_mtime_ns, "headers": headers}
            _write(beside, [json.dumps(stamped, ensure_ascii=False).encode()])
            # The object comes last: without it its headers mean nothing.
            _move(beside, self._header_file(bucket, key))
            _move(new, self.file(bucket, key))

    def remove(self, bucket: str, key: str) -> None:
        """Removes an object, if there is one."""
        for file in (self.file(bucket, key), self._header_file(bucket, key)):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                file.unlink()
                _sync(file.parent)
                # A folder that is left empty would stand in the way of a key with its name.
                while file.parent.parent not in (self.root, self.headers) and not any(file.parent.iterdir()):
                    file = file.parent
                    file.rmdir()

    def find(self, bucket: str, key: str) -> Kept | None:
        file = self.file(bucket, key)
        return self._kept(bucket, key, file) if file.is_file() else None

    def objects(self, bucket: str) -> Iterator[Kept]:
        """All objects of a bucket, in the order of their files' names."""
        for parent, folders, names in os.walk(self.root / bucket):
            folders.sort()
            for name in sorted(names):
                file = Path(parent, name)
                key = _key(file.relative_to(self.root / bucket))
                if _path(key) == file.relative_to(self.root / bucket):
                    yield self._kept(bucket, key, file)

    def _kept(self, bucket: str, key: str, file: Path) -> Kept:
        status = file.stat()
        stamped = {}
        # Somebody may have changed them.
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, ValueError):
            stamped = json.loads(self._header_file(bucket, key).read_bytes())
        stamped = stamped if isinstance(stamped, dict) else {}
        known = (stamped.get("size"), stamped.get("modified")) == (status.st_size, status.st_mtime_ns)
        return Kept(key, file, status.st_size, status.st_mtime_ns, stamped.get("headers", {}), known)

    def _header_file(self, bucket: str, key: str) -> Path:
        file = self.headers / bucket / _path(key)
        return file.with_name(f"{file.name}.json")


def _write(path: Path, pieces: Iterable[bytes], modified: int | None = None) -> None:
    """Writes a file that is then on the disk for good."""
    with open(path, "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        if modified is not None:
            os.utime(path, ns=(modified, modified))
        os.fsync(file.fileno())


def _path(key: str) -> Path:
    """A key as a path. Names that a file cannot have are written as in a URL, and a name that is empty as `%`."""
    return Path(*(_name(part) for part in key.split("/")))


def _name(part: str) -> str:
    if part in ("", ".", ".."):
        return part.replace(".", "%2E") or "%"
    return quote(part, safe=" !'()*+,=:;@&$~")


def _key(path: Path) -> str:
    return "/".join("" if name == "%" else unquote(name) for name in path.parts)


def _move(file: Path, place: Path) -> None:
    _make(place.parent)
    os.replace(file, place)
    _sync(place.parent)


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Has the disk know the names in a folder."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
