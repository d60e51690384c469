"""Stores: where the ledger's entries are kept, append-only, behind one contract."""
