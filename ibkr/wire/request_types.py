"""The kinds of request that carry no id: their answers are told apart by kind only."""

CURRENT_TIME = "current time"
POSITIONS = "positions"
ACCOUNT = "account"
ACCOUNTS = "managed accounts"
ACCOUNT_SUMMARY = "account summary"  # it has an id, but TWS allows only two at a time
OPEN_ORDERS = "open orders"
COMPLETED_ORDERS = "completed orders"
NEWS_PROVIDERS = "news providers"
SCANNER_PARAMETERS = "scanner parameters"


def market_rule(rule: int) -> str:
    """Return the kind of the answer about one market rule, which names its rule."""
    return f"market rule {rule}"
