"""The simulator's exchange in this process: the gateway of a replay, without sockets or pacing."""
