"""The broker: order checks, margin, what-if, valuation, profit and loss."""
