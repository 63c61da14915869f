import threading
import time

import pytest
import sqlalchemy as sa

from core.errors import StorageError
from desk.errors import DeskBusy
from desk.records.schema import KILL_SWITCH
from desk.records.store import DeskStore

ROW = {"state": "halted", "by": "ana", "reason": "", "at": "2026-06-15T11:00:00+00:00"}


@pytest.fixture
def two(tmp_path):
    stores = [DeskStore(tmp_path / "desk.sqlite") for _ in range(2)]
    yield stores
    for store in stores:
        store.close()


def rows(store):
    with store.transaction() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(KILL_SWITCH))


@pytest.mark.durable
def test_a_real_run_has_every_transaction_on_the_disk_before_it_ends(two):
    with two[0].transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_a_block_that_fails_leaves_nothing_behind(two):
    one, other = two

    def fails_half_way():
        with one.transaction() as connection:
            connection.execute(sa.insert(KILL_SWITCH).values(**ROW))
            raise KeyError

    with pytest.raises(KeyError):
        fails_half_way()
    assert rows(other) == 0


def test_two_processes_never_decide_on_the_same_old_state(two):
    """Each counts what is there and adds as many again plus one: in turn 1, 3, 7 and 15 rows."""

    def double(store):
        for _ in range(2):
            with store.transaction() as connection:
                count = connection.scalar(sa.select(sa.func.count()).select_from(KILL_SWITCH))
                time.sleep(0.02)
                connection.execute(sa.insert(KILL_SWITCH), [ROW] * (count + 1))

    threads = [threading.Thread(target=double, args=[store]) for store in two]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(two[0]) == 15


def test_the_account_is_held_by_one_at_a_time_and_others_by_whom_they_like(two):
    one, other = two
    with one.alone("DU1"):
        with pytest.raises(DeskBusy, match="sending for DU1"), other.alone("DU1"):
            pytest.fail("held twice")
        with other.alone("DU2"):
            pass
    with other.alone("DU1"):
        pass


def test_whoever_is_patient_gets_the_account_when_it_is_free(two):
    one, other = two
    held, free = threading.Event(), []

    def hold():
        with one.alone("DU1"):
            held.set()
            time.sleep(0.3)
            free.append(True)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with pytest.raises(DeskBusy), other.alone("DU1", patience=0.05):
        pytest.fail("held twice")
    with other.alone("DU1", patience=10.0):
        assert free
    thread.join()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot make"):
        DeskStore(tmp_path / "file" / "desk" / "desk.sqlite")
