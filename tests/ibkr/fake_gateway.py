"""A gateway of a few lines: it greets, answers what it was told to answer, and nothing else."""

import asyncio
import struct
import threading

UNSET = "1.7976931348623157E308"
START, PLACE, CANCEL, TIME, POSITIONS, ACCOUNT = "71", "3", "4", "49", "61", "6"
DETAILS, QUOTE, BARS, SCAN = "9", "1", "20", "22"
OPEN, COMPLETED, EXECUTIONS = "16", "99", "7"
STOCK = (265598, "AAPL", "STK", "", 0, "", "", "SMART", "USD", "AAPL", "NMS")

OPEN_ORDER_FIELDS = """
    id order_id con_id symbol sec_type expiry strike right multiplier exchange currency local
    class action quantity type limit aux tif oca account open_close origin order_ref client_id
    perm_id outside hidden discretionary good_after shares fa_group fa_method fa_percentage
    model good_till rule80 percent_offset settling short_slot designated exempt auction starting
    stock_ref delta lower upper display block sweep all_or_none min_qty oca_type e_trade firm
    nbbo parent trigger volatility volatility_type dn_type dn_aux continuous reference
    trail_stop trail_percent basis basis_type combo legs order_legs routing scale_init
    scale_subs scale_price hedge opt_out clearing_account clearing_intent not_held dnc algo
    solicited what_if status init_before maint_before equity_before init_change maint_change
    equity_change init_after maint_after equity_after commission min_commission max_commission
    commission_currency warning random_size random_price conditions adjusted trigger_price
    trail_stop2 lmt_offset adjusted_stop adjusted_stop_limit adjusted_trailing trailing_unit
    tier_name tier_value tier_display cash_qty no_auto_price oms discretionary_up price_mgmt
    duration post_to_ats auto_cancel min_trade min_compete compete_offset mid_whole mid_half
""".split()  # noqa: SIM905 - a list of so many strings cannot be read
COMPLETED_ORDER_FIELDS = """
    id con_id symbol sec_type expiry strike right multiplier exchange currency local class
    action quantity type limit aux tif oca account open_close origin order_ref perm_id outside
    hidden discretionary good_after fa_group fa_method fa_percentage model good_till rule80
    percent_offset settling short_slot designated exempt starting stock_ref delta lower upper
    display sweep all_or_none min_qty oca_type trigger volatility volatility_type dn_type dn_aux
    continuous reference trail_stop trail_percent combo legs order_legs routing scale_init
    scale_subs scale_price hedge clearing_account clearing_intent not_held dnc algo solicited
    status random_size random_price conditions trail_stop2 lmt_offset cash_qty no_auto_price oms
    auto_cancel_date filled_quantity ref_futures auto_cancel shareholder imbalance route
    parent_perm completed_time completed_status min_trade min_compete compete_offset mid_whole
    mid_half
""".split()  # noqa: SIM905 - a list of so many strings cannot be read
ZEROS = ("legs", "order_legs", "routing", "dnc", "conditions")
STOCK_FIELDS = dict(
    zip(OPEN_ORDER_FIELDS[2:13], STOCK, strict=True), action="BUY", quantity=10, type="LMT"
)


def open_order(order_id, order_ref, *, perm_id=7, status="Submitted", client_id=12, **changes):
    """One openOrder message."""
    fields = dict.fromkeys(OPEN_ORDER_FIELDS, "") | dict.fromkeys(ZEROS, 0) | STOCK_FIELDS
    fields |= {"id": 5, "order_id": order_id, "order_ref": order_ref, "client_id": client_id}
    fields |= {"perm_id": perm_id, "status": status, "account": "DU1", **changes}
    return list(fields.values())


def completed_order(order_ref, *, perm_id=7, status="Filled", **changes):
    """One completedOrder message. It has no order id and no client id."""
    fields = dict.fromkeys(COMPLETED_ORDER_FIELDS, "") | dict.fromkeys(ZEROS, 0) | STOCK_FIELDS
    fields |= {"id": 101, "order_ref": order_ref, "perm_id": perm_id, "status": status}
    fields |= {"account": "DU1", "filled_quantity": 10, **changes}
    return list(fields.values())


def order_status(order_id, status, *, filled=0, perm_id=7, client_id=12):
    """One orderStatus message."""
    return [3, order_id, status, filled, 10 - filled, 0, perm_id, 0, 0, client_id, "", 0]


def execution(request, order_id, execution_id, order_ref, *, shares=10, perm_id=7, account="DU1"):
    """One execDetails message."""
    return [
        11, request, order_id, *STOCK, execution_id, "20260615 09:30:01 US/Eastern", account,
        "NASDAQ", "BOT", shares, 99.5, perm_id, 12, 0, shares, 99.5, order_ref, "", "", "", 1, 0,
    ]  # fmt: skip


def commission(execution_id, amount=1.25):
    """One commissionReport message."""
    return [59, 1, execution_id, amount, "USD", UNSET, UNSET, ""]


def error(request, code, text):
    """One error message."""
    return [4, 2, request, code, text, ""]


def contract_details(request, *, con_id=265598, symbol="AAPL", currency="USD", tick=0.01):
    """One contractDetails message."""
    return [
        10, request, symbol, "STK", "", 0, "", "SMART", currency, symbol, "NMS", "NMS", con_id,
        tick, "", "LMT", "SMART", 1, 0, f"{symbol} Inc", "NASDAQ", "", "", "", "", "US/Eastern",
        "", "", "", 0, 0, 1, "", "", "26", "", "COMMON", 1, 1, 100,
    ]  # fmt: skip


class Gateway:
    """Serves the frames of ``answers``: message id -> function(gateway, fields)."""

    def __init__(self, answers, *, accounts="DU1", first_order_id=1, greeting=None):
        self.received = []
        self._writers = []
        self._answers = {
            START: lambda g, _f: g.say([15, 1, accounts], [9, 1, first_order_id]),
            TIME: lambda g, _f: g.say([49, 1, 1781521200]),
            **answers,
        }
        self._greeting = greeting
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._ready.wait(5)

    def say(self, *messages):
        """Send messages to the client that connected last."""
        self.write(b"".join(map(self._frame, messages)))

    def write(self, data):
        self._writers[-1].write(data)

    def drop(self):
        """Break the connection."""
        self._writers[-1].transport.abort()

    def asked(self, message):
        """Return the requests of one kind that came so far."""
        return [fields for fields in self.received if fields[0] == message]

    def stop(self):
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(5)

    @staticmethod
    def _frame(fields):
        body = "".join(f"{field}\0" for field in fields).encode()
        return struct.pack(">I", len(body)) + body

    def _serve(self):
        self._loop.run_until_complete(self._main())
        self._loop.close()

    async def _main(self):
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)

    async def _client(self, reader, writer):
        self._writers.append(writer)
        try:
            if await reader.readexactly(4) != b"API\0":
                writer.transport.abort()  # TWS hangs up on whoever speaks something else
                return
            await self._read(reader)
            if self._greeting is None:
                self.say([178, "20260615 14:00:00 EET"])
            else:
                self.write(self._greeting)
            while True:
                fields = await self._read(reader)
                self.received.append(fields)
                if answer := self._answers.get(fields[0]):
                    answer(self, fields)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    @staticmethod
    async def _read(reader):
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        return (await reader.readexactly(length)).decode().split("\0")[:-1]
