"""A file is there in full or not at all: written beside its place, then moved into it."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from accelsim.errors import InputError


def write_atomically(path: Path, data: str | bytes) -> None:
    """Replace the file's content in one step; text is written as UTF-8. Raises InputError when it cannot be written.

    A crash leaves the old file, never half of the new one nor a temporary file. Devices and pipes are written directly.
    """
    payload = data.encode() if isinstance(data, str) else data
    try:
        target = Path(os.path.realpath(path))  # the file behind a link is replaced, not the link
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and stat.S_ISDIR(mode):
            raise InputError(f"{path}: cannot be written: it is a folder")
        if not target.parent.is_dir():
            raise InputError(f"{path}: cannot be written: folder {target.parent} does not exist")
        if mode is not None and not stat.S_ISREG(mode):
            target.write_bytes(payload)
        else:
            _replace(target, payload, _permissions() if mode is None else stat.S_IMODE(mode))
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    except ValueError:  # a NUL in the path
        raise InputError(f"{str(path)!r}: cannot be written: not a path") from None


@contextmanager
def streamed(path: Path) -> Iterator[TextIO]:
    """A text file to be written piece by piece; it takes its place when the block ends without an error.

    For what does not fit in memory. Devices and pipes are written directly. Raises InputError where it cannot be.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise InputError(f"{path}: cannot be written: it is a folder")
        if not target.parent.is_dir():
            raise InputError(f"{path}: cannot be written: folder {target.parent} does not exist")
        if target.exists() and not target.is_file():
            with target.open("w", encoding="utf-8") as direct:
                yield direct
            return
        descriptor, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:50]}.")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    except ValueError:  # a NUL in the path
        raise InputError(f"{str(path)!r}: cannot be written: not a path") from None
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else _permissions()
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
        os.chmod(beside, mode)
        os.replace(beside, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        if isinstance(error, OSError):
            raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
        raise


def _replace(target: Path, payload: bytes, permissions: int) -> None:
    descriptor, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:50]}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, permissions)
        os.replace(beside, target)
    except BaseException:  # also an interrupt: nothing stays behind
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _permissions() -> int:
    """What a newly created file would get; the mask can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
