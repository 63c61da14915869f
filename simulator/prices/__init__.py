"""What the market shows at a moment: quotes, bars, ticks, exchange rates."""
