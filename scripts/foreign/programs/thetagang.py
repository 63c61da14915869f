"""thetagang, a bot that writes options: a dry run finds contracts and proposes orders."""

import os
import re
import subprocess
from pathlib import Path

from foreign import ACCOUNT, PORT, STOCK, Features, move
from ib_async import IB, MarketOrder, Stock

feature = Features()
CONFIG = f"""
[meta]
schema_version = 2
[run]
strategies = ["wheel"]
[runtime.account]
number = "{ACCOUNT}"
margin_usage = 0.8
[runtime.option_chains]
expirations = 3
strikes = 15
[runtime.exchange_hours]
action_when_closed = "continue"
[runtime.ib_async]
api_response_wait_time = 3
[runtime.watchdog]
port = {PORT}
clientId = 3
[portfolio.symbols.{STOCK}]
weight = 1.0
primary_exchange = "NASDAQ"
[strategies.wheel.defaults.target]
dte = 20
minimum_open_interest = 5
maximum_new_contracts_percent = 0.2
[strategies.wheel.defaults.roll_when]
dte = 15
[strategies.wheel.defaults.write_when.calls]
green = true
red = true
[strategies.wheel.defaults.write_when.puts]
green = true
red = true
"""


def run(*options):
    """Run the bot and return everything that it says, without its tables' lines."""
    done = subprocess.run(
        ["thetagang", "--config", "bot.toml", "--without-ibc", *options],
        capture_output=True, text=True, timeout=300, check=False,
        env=os.environ | {"COLUMNS": "200"},
    )  # fmt: skip
    Path(f"said{'-'.join(options)}.txt").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, (done.stdout + done.stderr)[-300:]
    return re.sub(r"[│┃|]", " ", done.stdout + done.stderr)


Path("bot.toml").write_text(CONFIG)
move(by="PT3H")  # the newest session: the bot counts days to expiration on the clock of the host
ib = IB()
ib.connect("127.0.0.1", PORT, clientId=2)
(share,) = ib.qualifyContracts(Stock(STOCK, "SMART", "USD"))
ib.placeOrder(share, MarketOrder("BUY", 1000, tif="DAY"))
ib.sleep(1)

with feature("dry run comes to its end"):
    said = run("--dry-run")
with feature("reads the account and what is held"):
    assert re.search(r"Net liquidation", said, re.IGNORECASE)
    assert STOCK in said
with feature("finds contracts by delta and open interest"):
    assert "Found suitable contract at strike=" in said
with feature("proposes to sell options"):
    proposed = said[said.index("Order Summary") :]
    assert "secType='OPT'" in proposed or "Option(" in proposed, proposed[:250]
with feature("sends nothing in a dry run"):
    assert ib.reqAllOpenOrders() == []
feature.end()
