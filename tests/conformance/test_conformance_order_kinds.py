"""Every kind of order: at 178 with the real ib_async, and at both versions field by field."""

import pytest
from ib_async import ExecutionCondition, LimitOrder, MarketOrder, Order, PriceCondition, TagValue

from tests.conformance.conformance_harness import conform, most_traded, price_of, qualified
from tests.conformance.field_client import FieldClient
from tests.simulator.gateway_harness import settle

LATER = "20260622 12:00:00 US/Eastern"


def waits_for(con_id):
    return [
        PriceCondition(price=1e6, conId=con_id, exch="SMART").Or(),
        ExecutionCondition(secType="STK", exch="SMART", symbol="NOSUCH"),
    ]


def kinds(con_id, low):
    """Return orders that rest, by name: far below the market, or waiting."""
    limit = {"lmtPrice": low}
    return {
        "OPG": {"orderType": "MKT", "tif": "OPG"},
        "MIT": {"orderType": "MIT", "auxPrice": low},
        "LIT": {"orderType": "LIT", "auxPrice": low, **limit},
        "MIDPRICE": {"orderType": "MIDPRICE", **limit},
        "REL": {"orderType": "REL", "auxPrice": 0.01, **limit},
        "PEG MKT": {"orderType": "PEG MKT", "auxPrice": 0.01, **limit},
        "PEG MID": {"orderType": "PEG MID", "auxPrice": 0.01, **limit},
        "TRAIL LIMIT": {
            "orderType": "TRAIL LIMIT", "action": "SELL", "auxPrice": low, "trailStopPrice": low,
            "lmtPriceOffset": 0.1,
        },
        "GTD": {**limit, "tif": "GTD", "goodTillDate": LATER},
        "GAT": {**limit, "goodAfterTime": LATER, "tif": "GTC"},
        "outside": {**limit, "outsideRth": True},
        "Adaptive": {
            **limit, "algoStrategy": "Adaptive",
            "algoParams": [TagValue("adaptivePriority", "Patient")],
        },
        "Vwap": {"orderType": "MKT", "algoStrategy": "Vwap", "algoParams": []},
        "conditions": {"orderType": "MKT", "conditions": waits_for(con_id)},
    }  # fmt: skip


def test_every_kind_of_order_is_previewed_taken_and_shown_as_it_was_sent(tmp_path):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        low = round(await price_of(ib, stock) * 0.5, 2)
        plain = {"action": "BUY", "totalQuantity": 10, "orderType": "LMT", "tif": "DAY"}
        wanted = kinds(stock.conId, low)
        for name, changes in wanted.items():
            previewed = await ib.whatIfOrderAsync(stock, Order(**plain | changes))
            assert float(previewed.initMarginAfter) > 0, name
            ib.placeOrder(stock, Order(**plain | changes, orderRef=name))
        await settle()
        assert set(harness.codes()) <= {399}
        other = await harness.connect(8)
        shown = {t.order.orderRef: t.order for t in await other.reqAllOpenOrdersAsync()}
        assert shown.keys() == wanted.keys()
        for name, changes in wanted.items():
            for field, value in (plain | changes).items():
                assert getattr(shown[name], field) == value, (name, field)

    conform(tmp_path, scenario)


@pytest.mark.parametrize("group", [1, 2, 3])
def test_a_group_takes_every_kind_of_order_and_one_fill_ends_it(tmp_path, group):
    async def scenario(harness):
        ib = await harness.connect()
        (stock,) = await qualified(harness, ib)
        low = round(await price_of(ib, stock) * 0.5, 2)
        resting = [
            LimitOrder("BUY", 10, low, tif="DAY", outsideRth=True),
            Order(action="BUY", totalQuantity=10, orderType="MIT", auxPrice=low, tif="DAY"),
            MarketOrder("BUY", 10, tif="DAY", conditions=waits_for(stock.conId)),
        ]
        orders = [*resting, MarketOrder("BUY", 10, tif="IOC")]
        for order in ib.oneCancelsAll(orders, "all kinds", group):
            ib.placeOrder(stock, order)
        await settle()
        assert [trade.orderStatus.status for trade in ib.trades()] == ["Cancelled"] * 3 + ["Filled"]

    conform(tmp_path, scenario)


@pytest.mark.parametrize(("version", "plain"), [(157, 128), (178, 135)])
def test_algorithm_and_conditions_have_their_fields_at_either_version(tmp_path, version, plain):
    async def scenario(harness):
        client = await FieldClient.open(harness, version)
        (stock,) = most_traded(harness.gateway)
        algorithm = ["Vwap", "2", "maxPctVol", "0.1", "noTakeLiq", "1"]
        conditions = [
            "6",
            "1", "a", "1", "1000000", str(stock.con_id), "SMART", "2",
            "3", "o", "1", LATER,
            "4", "a", "0", "3",
            "5", "a", "STK", "SMART", "NOSUCH",
            "6", "o", "1", "1000000000", str(stock.con_id), "SMART",
            "7", "a", "1", "500", str(stock.con_id), "SMART",
            "1", "0",
        ]  # fmt: skip
        _, order = client.place_order(
            {"conId": stock.con_id}, action="BUY", tif="DAY", totalQuantity=10, orderType="MKT",
            algoStrategy="\0".join(algorithm), conditions="\0".join(conditions),
        )  # fmt: skip
        client.send(*order)
        await client.ask(53, 16, 1)
        shown = client.frames[5][-1]
        assert len(shown) == plain + len(algorithm) - 1 + len(conditions) - 1
        text = "\0".join(shown)
        assert "\0".join(algorithm) in text
        assert "\0".join(conditions) in text
        assert client.frames[3][-1][10] == "trigger"
        await client.close()

    conform(tmp_path, scenario)
