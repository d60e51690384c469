"""A real PostgreSQL server for the tests of stores, one a test process, empty for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pg_server import PgServer, running_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PgServer]:
    with running_server(durable=False) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PgServer) -> str:
    return postgres_server.empty_database()
