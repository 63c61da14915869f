"""The account: positions, figures, profit and loss, rebalancing orders."""
