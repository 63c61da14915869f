"""The TWS gateway: clients, requests, rate limits, notifications."""
