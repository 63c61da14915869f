from urllib.parse import quote

import pytest

from core.settings import Settings
from core.settings.secret_values import secrets_of
from core.text.masking import MASK, Masker

LONG = "canary-key/5f1d2c"
HOOK = "https://hooks.slack.example/services/T000/B000/s3cr3t"


@pytest.mark.parametrize("spelling", [LONG, quote(LONG, safe=""), LONG + "x", "x" + LONG])
def test_a_distinctive_secret_is_masked_wherever_it_stands(spelling):
    masker = Masker([LONG])
    assert "5f1d2c" not in masker.text(f"a {spelling} b")
    assert b"5f1d2c" not in masker.content(f"a {spelling} b".encode())


def test_a_short_secret_is_masked_as_a_whole_and_tears_up_no_longer_word():
    masker = Masker(["quantity"])
    assert masker.text('"quantity": 1, quantity!') == f'"{MASK}": 1, {MASK}!'
    assert masker.text("quantity1 unquantity Quantity") == "quantity1 unquantity Quantity"


def test_what_is_too_short_to_be_told_apart_is_not_masked():
    assert Masker(["x", "", "demo"]).text("x demo excess") == "x demo excess"
    assert not Masker(["x"])


def test_the_path_of_a_webhook_is_as_secret_as_its_address():
    said = Masker([HOOK]).text(f"{HOOK} /services/T000/B000/s3cr3t was not found")
    assert said == f"{MASK} /{MASK} was not found"


def test_of_two_secrets_the_longer_one_is_masked_first():
    assert Masker(["abcdefgh", "abcdefgh-ijklmnop"]).text("abcdefgh-ijklmnop") == MASK


def test_the_secrets_of_settings_are_found_however_deep():
    settings = Settings(agent={"token": "t" * 40}, vendors={"slack_webhook": HOOK})
    assert secrets_of(settings) == (HOOK, "t" * 40)
