"""docs/spreadsheets.md says of each sheet what it can carry and what can be corrected in it; this holds it against the sheets themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from orders import resources

TOLD = (Path(__file__).parent.parent / "docs" / "spreadsheets.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("sheet", resources.SHEETS, ids=lambda sheet: sheet.noun)
def test_every_sheet_has_its_section_and_only_those_say_that_something_can_be_corrected_that_let_it(
    sheet: type[resources.Sheet],
) -> None:
    section = TOLD.partition(f"\n### {sheet.noun}\n")[2].partition("\n### ")[0]
    assert all(part in section for part in ("**Can be corrected:**", "**New:**"))
    correctable = any(column.target for column in resources.sheet(sheet.noun).columns)
    assert ("**Can be corrected:** nothing" in section) != correctable
