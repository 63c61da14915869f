"""The parts of the day's page: what stages came to, as `review.day` shows it."""
