"""A real spreadsheet program: opens files as people do and saves them again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

SECONDS = 120
_OUT = "44,34,76,1,,0,false,true,false"  # comma, quote, UTF-8, from the first line on, cells as shown


class LibreOffice:
    """One profile of its own, so that it shares nothing with another that runs."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.runs = 0

    def xlsx(self, *files: Path) -> list[Path]:
        """Each file opened and saved as a workbook."""
        return self._saved(files, "xlsx:Calc MS Excel 2007 XML")

    def csv_as_text(self, file: Path, columns: int) -> Path:
        """A CSV opened with every column as text (2), as in the window Text Import, and saved as CSV."""
        formats = "/".join(f"{n}/2" for n in range(1, columns + 1))
        return self._saved([file], f"csv:Text - txt - csv (StarCalc):{_OUT}", f"44,34,76,1,{formats},0,false,false")[0]

    def csv_by_default(self, file: Path) -> Path:
        """A CSV opened as a double click opens it, special numbers detected, and saved as CSV."""
        return self._saved([file], f"csv:Text - txt - csv (StarCalc):{_OUT}", "44,34,76,1,,0,false,true")[0]

    def _saved(self, files: Sequence[Path], into: str, read: str = "") -> list[Path]:
        self.runs += 1
        out = self.folder / f"out{self.runs}"
        reading = [f"--infilter=Text - txt - csv (StarCalc):{read}"] if read else []
        command = [
            self.program,
            f"-env:UserInstallation=file://{self.folder}/profile",
            "--headless",
            *reading,
            "--convert-to",
            into,
        ]
        done = subprocess.run(
            [*command, "--outdir", str(out), *map(str, files)],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
        saved = [out / file.with_suffix("." + into.partition(":")[0]).name for file in files]
        missing = [file.name for file in saved if not file.exists()]
        assert not missing, f"LibreOffice did not save {missing}: {done.stdout} {done.stderr}"
        return saved


@pytest.fixture
def libreoffice(tmp_path: Path) -> LibreOffice:
    """The program; without one the test is skipped with the reason."""
    program = os.environ.get("SOFFICE") or shutil.which("soffice")
    if not program:
        pytest.skip("no LibreOffice on this machine: install libreoffice-calc, or name its soffice in SOFFICE")
    return LibreOffice(program, tmp_path)
