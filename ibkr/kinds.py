"""The kinds of request that carry no id: their answers are told apart by kind only."""

CURRENT_TIME = "current time"
POSITIONS = "positions"
ACCOUNT = "account"
OPEN_ORDERS = "open orders"
COMPLETED_ORDERS = "completed orders"
