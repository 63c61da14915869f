"""The endpoints of Financial Modeling Prep that a day needs."""
