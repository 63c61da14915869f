"""What requests ask for: contracts, bars, orders, scans, subscriptions."""
