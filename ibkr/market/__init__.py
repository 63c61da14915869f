"""Market data: quotes, bars, order books, scanners, news."""
