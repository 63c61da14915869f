"""The order cut-off by two clocks: where they disagree nothing leaves, and no ticket expires."""

from datetime import timedelta

import pytest

from core import clock
from core.settings import Mode
from core.types import Side
from desk.errors import ClocksDisagree, TicketExpired
from desk.previews.order_preview import OrderRequest, preview_order
from desk.tickets import ticket_store
from desk.tickets.ticket_store import TicketState
from flows.commands.doctor import run_checks
from tests.desk.desk_harness import MONDAY, NOW, Faulty
from tests.faults.fault_harness import FaultHarness

CUT_OFF = MONDAY.finish_line
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


class TwoClocks(FaultHarness):
    """A harness in paper mode, whose time passes by itself: this computer's clock is told here."""

    def __init__(self, home, monkeypatch):
        super().__init__(home)
        self.settings = self.settings.model_copy(update={"mode": Mode.PAPER})
        self.host = NOW
        monkeypatch.setattr(clock, "now", lambda: self.host)


@pytest.fixture
def harness(tmp_path, monkeypatch):
    harness = TwoClocks(tmp_path, monkeypatch)
    yield harness
    harness.close()


@pytest.mark.parametrize(
    ("gateway", "host", "said"),
    [
        (CUT_OFF - 20 * MINUTE, CUT_OFF + 10 * MINUTE, "the gateway's is 1800 s behind"),
        (CUT_OFF + 10 * MINUTE, CUT_OFF - 20 * MINUTE, "the gateway's is 1800 s ahead"),
        (CUT_OFF - 20 * MINUTE, CUT_OFF - 21 * MINUTE, "the gateway's is 60 s ahead"),
        (CUT_OFF - 20 * MINUTE, CUT_OFF - 20 * MINUTE + 31 * SECOND, "is 31 s behind"),
    ],
    ids=["gateway slow", "host slow", "host slow by a minute", "just beyond the bound"],
)
def test_clocks_that_disagree_stop_sending_and_expire_nothing(harness, gateway, host, said):
    order = harness.an_order(0)
    sha256 = harness.approved(order)
    harness.advance_to(gateway)
    harness.host = host
    with pytest.raises(ClocksDisagree, match=said):
        harness.submit(sha256)
    assert harness.at_exchange() == []
    assert ticket_store.fetch(harness.store, sha256).state is TicketState.APPROVED
    with harness.gateway() as gate, pytest.raises(ClocksDisagree):
        preview_order(
            OrderRequest(order.symbol, Side.BUY, 5, order.limit_price),
            gateway=gate, store=harness.store, caller="ana", now=NOW, settings=harness.settings,
        )  # fmt: skip
    if gateway < CUT_OFF:
        harness.host = gateway + 29 * SECOND
        assert harness.submit(sha256).sent == 1


def test_the_later_of_two_clocks_that_agree_is_past_the_cut_off(harness):
    sha256 = harness.approved(harness.an_order(0))
    harness.advance_to(CUT_OFF - 10 * SECOND)
    harness.host = CUT_OFF + 10 * SECOND
    with pytest.raises(TicketExpired):
        harness.submit(sha256)
    assert harness.at_exchange() == []


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_jumps_between_check_and_send_lets_no_further_order_out(harness, jump):
    orders = [harness.an_order(n, weight=0.02) for n in range(3)]
    sha256, left = harness.approved(*orders), []
    with harness.gateway() as gateway:
        real = gateway.trading

        def place_orders(batch, *, timeout, leaving):
            def watched(order):
                if len(left) == 1:
                    harness.host += jump
                left.append(order)
                return leaving(order)

            return real.place_orders(batch, timeout=timeout, leaving=watched)

        trading = Faulty(real, place_orders=place_orders)
        outcome = harness.submit(sha256, Faulty(gateway, trading=trading))
    assert harness.at_exchange() == [orders[0].order_ref]
    assert "more than gateway.clock_tolerance allows (30 s)" in outcome.held_back
    harness.host = NOW
    assert harness.submit(sha256).sent == 2


@pytest.mark.parametrize(("seconds", "failed"), [(20, False), (1800, True)])
def test_the_doctor_holds_the_gateways_clock_against_this_computers(harness, seconds, failed):
    harness.host = NOW + seconds * SECOND
    found = {finding.what: finding for finding in run_checks(harness.settings)}
    assert found["clocks"].failed is failed
    assert f"the gateway's is {seconds} s behind" in found["clocks"].found
