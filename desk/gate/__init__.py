"""The desk's pre-trade gate: limits checked on the account as it is now."""
