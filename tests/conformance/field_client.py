"""A TWS client that knows nothing of meanings: it asks everything and counts the fields.

It writes the frames of one protocol version itself, so that a server and a client library which
agree on something wrong are both found out.
"""

import asyncio
from collections import defaultdict

C12 = ("conId", "symbol", "secType", "expiry", "strike", "right", "multiplier", "exchange",
       "primaryExchange", "currency", "localSymbol", "tradingClass")  # fmt: skip

# placeOrder behind the contract, in wire order: the value of a plain limit order, and since or
# until which version a field is there. Source: the official Python clients 9.81 and 10.46.
PLACE_ORDER = """
    secIdType secId action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account
    openClose=O origin=0 orderRef transmit=1 parentId=0 blockOrder=0 sweepToFill=0 displaySize=0
    triggerMethod=0 outsideRth=0 hidden=0 sharesAllocation discretionaryAmt=0 goodAfterTime
    goodTillDate faGroup faMethod faPercentage faProfile<177 modelCode shortSaleSlot=0
    designatedLocation exemptCode=-1 ocaType=0 rule80A settlingFirm allOrNone=0 minQty
    percentOffset eTradeOnly=0 firmQuoteOnly=0 nbboPriceCap auctionStrategy=0 startingPrice
    stockRefPrice delta stockRangeLower stockRangeUpper overridePercentageConstraints=0 volatility
    volatilityType deltaNeutralOrderType deltaNeutralAuxPrice continuousUpdate=0
    referencePriceType trailStopPrice trailingPercent scaleInitLevelSize scaleSubsLevelSize
    scalePriceIncrement scaleTable activeStartTime activeStopTime hedgeType optOutSmartRouting=0
    clearingAccount clearingIntent notHeld=0 deltaNeutralContract=0 algoStrategy algoId whatIf=0
    orderMiscOptions solicited=0 randomizeSize=0 randomizePrice=0 conditions=0 adjustedOrderType
    triggerPrice=1.7976931348623157e+308 lmtPriceOffset=1.7976931348623157e+308
    adjustedStopPrice=1.7976931348623157e+308 adjustedStopLimitPrice=1.7976931348623157e+308
    adjustedTrailingAmount=1.7976931348623157e+308 adjustableTrailingUnit=0 extOperator
    softDollarTierName softDollarTierValue cashQty=1.7976931348623157e+308 mifid2DecisionMaker
    mifid2DecisionAlgo mifid2ExecutionTrader mifid2ExecutionAlgo dontUseAutoPriceForHedge=0
    isOmsContainer=0 discretionaryUpToLimitPrice=0 usePriceMgmtAlgo duration>158=2147483647
    postToAts>160=2147483647 autoCancelParent>162=0 advancedErrorOverride>166
    manualOrderTime>169
""".split()  # noqa: SIM905 - a list of so many strings cannot be read


class FieldClient:
    """One connection at one version. ``frames`` has everything that came, by message number."""

    def __init__(self, wire, version):
        self.version = version
        self.frames = defaultdict(list)
        self.next_id = 1
        self._wire = wire
        self._reading = None

    @classmethod
    async def open(cls, harness, version, client_id=31):
        wire = await harness.raw(f"v{version}..{version}".encode())
        greeting = await wire.receive()
        assert greeting[0] == str(version)
        assert len(greeting) == 2
        client = cls(wire, version)
        client._reading = asyncio.create_task(client._read())
        client.send(71, 2, client_id, "")
        await client.until(9)
        client.next_id = int(client.frames[9][-1][2])
        return client

    async def close(self):
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self):
        while True:
            try:
                fields = await self._wire.receive()
            except TimeoutError:
                continue
            except asyncio.IncompleteReadError:
                return
            self.frames[int(fields[0])].append(fields)

    def send(self, *fields):
        self._wire.send(*fields)

    async def until(self, number, count=1):
        """Wait until this many frames of a number have come since the beginning."""
        for _ in range(1500):
            if len(self.frames[number]) >= count:
                return
            await asyncio.sleep(0.002)
        errors = [fields[2:5] for fields in self.frames[4][-3:]]
        raise AssertionError(f"no frame {number} came; the last errors were {errors}")

    async def ask(self, answer, *fields):
        """Send a request and wait for one more frame of the number that ends its answer."""
        wanted = len(self.frames[answer]) + 1
        self.send(*fields)
        await self.until(answer, wanted)
        return self.frames[answer][-1]

    def contract(self, **known):
        plain = dict.fromkeys(C12, "") | {"strike": 0.0, "exchange": "SMART"} | known
        return [plain[name] for name in C12]

    def contract_details(self, request_id, **contract):
        issuer = [""] if self.version >= 176 else []
        return [9, 8, request_id, *self.contract(**contract), 0, "", "", *issuer]

    def cancel(self, order_id):
        manual_time = [""] if self.version >= 169 else []
        return [4, 1, order_id, *manual_time]

    def place_order(self, contract, **order):
        """Return a placeOrder request under the next order id, and that id."""
        order_id, self.next_id = self.next_id, self.next_id + 1
        return order_id, [3, order_id, *self.contract(**contract), *self._order(order)]

    def _order(self, order):
        for entry in PLACE_ORDER:
            name, _, value = entry.partition("=")
            name, _, since = name.partition(">")
            name, _, until = name.partition("<")
            if self.version >= int(since or 0) and self.version < int(until or 9999):
                yield order.get(name, value)
