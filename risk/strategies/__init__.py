"""Option strategies: what one is, what it can lose and take, and the checks before it is sent."""
