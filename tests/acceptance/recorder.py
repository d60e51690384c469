"""A recorder before a gateway: every body's hash as the client sent it, everything passed on as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import urlsplit

CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
CALLS = ("/v1/messages", "/v1/chat/completions", "/v1/responses")


@dataclass
class Recorder:
    """What passed: the SHA-256 of the body of each call of a model, in the order in which they came."""

    url: str = ""
    hashes: list[str] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def note(self, path: str, body: bytes) -> None:
        if path.partition("?")[0].endswith(CALLS):
            with self._lock:
                self.hashes.append(hashlib.sha256(body).hexdigest())


@contextmanager
def recording(target: str) -> Iterator[Recorder]:
    """A recorder on a port of its own, before what listens at `target`."""
    recorder, where = Recorder(), urlsplit(target)

    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            recorder.note(self.path, body)
            further = HTTPConnection(str(where.hostname), where.port, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            further.request(self.command, self.path, body or None, headers)
            answer = further.getresponse()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in CONNECTION:
                    self.send_header(name, value)
            self.send_header("connection", "close")
            self.end_headers()
            while self.command != "HEAD" and (chunk := answer.read1(65_536)):
                self.wfile.write(chunk)
                self.wfile.flush()
            further.close()
            self.close_connection = True

        do_GET = do_POST = do_HEAD = _pass  # noqa: N815  the names that are called

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Passing) as server:
        recorder.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield recorder
        server.shutdown()
        thread.join()
