"""The gateway: the HTTP door through which a client's calls are decided, relayed and metered."""
