"""Orders from intent to fill: submitted, sent, reconciled, cancelled."""
