"""Why the embedded server cannot be had, in words that say what to do about it."""

from __future__ import annotations

from pathlib import Path


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be had; the message says why and names the way out."""


def belongs_to_another(folder: Path) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"{folder} belongs to another user of this machine: run as that user, "
        "name another folder in ORDERSYNC_POSTGRES_FOLDER, or set DATABASE_URL."
    )


def half_made(folder: Path) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"{folder} was left half made, or is not ordersync's: remove it, "
        "or name another folder in ORDERSYNC_POSTGRES_FOLDER."
    )


def still_at_work(folder: Path, pids: list[int]) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"PostgreSQL processes that answer nobody still work in {folder}: "
        f"end them (kill {' '.join(map(str, pids))}), and try again."
    )


def closed(folder: Path, user: str) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"PostgreSQL does not run as root, so it runs as the user {user}, who may not enter {folder}: "
        f"open it (chmod go+rx {folder}), move the project, run as another user, or set DATABASE_URL."
    )


def cannot_be_made(folder: Path, why: str) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"{folder} cannot be made ({why}): make it, name another folder "
        "(ORDERSYNC_POSTGRES_FOLDER, XDG_RUNTIME_DIR), or set DATABASE_URL."
    )


def did_not_start(folder: Path, why: str) -> EmbeddedPostgresError:
    """With the last lines of the server's own log, if there is one."""
    log = folder / "log"
    last = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
    return EmbeddedPostgresError(
        "\n".join(
            [
                f"The embedded PostgreSQL in {folder} did not start: {why}. Repair what its log names, or set DATABASE_URL.",
                *last,
            ]
        )
    )
