"""Takes the pictures of docs/screens from the demo in a real Chromium, light, dark and 390 pixels wide: `make screenshots`.

The demo must be there (`make demo SERVE=0`); the pictures are taken as its owner and its accountant, and nothing is decided meanwhile.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screens"
PORT = int(os.environ.get("PORT", "8765"))
HOME = f"http://127.0.0.1:{PORT}"
QUALITY = 60  # of 100: a page of text and lines stays sharp
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1360, "height": 860}},
    "dark": {"viewport": {"width": 1360, "height": 860}, "color_scheme": "dark"},
    "390": {"viewport": {"width": 390, "height": 844}},
}
SCREENS = {
    "today": "/admin/",
    "queue": "/admin/review/?tab=review",
    "review": "/admin/review/?tab=review&cause=sku:VASE-NEW",
    "problems": "/admin/problems/",
    "mapping": "/admin/orders/taxmapping/",
    "import": "/admin/imports/bring/",
}


def main(chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(exist_ok=True)
    subprocess.run([sys.executable, "manage.py", "run_jobs"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with _served(), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for look, options in LOOKS.items():
            windows = {name: _signed_in(browser, name, options) for name in ("owner", "accountant")}
            for screen, address in SCREENS.items():
                page = windows["accountant" if screen in ("mapping", "import") else "owner"]
                page.goto(HOME + address)
                if screen == "review":
                    page.goto(HOME + page.get_attribute("tbody a", "href"))
                _kept(page, FOLDER / f"{screen}-{look}.webp")
        browser.close()


def _signed_in(browser: Any, name: str, options: dict[str, Any]) -> Any:
    """A window of one of the demo's people."""
    page = browser.new_context(**options).new_page()
    page.goto(f"{HOME}/admin/login/")
    page.fill("#id_username", name)
    page.fill("#id_password", "only-for-the-demo")
    page.press("#id_password", "Enter")
    page.wait_for_selector("#side")
    return page


def _kept(page: Any, path: Path) -> None:
    """The window as WebP, which Chromium writes itself: a third of a PNG."""
    taken = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    path.write_bytes(base64.b64decode(taken["data"]))
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1000} kB")


@contextmanager
def _served() -> Iterator[None]:
    """The demo's desk without its jobs, so that nothing moves between two pictures."""
    command = [sys.executable, "-m", "gunicorn", "ordersync_site.wsgi", "--bind", f"127.0.0.1:{PORT}", "--threads", "2", "--no-control-socket"]  # fmt: skip
    desk = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "ORDERSYNC_LOG_LEVEL": "WARNING"})
    try:
        _until_it_answers(desk)
        yield
    finally:
        desk.terminate()
        desk.wait(30)


def _until_it_answers(desk: subprocess.Popen[bytes]) -> None:
    for _turn in range(120):
        if desk.poll() is not None:
            raise SystemExit("The desk did not start: see its words above.")
        try:
            urllib.request.urlopen(f"{HOME}/healthz", timeout=2)  # noqa: S310 - our own address
        except urllib.error.HTTPError:
            return  # it answers, and says that no job cluster runs
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit("The desk did not answer within a minute.")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "/usr/bin/chromium")
