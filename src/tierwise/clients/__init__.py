"""Clients: what each coding client's own settings need to say, for its calls to go through the gateway."""
