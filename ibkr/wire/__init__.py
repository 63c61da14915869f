"""The TWS connection: requests, replies, pacing, decoding and error codes."""
