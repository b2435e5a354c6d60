"""What may run as a process of this user: the archives that localstack/deploy has uploaded, and no other code.

LocalStack's port asks nobody for a password, so any user and any program of the machine can make functions there.
Nothing here knows LocalStack.
"""

import hashlib
import io
import os
import tempfile
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
# Variables can make a permitted program run other code, as LD_PRELOAD does: only what functions read is passed on.
PASSED = ("AWS_", "CENOVKA_", "DATABASE_URL", "PG", "RUST_")


class Refused(Exception):
    """Why something does not run."""


def permit(archive: bytes) -> None:
    """Adds an archive to the list of those that may run."""
    file = _list()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+") as opened:
        if _digest(archive) not in opened.read().split():
            opened.write(f"{_digest(archive)}\n")


def unpack(archive: bytes, folder: Path) -> None:
    """Unpacks an archive that may run. Its digest is taken here, of the bytes that are unpacked."""
    digest = _digest(archive)
    if digest not in _permitted():
        raise Refused(
            f"the archive with the SHA-256 {digest} was not uploaded by localstack/deploy, which notes what it uploads"
            f" in {_list()} (CENOVKA_ARCHIVES)"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Either all of it is there or nothing.
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        code = Path(temporary, "code")
        zipfile.ZipFile(io.BytesIO(archive)).extractall(code)
        code.rename(folder)


def variables(given: dict[str, str]) -> dict[str, str]:
    """The variables that functions read."""
    return {name: value for name, value in given.items() if name.startswith(PASSED)}


def _permitted() -> set[str]:
    try:
        with open(_list()) as file:
            status = os.fstat(file.fileno())
            if status.st_uid != os.geteuid() or status.st_mode & 0o022:
                raise Refused(f"{file.name} could be written by other users, and permits nothing")
            return set(file.read().split())
    except FileNotFoundError:
        return set()


def _list() -> Path:
    # Where localstack/run has it if it is not told another folder.
    return REPOSITORY / (os.environ.get("CENOVKA_ARCHIVES") or "target/localstack/run/archives")


def _digest(archive: bytes) -> str:
    return hashlib.sha256(archive).hexdigest()
