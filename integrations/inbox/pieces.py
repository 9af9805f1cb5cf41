"""Keeps an uploaded file in pieces in our own table, named by its job alone, and opens it again from there."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from integrations.formats import bounds
from integrations.stores.base import Unreadable
from orders.models import ImportJob, ImportPiece

PIECE = 1 << 20
IN_MEMORY = 8 << 20


def copied(file: Path | BinaryIO, copy: IO[bytes]) -> tuple[str, int]:
    """The file's SHA-256 and size, its content copied. Raises Unreadable, also for a file of too many bytes."""
    if isinstance(file, Path):
        try:
            with file.open("rb") as stream:
                return copied(stream, copy)
        except OSError as error:
            raise Unreadable(f"{file} cannot be opened: {error.strerror}.") from error
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(PIECE):
        size += len(chunk)
        bounds.size(size)
        digest.update(chunk)
        copy.write(chunk)
    copy.seek(0)
    return digest.hexdigest(), size


def keep(job: ImportJob, stream: IO[bytes]) -> None:
    """Store the whole stream as the job's file; the caller holds a transaction."""
    stream.seek(0)
    for n, piece in enumerate(iter(lambda: stream.read(PIECE), b"")):
        ImportPiece.objects.create(job=job, n=n, body=piece)
    stream.seek(0)


@contextmanager
def opened(job: ImportJob) -> Iterator[IO[bytes]]:
    """The job's file as it came, in a temporary file without a name. Raises Unreadable where it was removed."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
        for body in ImportPiece.objects.filter(job=job).order_by("n").values_list("body", flat=True).iterator(1):
            copy.write(bytes(body))
        if not copy.tell() and job.size:
            raise Unreadable("The file itself was removed after its time. Bring it in again.")
        copy.seek(0)
        yield copy
