"""Which PostgreSQL processes really work in a data folder, whatever its postmaster.pid says."""

from __future__ import annotations

from pathlib import Path

import psutil

from . import refusals


def answering(folder: Path) -> Path | None:
    """The folder of the server's socket, if the named process lives, works in this very folder and is ready."""
    lines = _pid_file_lines(folder)
    if len(lines) < 8 or lines[7] != "ready" or named(folder) is None:
        return None
    socket_folder = Path(lines[4])
    return socket_folder if (socket_folder / ".s.PGSQL.5432").exists() else None


def named(folder: Path) -> psutil.Process | None:
    """The process that postmaster.pid names, if it is a PostgreSQL that works in this folder."""
    lines = _pid_file_lines(folder)
    if not lines or not lines[0].isdigit():
        return None
    try:
        process = psutil.Process(int(lines[0]))
    except (psutil.NoSuchProcess, OverflowError):
        return None
    return process if _works_in(process, folder) else None


def working_in(folder: Path) -> list[psutil.Process]:
    """Every PostgreSQL process of this folder: the server, its helpers, one backend a connection."""
    return [process for process in psutil.process_iter() if _works_in(process, folder)]


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.name() == "postgres" and process.cwd() == str(folder)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _pid_file_lines(folder: Path) -> list[str]:
    try:
        return [line.strip() for line in (folder / "postmaster.pid").read_text(errors="replace").splitlines()]
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise refusals.belongs_to_another(folder) from error
