"""A cluster goes deaf and its supervisor brings it back, at the default limit, with nothing shortened: within three minutes. `python -m tests.hang`.

The idle worker that waits for the next task holds the queue's lock. Killed there, it leaves the cluster alive and deaf: its sentinel makes another worker, which
waits for the lock for ever. Measured from that kill to the first job that ends in a cluster of another process group. Takes as long as it takes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from ordersync_site import embedded_postgres  # noqa: E402
from tests import chaos  # noqa: E402

BOUND_SECONDS = 180
FUTEX = {"x86_64": "202", "aarch64": "98"}  # the call in which a worker stands that waits for the lock


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="hang-") as folder:
        os.chmod(folder, 0o755)  # noqa: S103 - PostgreSQL does not run as root, and its user must be able to enter
        server = Path(folder) / "postgres"
        where = embedded_postgres.ensure_running(server)
        os.environ["DATABASE_URL"] = f"postgresql://postgres@/{embedded_postgres.DATABASE}?host={where}"
        os.environ["DJANGO_SETTINGS_MODULE"] = "ordersync_site.settings"
        os.environ.pop("ORDERSYNC_HEARTBEAT_LIMIT", None)
        try:
            seconds = run(Path(folder))
        finally:
            embedded_postgres.stop(server)
    verdict = "brought back" if seconds <= BOUND_SECONDS else "BROKEN: brought back too late"
    print(f"hang: {verdict} after {seconds:.0f} seconds, of {BOUND_SECONDS}")
    return int(seconds > BOUND_SECONDS)


def run(folder: Path) -> float:
    """How long the cluster was away."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(f"hang: the limit is {settings.ORDERSYNC_HEARTBEAT_LIMIT} seconds", flush=True)
    with (folder / "supervise.log").open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "manage.py", "supervise"], cwd=ROOT, start_new_session=True, stdout=log, stderr=log
        )
    try:
        _until(lambda: _ended_since(0) >= 2, 120)
        main = _main(supervisor)
        victims = _idle(main)
        since, at = _latest(), time.monotonic()
        for worker in victims:
            worker.send_signal(signal.SIGKILL)
        print(f"hang: {len(victims)} idle worker killed", flush=True)
        _until(lambda: _main(supervisor, main) is not None and _ended_since(since, main) > 0, 2 * BOUND_SECONDS)
        return time.monotonic() - at
    finally:
        for one in [*psutil.Process(supervisor.pid).children(recursive=True), psutil.Process(supervisor.pid)]:
            one.kill()
        supervisor.wait()


def _main(supervisor: subprocess.Popen[bytes], but: psutil.Process | None = None) -> psutil.Process | None:
    return next((one for one in psutil.Process(supervisor.pid).children() if one != but), None)


def _idle(main: psutil.Process | None) -> list[psutil.Process]:
    """The idle worker that holds the lock; both where the system does not tell in which call a process stands."""
    for _ in range(600):
        sentinels = chaos._children(main.pid) if main else []
        workers = [
            one for sentinel in sentinels for one in chaos._children(sentinel.pid) if chaos._role(one) == "worker"
        ]
        idle = [one for one in workers if chaos._title(one).endswith(" idle")]
        if len(idle) == len(workers) >= 2:
            calls = {one: _call(one) for one in idle}
            if not all(calls.values()):
                return idle
            if holders := [one for one, call in calls.items() if call != FUTEX.get(os.uname().machine)]:
                return holders[:1]
        time.sleep(0.1)
    raise SystemExit("hang: the workers are never idle")


def _call(process: psutil.Process) -> str:
    """The number of the system call in which it waits."""
    try:
        return Path(f"/proc/{process.pid}/syscall").read_text().split()[0]
    except OSError:
        return ""


def _latest() -> int:
    from integrations.models import Run

    return Run.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _ended_since(pk: int, not_of: psutil.Process | None = None) -> int:
    """How many jobs began after that one and have ended, in another group than that process leads."""
    from integrations import jobs
    from integrations.models import Run

    found = Run.objects.filter(pk__gt=pk).exclude(ended_at=None)
    return (found.exclude(worker__startswith=jobs.group(not_of.pid)) if not_of else found).count()


def _until(holds: object, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():  # type: ignore[operator]
            return
        time.sleep(0.2)
    raise SystemExit(f"hang: BROKEN: not within {seconds:.0f} seconds")


if __name__ == "__main__":
    raise SystemExit(main())
