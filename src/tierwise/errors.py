"""What can fail in the world, as exceptions; a person's mistakes are findings and never raised.

    TierwiseError
    ├── ConfigError       a file that a command cannot work without is unusable (carries its findings' text)
    ├── StoreError        the ledger could not be opened, read or written
    │   ├── ConflictError   what was asked contradicts what the ledger holds; nothing was written
    │   └── PrunedError     the entries to read on from were removed meanwhile: read from the beginning
    ├── UpstreamError     the provider could not be reached or broke off
    └── WireError         a request or an answer is not what its protocol says

Each message says what failed, on what, and what to do. HTTP statuses live in the gateway only.

Source: style.md, "Errors, three kinds, never mixed".
"""

from __future__ import annotations


class TierwiseError(Exception):
    """The world failed: what, on what, and what to do about it."""


class ConfigError(TierwiseError):
    """A file that the command needs cannot be used as it stands."""


class StoreError(TierwiseError):
    """The ledger could not be opened, read or written."""


class ConflictError(StoreError):
    """What was asked contradicts what the ledger holds; nothing was written, asking again will not help."""


class PrunedError(StoreError):
    """The next entries were removed since the last look; what is left must be read from its beginning."""


class UpstreamError(TierwiseError):
    """The provider could not be reached, or broke off."""


class WireError(TierwiseError):
    """A body does not say what its protocol promises."""
