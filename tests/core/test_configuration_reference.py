from collections import Counter
from pathlib import Path

from core.limits import LIMITS
from core.settings import setting_names
from core.settings.model import Settings
from core.settings.reference import reference

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"


def test_the_page_of_settings_is_what_the_settings_say():
    assert PAGE.read_text() == reference(), "run `make docs`"


def test_every_setting_is_on_the_page_with_a_meaning():
    rows, meanings = [], []
    for line in reference().splitlines():
        cells = line.strip("| ").split(" | ")
        if cells[0] == "setting":
            meaning = cells.index("meaning")
        elif line.startswith("| `"):
            rows.append(cells)
            meanings.append(cells[meaning].strip(" |"))
    names = Counter(row[0].strip("| `") for row in rows)
    assert names == Counter(name.rpartition(".")[2] for name in setting_names())
    assert [meaning for meaning in meanings if len(meaning) < 6] == []


def test_every_limit_of_the_settings_is_defined_in_the_table_of_limits():
    section = Settings.model_fields["limits"].annotation
    assert [term.name for term in LIMITS] == list(section.model_fields)
