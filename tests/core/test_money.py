"""Amounts and prices of two currencies do not mix, and a rate that is missing is named."""

import math
import operator
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from core.errors import DataError
from core.money import Money, Price, Rates
from core.types import BrokerWhatIf, WhatIf

ROOT = Path(__file__).parents[2]
EUROS, DOLLARS = Money(100.0, "EUR"), Money(100.0, "USD")
PENCE, POUNDS, YEN = Price(80.0, "GBP", 100), Price(0.8, "GBP"), Price(3_000.0, "JPY")
COMPARED = [operator.lt, operator.gt]


@pytest.mark.parametrize(
    "joined", [operator.add, operator.sub, operator.truediv, operator.le, operator.ge, *COMPARED]
)
def test_two_currencies_are_not_joined_without_a_rate(joined):
    with pytest.raises(DataError, match=r"100\.00 EUR and 100\.00 USD are in two currencies"):
        joined(EUROS, DOLLARS)


@pytest.mark.parametrize("joined", [operator.truediv, *COMPARED])
@pytest.mark.parametrize("other", [YEN, POUNDS])
def test_prices_of_two_currencies_or_units_are_not_compared(joined, other):
    with pytest.raises(DataError, match="are in"):
        joined(PENCE, other)


@pytest.mark.parametrize("joined", [operator.add, operator.sub, operator.truediv, *COMPARED])
@pytest.mark.parametrize("other", [Price(1.0, "EUR"), 1.0, 1, None])
def test_an_amount_joins_nothing_but_an_amount(joined, other):
    with pytest.raises(DataError, match="are not of one kind"):
        joined(EUROS, other)


@pytest.mark.parametrize("quantity", [EUROS, PENCE])
@pytest.mark.parametrize("factor", [EUROS, YEN])
def test_nothing_is_multiplied_by_an_amount_or_a_price(quantity, factor):
    with pytest.raises(DataError, match="is an amount or a price"):
        quantity * factor


def test_within_one_currency_money_is_counted():
    assert Money(200.0, "EUR") == EUROS + EUROS
    assert -Money(-50.0, "EUR") == EUROS - EUROS * 0.5
    assert EUROS / (EUROS * 4.0) == 0.25
    assert math.isnan(EUROS / Money(0.0, "EUR"))
    assert EUROS * 0.5 < EUROS <= EUROS * 1.0
    assert EUROS != DOLLARS
    assert PENCE.at(88.0) / PENCE == pytest.approx(1.1)


def test_the_unit_of_a_quotation_is_part_of_the_price():
    assert Price.quoted(80.0, "GBX") == Price.quoted(80.0, "GBp") == PENCE
    assert Price.quoted(80.0, "GBP") == Price(80.0, "GBP")
    assert Money(800.0, "GBP") == PENCE * 1_000


@pytest.mark.parametrize(
    ("base", "rates", "worth"),
    [
        ("USD", {"GBP": 1.25, "JPY": 0.0064}, {"USD": 1.0, "GBP": 1.0, "JPY": 19.2}),
        ("GBP", {"USD": 0.8, "JPY": 0.005}, {"USD": 0.8, "GBP": 0.8, "JPY": 15.0}),
        ("JPY", {"USD": 160.0, "GBP": 200.0}, {"USD": 160.0, "GBP": 160.0, "JPY": 3_000.0}),
        (
            "HUF",
            {"USD": 350.0, "GBP": 440.0, "JPY": 2.2},
            {"USD": 350.0, "GBP": 352.0, "JPY": 6_600.0},
        ),
    ],
)  # fmt: skip
def test_a_share_of_any_market_has_a_worth_in_any_base_currency(base, rates, worth):
    prices = {"USD": Price(1.0, "USD"), "GBP": PENCE, "JPY": YEN}
    known = Rates(base, rates)
    found = {name: known.per_share(price) for name, price in prices.items()}
    assert found == pytest.approx(worth)
    assert known.in_base(YEN * 10).amount == pytest.approx(10 * worth["JPY"])


@pytest.mark.parametrize("rate", [math.nan, 0.0, -1.0, math.inf])
def test_a_rate_that_is_no_positive_number_is_refused_by_name(rate):
    with pytest.raises(DataError, match=f"the rate of GBP in EUR is {rate:g}"):
        Rates("EUR", {"GBP": rate}).of("GBP")


def test_a_currency_without_a_rate_is_refused_by_name():
    with pytest.raises(DataError, match="the rate of RON in EUR is not known"):
        Rates("EUR", {"USD": 0.9}).in_base(Money(5.0, "RON"))
    assert Rates("EUR").of("EUR") == 1.0


@pytest.mark.world
@pytest.mark.slow
def test_the_type_checker_refuses_what_mixes_a_price_an_amount_and_a_number(tmp_path):
    mixed = tmp_path / "mixed.py"
    mixed.write_text(
        textwrap.dedent("""
            from core.money import Money, Price, Rates
            money, price, rates = Money(1.0, "EUR"), Price(1.0, "USD"), Rates("EUR")
            money + price  # error
            money + 1.0  # error
            price < 1.0  # error
            rates.per_share(money)  # error
            rates.in_base(price)  # error
            money + rates.in_base(price * 2.0)
        """)
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", tmp_path / "cache", "--strict", mixed],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = mixed.read_text().splitlines()
    expected = [number for number, line in enumerate(lines, 1) if line.endswith("# error")]
    found = [int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line]
    assert found == expected, done.stdout


def test_a_what_if_commission_in_another_currency_is_told_in_the_base_one():
    answer = BrokerWhatIf(
        "ref", accepted=True, reason="", commission=2.0, commission_currency="USD"
    )
    yen = answer.in_base(Rates("JPY", {"USD": 155.0}))
    assert (type(yen), yen.commission) == (WhatIf, 310.0)
    assert answer.in_base(Rates("JPY")).commission is None  # not known, never 2 yen
    own = BrokerWhatIf("ref", accepted=True, reason="", commission=2.0)
    assert own.in_base(Rates("JPY")).commission == 2.0
