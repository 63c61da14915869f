"""The incremental store: only missing bars are asked for, and never a mixture of two splits."""

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.calendar import session, sessions_between
from core.errors import DataError, SchemaError
from core.tables import BARS
from core.types import Contract
from ibkr.market.bar_store import BarStore
from ibkr.market.history import History
from ibkr.market.incremental_history import OVERLAP, incremental_history

ONE, TWO = Contract(1, "ONE"), Contract(2, "TWO")
NOW = session(date(2026, 6, 15)).decision_time  # the newest whole bar is of 12 June
COLUMNS = [column.name for column in BARS.columns]


class Market:
    """Bars for every session, a day's close its ordinal; asked as the gateway is."""

    def __init__(self, *, begins=date(2020, 1, 2)):
        self.begins = {}
        self._begins = begins
        self.splits = {}  # conId -> (first session in new shares, ratio)
        self.dead = {}  # conId -> last session
        self.refused = set()
        self.doubled = set()  # (conId, session) of bars that the vendor has not corrected yet
        self.asked = []
        self.as_of = NOW

    def __call__(self, contracts, duration, progress):
        frames, missing = [], {}
        for done, contract in enumerate(contracts, start=1):
            self.asked.append((contract.con_id, duration))
            if contract.con_id in self.refused:
                missing[contract.con_id] = "refused"
            else:
                frames.append(self.frame(contract, duration))
            if progress:
                progress(done, len(contracts))
        whole = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=COLUMNS)
        return History(whole, missing)

    def frame(self, contract, duration):
        newest = self.newest
        days = sessions_between(self.begins.get(contract.con_id, self._begins), newest)
        days = [day for day in days if day <= self.dead.get(contract.con_id, newest)]
        count, unit = duration.split()
        if unit == "D":
            days = days[-int(count) :]
        else:
            since = newest - timedelta(days=round(int(count) * {"M": 30.4375, "Y": 365.25}[unit]))
            days = [day for day in days if day > since]
        return pd.DataFrame([self.bar(contract, day) for day in days], columns=COLUMNS)

    def bar(self, contract, day):
        first, ratio = self.splits.get(contract.con_id, (None, 1.0))
        adjusted = ratio if first and first <= self.newest and day < first else 1.0
        close = day.toordinal() / 1000 / adjusted
        close *= 2.0 if (contract.con_id, day) in self.doubled else 1.0
        return (contract.con_id, contract.symbol, day, close, close, close, close, 100.0)

    @property
    def newest(self):
        day = self.as_of.date()
        return max(s for s in sessions_between(day - timedelta(days=9), day)
                   if session(s).close <= self.as_of)  # fmt: skip


@pytest.fixture
def market():
    return Market()


def ask(store, market, contracts, duration="1 Y", *, as_of=None, progress=None):
    market.asked.clear()
    market.as_of = as_of or market.as_of
    return incremental_history(
        store, contracts, market, duration=duration, as_of=market.as_of, progress=progress
    )


def fresh(tmp_path, market, contracts, duration="1 Y"):
    """Return what a store that holds nothing gives."""
    return ask(BarStore(tmp_path / "empty"), market, contracts, duration).bars


def test_the_first_time_the_whole_duration_is_asked_for(tmp_path, market):
    found = ask(BarStore(tmp_path), market, [TWO, ONE, ONE])
    assert market.asked == [(1, "1 Y"), (2, "1 Y")]
    assert BARS.build(found.bars).num_rows == len(found.bars)
    assert found.bars["session"].max() == date(2026, 6, 12)
    assert found.missing == {}


def test_the_same_day_again_asks_for_nothing_and_gives_the_same_bytes(tmp_path, market):
    store = BarStore(tmp_path)
    first = ask(store, market, [ONE, TWO])
    again = ask(store, market, [ONE, TWO])
    assert market.asked == []
    assert BARS.build(again.bars).equals(BARS.build(first.bars))


def test_the_next_day_asks_for_the_new_bar_and_a_few_to_compare(tmp_path, market):
    store = BarStore(tmp_path)
    ask(store, market, [ONE, TWO])
    found = ask(store, market, [ONE, TWO], as_of=session(date(2026, 6, 16)).decision_time)
    assert market.asked == [(1, f"{1 + OVERLAP} D"), (2, f"{1 + OVERLAP} D")]
    assert found.bars["session"].max() == date(2026, 6, 15)
    assert found.bars.equals(fresh(tmp_path, market, [ONE, TWO]))


def test_after_a_split_the_whole_series_is_asked_for_again(tmp_path, market):
    store = BarStore(tmp_path)
    ask(store, market, [ONE, TWO])
    market.splits[1] = (date(2026, 6, 15), 4.0)
    found = ask(store, market, [ONE, TWO], as_of=session(date(2026, 6, 16)).decision_time)
    assert market.asked == [(1, "6 D"), (2, "6 D"), (1, "1 Y")]
    assert found.bars.equals(fresh(tmp_path, market, [ONE, TWO]))
    assert ask(store, market, [ONE, TWO]).bars.equals(found.bars)
    assert market.asked == []


def test_an_older_day_never_sees_prices_of_a_later_split(tmp_path, market):
    store = BarStore(tmp_path)
    market.splits[1] = (date(2026, 6, 15), 4.0)
    later = session(date(2026, 6, 16)).decision_time
    kept = ask(store, market, [ONE], as_of=later).bars
    found = ask(store, market, [ONE], as_of=NOW)
    assert market.asked == [(1, "1 Y")]
    assert found.bars.equals(fresh(tmp_path, market, [ONE]))
    assert ask(store, market, [ONE], as_of=later).bars.equals(kept)
    assert market.asked == []


def test_a_longer_duration_than_before_is_asked_for_whole(tmp_path, market):
    store = BarStore(tmp_path)
    ask(store, market, [ONE], "6 M")
    found = ask(store, market, [ONE], "2 Y")
    assert market.asked == [(1, "2 Y")]
    assert found.bars.equals(fresh(tmp_path, market, [ONE], "2 Y"))


def test_a_short_series_after_a_split_does_not_pass_for_the_long_one_before_it(tmp_path, market):
    store = BarStore(tmp_path)
    ask(store, market, [ONE], "2 Y")
    market.splits[1] = (date(2026, 6, 15), 4.0)
    ask(store, market, [ONE], "6 M", as_of=session(date(2026, 6, 16)).decision_time)
    assert market.asked == [(1, "6 D"), (1, "6 M")]
    assert ask(store, market, [ONE], "2 Y").bars.equals(fresh(tmp_path, market, [ONE], "2 Y"))


@pytest.mark.parametrize("duration", ["30 D", "3 M"])
def test_a_shorter_duration_is_cut_from_what_is_held(tmp_path, market, duration):
    store = BarStore(tmp_path)
    ask(store, market, [ONE], "1 Y")
    found = ask(store, market, [ONE], duration)
    assert market.asked == []
    assert found.bars.equals(fresh(tmp_path, market, [ONE], duration))


def test_a_young_company_is_not_asked_for_whole_every_day(tmp_path, market):
    store = BarStore(tmp_path)
    market.begins[1] = date(2026, 6, 10)
    ask(store, market, [ONE])
    found = ask(store, market, [ONE], as_of=session(date(2026, 6, 16)).decision_time)
    assert market.asked == [(1, "6 D")]
    assert list(found.bars["session"]) == sessions_between(date(2026, 6, 10), date(2026, 6, 15))


def test_a_company_that_trades_no_more_keeps_its_bars(tmp_path, market):
    store = BarStore(tmp_path)
    market.dead[1] = date(2026, 6, 10)
    ask(store, market, [ONE])
    found = ask(store, market, [ONE], as_of=session(date(2026, 6, 16)).decision_time)
    assert found.bars["session"].max() == date(2026, 6, 10)
    assert found.bars.equals(fresh(tmp_path, market, [ONE]))


def test_a_refused_contract_is_missing_whole_and_its_bars_stay(tmp_path, market):
    store = BarStore(tmp_path)
    ask(store, market, [ONE, TWO])
    market.refused.add(1)
    tomorrow = session(date(2026, 6, 16)).decision_time
    found = ask(store, market, [ONE, TWO], as_of=tomorrow)
    assert set(found.bars["con_id"]) == {2}
    assert found.missing == {1: "refused"}
    market.refused.clear()
    assert ask(store, market, [ONE, TWO]).bars.equals(fresh(tmp_path, market, [ONE, TWO]))


def test_a_bar_of_a_running_session_is_neither_returned_nor_kept(tmp_path, market):
    running = session(date(2026, 6, 15)).open + timedelta(hours=2)
    whole = market.frame

    def with_partial(contract, duration):
        partial = pd.DataFrame([market.bar(contract, date(2026, 6, 15))], columns=COLUMNS)
        return pd.concat([whole(contract, duration), partial], ignore_index=True)

    market.frame = with_partial
    store = BarStore(tmp_path)
    assert ask(store, market, [ONE], as_of=running).bars["session"].max() == date(2026, 6, 12)
    assert store.read().spans[1].until == date(2026, 6, 12)


def test_progress_counts_every_contract_once(tmp_path, market):
    store = BarStore(tmp_path)
    ask(store, market, [ONE])
    seen = []
    ask(store, market, [ONE, TWO], progress=lambda *step: seen.append(step))
    assert seen == [(2, 2)]


def test_no_contract_at_all_has_the_columns_of_the_table(tmp_path, market):
    assert list(ask(BarStore(tmp_path), market, []).bars.columns) == COLUMNS


# The store itself


def test_an_interrupted_write_is_not_read_as_the_truth(tmp_path, market):
    store = BarStore(tmp_path)
    ask(store, market, [ONE])
    old = (tmp_path / "daily-coverage.parquet").read_bytes()
    ask(store, market, [ONE], as_of=session(date(2026, 6, 16)).decision_time)
    (tmp_path / "daily-coverage.parquet").write_bytes(old)
    assert store.read().spans == {}
    assert ask(store, market, [ONE]).bars.equals(fresh(tmp_path, market, [ONE]))


@pytest.mark.parametrize("content", [b"", b"no parquet at all"])
def test_a_file_that_is_none_is_an_error_with_the_remedy(tmp_path, market, content):
    store = BarStore(tmp_path)
    ask(store, market, [ONE])
    (tmp_path / "daily.parquet").write_bytes(content)
    with pytest.raises(DataError, match="delete it to start afresh"):
        store.read()


def test_a_file_with_other_columns_is_an_error(tmp_path, market):
    store = BarStore(tmp_path)
    ask(store, market, [ONE])
    pd.DataFrame({"con_id": [1]}).to_parquet(tmp_path / "daily.parquet")
    with pytest.raises(SchemaError, match="columns are"):
        store.read()


@settings(max_examples=12)
@given(
    gaps=st.lists(st.integers(0, 8), min_size=1, max_size=5),
    split=st.one_of(st.none(), st.integers(0, 25)),
)
def test_whatever_the_days_it_was_asked_on_the_answer_is_that_of_a_fresh_question(
    tmp_path_factory, gaps, split
):
    folder, market = tmp_path_factory.mktemp("bars"), Market(begins=date(2026, 1, 2))
    days = sessions_between(date(2026, 6, 15), date(2026, 8, 31))
    if split is not None:
        market.splits[1] = (days[split], 2.0)
    store, place = BarStore(folder), 0
    for gap in gaps:
        place += gap
        as_of = session(days[place]).decision_time
        found = ask(store, market, [ONE, TWO], "3 M", as_of=as_of)
        assert found.bars.equals(fresh(folder, market, [ONE, TWO], "3 M"))
        (folder / "empty" / "daily.parquet").unlink()


@pytest.mark.parametrize("late", [6, 120])
def test_a_bar_that_the_vendor_corrects_late_is_held_for_a_week_at_most(tmp_path, market, late):
    store, names = BarStore(tmp_path), [Contract(con_id, f"N{con_id}") for con_id in range(1, 6)]
    old = sessions_between(date(2026, 6, 12) - timedelta(days=250), date(2026, 6, 12))[-late]
    market.doubled = {(contract.con_id, old) for contract in names}
    ask(store, market, names)
    market.doubled = set()
    # Sessions of Monday to Friday, Juneteenth left out: the last Friday bar comes on the 29th.
    for day in sessions_between(date(2026, 6, 16), date(2026, 6, 29)):
        found = ask(store, market, names, as_of=session(day).decision_time)
        whole = [con_id for con_id, duration in market.asked if duration == "1 Y"]
        assert len(whole) == 1
    assert found.bars.equals(fresh(tmp_path, market, names))
