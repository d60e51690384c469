"""The application: the only place where deciding meets files, catalog and ledger."""
