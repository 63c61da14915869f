"""What the small gateway of these tests says of contracts, options, scans and news."""

from core.types import Contract

AAPL, IBM = Contract(265598, "AAPL"), Contract(8314, "IBM")
SMART_COMPONENTS, DEPTH, OPTIONS, RULE, SYMBOLS = "83", "10", "78", "91", "81"
PARAMETERS, HEAD, PROVIDERS, NEWS, ARTICLE = "24", "87", "85", "86", "84"
HOURS = "20260615:0930-20260615:1600;20260616:0930-20260616:1600;20260619:CLOSED"
EXTENDED = "20260615:0400-20260615:2000;20260616:0400-20260616:2000;20260619:CLOSED"

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<ScanParameterResponse>
 <InstrumentList varName="instrumentList">
  <Instrument><name>US Stocks</name><type>STK</type></Instrument>
  <Instrument><name>US Futures</name><type>FUT.US</type></Instrument>
 </InstrumentList>
 <LocationTree varName="locationTree">
  <Location><displayName>US Stocks</displayName><locationCode>STK.US</locationCode>
   <instruments>STK</instruments>
   <LocationTree><Location><displayName>Listed/NASDAQ</displayName>
    <locationCode>STK.US.MAJOR</locationCode><instruments>STK</instruments></Location>
   </LocationTree></Location>
 </LocationTree>
 <ScanTypeList varName="scanTypeList">
  <ScanType><displayName>Top % Gainers</displayName><scanCode>TOP_PERC_GAIN</scanCode>
   <instruments>STK,FUT.US</instruments></ScanType>
  <ScanType><displayName>Most Active</displayName><scanCode>MOST_ACTIVE</scanCode>
   <instruments>STK</instruments></ScanType>
 </ScanTypeList>
 <FilterList varName="filterList">
  <RangeFilter><id>PRICE</id><category>Price</category>
   <AbstractField type="scanner.filter.DoubleField" varName="min">
    <code>priceAbove</code><displayName>Price above</displayName></AbstractField>
   <AbstractField type="scanner.filter.DoubleField" varName="max">
    <code>priceBelow</code><displayName>Price below</displayName></AbstractField>
  </RangeFilter>
  <SimpleFilter><id>HALTED</id>
   <AbstractField><code>haltedIs</code><displayName>Halted</displayName></AbstractField>
  </SimpleFilter>
 </FilterList>
</ScanParameterResponse>"""


def details(request, *, con_id=265598, symbol="AAPL", sec_type="STK", **changes):
    """One contractDetails message."""
    plain = {
        "last_trade": "", "strike": 0, "right": "", "exchange": "SMART", "currency": "USD",
        "local": symbol, "class": symbol, "tick": 0.01, "multiplier": "", "under": 0,
        "name": f"{symbol} Inc", "primary": "NASDAQ", "zone": "US/Eastern",
        "trading": EXTENDED, "liquid": HOURS, "valid": "SMART,NASDAQ,NYSE", "real": "",
        "rules": "26,26,26",
    }  # fmt: skip
    f = plain | changes
    return [
        10, request, symbol, sec_type, f["last_trade"], f["strike"], f["right"], f["exchange"],
        f["currency"], f["local"], f["class"], f["class"], con_id, f["tick"], f["multiplier"],
        "LMT,MKT", f["valid"], 1, f["under"], f["name"], f["primary"], "", "Technology",
        "Computers", "Phones", f["zone"], f["trading"], f["liquid"], "", 0, 0, 1, "", "",
        f["rules"], f["real"], "COMMON", 1, 1, 100,
    ]  # fmt: skip


def an_option(request, *, con_id, strike, right="C", expiry="20260918", trading_class="AAPL"):
    """One contractDetails message of an option."""
    return details(
        request, con_id=con_id, sec_type="OPT", strike=strike, right=right, last_trade=expiry,
        real=expiry, multiplier="100", local=f"AAPL {expiry} {right} {strike}", under=265598,
        primary="", **{"class": trading_class},
    )  # fmt: skip


def contract(*messages):
    """Answer a question for a contract with these, and the end marker."""

    def answer(gateway, fields):
        made = [make(fields[2]) for make in messages]
        gateway.say(*made, [52, 1, fields[2]])

    return answer


def greeks(request, *, kind=13, iv=0.25, delta=0.5, price=4.2, dividends=0.0, gamma=0.02,
           vega=0.11, theta=-0.05, underlying=200.0):  # fmt: skip
    """One tickOptionComputation message."""
    return [21, request, kind, 0, iv, delta, price, dividends, gamma, vega, theta, underlying]


def option_class(request, *, exchange="SMART", trading_class="AAPL", multiplier="100",
                 expirations=("20260717", "20260918"), strikes=(190, 195, 200, 205)):  # fmt: skip
    """One securityDefinitionOptionParameter message."""
    return [
        75, request, exchange, 265598, trading_class, multiplier,
        len(expirations), *expirations, len(strikes), *strikes,
    ]  # fmt: skip


def classes(*messages):
    """Answer a question for expirations and strikes with these, and the end marker."""
    return lambda g, f: g.say(*[make(f[1]) for make in messages], [76, f[1]])


def by_contract(answers, place=2):
    """Answer per conId: a request's contract starts at this place among its fields."""
    return lambda gateway, fields: answers[int(fields[place])](gateway, fields)


def nothing(_gateway, _fields):
    return None
