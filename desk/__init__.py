"""Where orders become real: ticket, approval, gate, submission, reconciliation, kill switch."""
