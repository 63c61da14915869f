"""What a gateway says of an account, message by message."""

from tests.ibkr.fake_gateway import STOCK, UNSET

MANAGED, SUMMARY, END_SUMMARY = "17", "62", "63"
PROFIT, END_PROFIT, ONE_PROFIT, END_ONE_PROFIT, GLOBAL_CANCEL = "92", "93", "94", "95", "58"

FIGURES = {
    "AccountType": ("INDIVIDUAL", ""),
    "NetLiquidation": ("100000.5", "USD"),
    "TotalCashValue": ("90000.5", "USD"),
    "InitMarginReq": ("5000", "USD"),
    "MaintMarginReq": ("2500", "USD"),
    "AvailableFunds": ("95000.5", "USD"),
    "ExcessLiquidity": ("97500.5", "USD"),
    "BuyingPower": ("380002", "USD"),
    "SettledCash": (UNSET, "USD"),
    "Cushion": ("0.975", ""),
    "DayTradesRemaining": ("-1", ""),
}
LEDGERS = {
    "EUR": {"CashBalance": "1000", "NetLiquidationByCurrency": "1000", "ExchangeRate": "1.1"},
    "BASE": {"CashBalance": "90000.5", "NetLiquidationByCurrency": "100000.5",
             "UnrealizedPnL": "12.5", "ExchangeRate": "1.0"},
}  # fmt: skip
OPTION = (700, "AAPL", "OPT", "20260717", "100.0", "P", "100", "SMART", "USD",
          "AAPL  260717P00100000", "AAPL")  # fmt: skip
FOREIGN = (800, "SAP", "STK", "", "0", "", "", "IBIS", "EUR", "SAP", "XETRA")


def summary(figures=FIGURES, *, account="DU1", other=()):
    """Answer an account summary, of this account and of others that are said first."""

    def answer(gateway, fields):
        rows = [
            [63, 1, fields[2], name, tag, value, currency]
            for name, told in [*other, (account, figures)]
            for tag, (value, currency) in told.items()
        ]
        gateway.say(*rows, [64, 1, fields[2]])

    return answer


def ledger(ledgers=LEDGERS, *, account="DU1"):
    """Answer a summary of ledgers."""

    def answer(gateway, fields):
        rows = [
            [63, 1, fields[2], account, tag, value, currency]
            for currency, told in ledgers.items()
            for tag, value in told.items()
        ]
        gateway.say(*rows, [64, 1, fields[2]])

    return answer


def held(contract=STOCK, quantity=100, *, account="DU1", cost=90.0):
    return [61, 3, account, *contract, quantity, cost]


def valued(contract=STOCK, quantity=100, *, price=100.0, multiplier=1, account="DU1"):
    value = quantity * price * multiplier
    return [7, 8, *contract, quantity, price, value, 90.0, 12.5, UNSET, account]


def positions(*rows):
    return lambda g, _f: g.say(*rows, [62, 1])


def page(*rows, rates=(), currency="USD"):
    """Answer account updates with the figures and these rows."""

    def answer(gateway, fields):
        if fields[2] == "1":
            figures = [
                [6, 2, tag, value, money or currency, "DU1"]
                for tag, (value, money) in FIGURES.items()
            ]
            told = [[6, 2, "ExchangeRate", rate, money, "DU1"] for money, rate in rates]
            gateway.say(*figures, *told, *rows, [54, 1, "DU1"])

    return answer
