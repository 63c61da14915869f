"""Where orders become real: ticket, submission, reconciliation."""
