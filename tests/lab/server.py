"""A server on loopback that does what it is asked and answers as its crimes want it; ledger, store and token server are built on it."""

from __future__ import annotations

import contextlib
import email.utils
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.lab import crimes
from tests.lab.crimes import Crimes
from tests.lab.judge import Judge


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    data: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Server(ThreadingHTTPServer):
    """Override `call` (what a request is, for the crimes) and `act` (do it under the lock, note it with the judge, answer).

    `hang` is how long a hanging call hangs, `late` after how many requests a late one takes effect, `wait` the seconds that a 429 names. `limit` calls in
    `window` seconds are allowed, more get an honest 429.
    """

    daemon_threads = True
    name = "server"

    def __init__(self, folder: Path, *, port: int = 0, limit: int = 0, window: float = 1.0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.judge = Judge(folder / f"{self.name}.log")
        self.crimes = Crimes()
        self.hang, self.late, self.wait = 0.2, 3, 1
        self.limit, self.window = limit, window
        self.requests: list[tuple[str, str, str]] = []  # call, key, crime
        self._lock, self._passed, self._recent = threading.RLock(), threading.Event(), list[float]()
        self._later: list[tuple[int, Request]] = []
        self._stopped = threading.Event()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, request: Request) -> tuple[str, str]:
        """The call's name and the key of what it is about."""
        raise NotImplementedError

    def act(self, request: Request, crime: str) -> Answer:
        raise NotImplementedError

    def twist(self, answer: Answer, crime: str) -> Answer:
        """The answer as a liar gives it."""
        return answer

    def plan(self, call: str, *planned: str, key: str = crimes.ANY) -> None:
        self.crimes.plan(call, *planned, key=key)

    def honest(self) -> None:
        """No more crimes, and whatever was put off is done now."""
        self.crimes.honest()
        with self._lock:
            later, self._later = self._later, []
            for _count, request in later:
                self.act(request, crimes.HONEST)

    def calls(self, name: str = "") -> list[str]:
        """Every call there was, in order: "book WEB1"."""
        with self._lock:
            return [f"{call} {key}" for call, key, _crime in self.requests if name in ("", call)]

    def answer(self, request: Request, crime: str) -> Answer | None:
        """Do what is asked, if the crime lets it take effect; the honest answer, None where there is none."""
        if crime in crimes.UNDONE or crime == crimes.FAKE:
            with self._lock:
                self._tick()
            return self.pretend(request) if crime == crimes.FAKE else None
        if crime == crimes.LATE:
            with self._lock:
                self._later.append((self.late, request))
            return None
        if crime == crimes.WAITS:
            self._passed.clear()
            self._passed.wait(self.hang)
        with self._lock:
            self._tick()
            answer = self.act(request, crime)
            if crime == crimes.DOUBLES:
                self.act(request, crime)
        self._passed.set()
        return answer

    def pretend(self, request: Request) -> Answer:
        """What would be answered if it were done."""
        return Answer()

    def too_many(self) -> bool:
        if not self.limit:
            return False
        with self._lock:
            now = time.monotonic()
            self._recent = [at for at in self._recent if at > now - self.window]
            if len(self._recent) >= self.limit:
                return True
            self._recent.append(now)
        return False

    def seen(self, call: str, key: str, crime: str) -> None:
        with self._lock:
            self.requests.append((call, key, crime))

    def stall(self) -> None:
        self._stopped.wait(self.hang)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that a crime broke is no error."""

    def __enter__(self) -> Any:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *args: Any) -> None:
        self._stopped.set()
        self.shutdown()
        self.server_close()
        self.judge.close()

    def _tick(self) -> None:
        due = [request for count, request in self._later if count <= 1]
        self._later = [(count - 1, request) for count, request in self._later if count > 1]
        for request in due:
            self.act(request, crimes.LATE)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for head and body: no waiting for an acknowledgement in between

    def do_GET(self) -> None:
        request = self._request()
        if request.path == "/_lab/crimes":
            self._reply(self._told(request))
            return
        call, key = self.server.call(request)
        if self.server.too_many():
            self.server.seen(call, key, "limit")
            self._reply(Answer(429, {"message": "Too many requests."}, {"Retry-After": str(self.server.wait)}))
            return
        crime = self.server.crimes.next(call, key)
        self.server.seen(call, key, crime)
        self._commit(request, crime)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def _told(self, request: Request) -> Answer:
        """Whoever runs us as a process says by POST what we do next: {"call": "book", "crimes": ["502"]}, or {} for nothing but honest work."""
        told = request.json
        if not told:
            self.server.honest()
        elif "seed" in told:
            self.server.crimes.by_chance(told["seed"], told["chances"], *told.get("calls", []))
        else:
            self.server.plan(told["call"], *told["crimes"], key=told.get("key", crimes.ANY))
        return Answer()

    def _commit(self, request: Request, crime: str) -> None:
        server = self.server
        if crime in _REPLIES:
            status, header = _REPLIES[crime]
            self._reply(Answer(status, {"message": f"Crime: {crime}."}, _wait(header, server.wait)))
            return
        answer = server.answer(request, crime)
        if crime in (crimes.LOST, crimes.BROKEN, crimes.LATE):
            self._reset()
        elif crime in (crimes.HANGS, crimes.HANGS_DONE):
            server.stall()
            self._reset()
        elif crime in (crimes.BAD_GATEWAY, crimes.BAD_GATEWAY_DONE):
            self._reply(Answer(502, {"message": "Bad gateway."}))
        elif crime in (crimes.HALF, crimes.HALF_DONE):
            self._half(answer or Answer(200, {"id": "half of it never comes"}))
        elif crime in (crimes.NONSENSE, crimes.NONSENSE_DONE):
            self._send(200, b"<html><h1>Maintenance</h1></html>", {"Content-Type": "text/html"})
        elif answer is not None:
            self._reply(server.twist(answer, crime))

    def _request(self) -> Request:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        return Request(
            self.command, url.path, parse_qs(url.query, keep_blank_values=True), dict(self.headers.items()), body
        )

    def _reply(self, answer: Answer) -> None:
        self._send(answer.status, json.dumps(answer.data).encode(), dict(answer.headers))

    def _half(self, answer: Answer) -> None:
        body = json.dumps(answer.data).encode()
        self._send(answer.status, body[: len(body) // 2], {"Content-Length": str(len(body))})
        self.close_connection = True

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(body)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

    def _reset(self) -> None:
        """RST instead of FIN: what was in flight is gone."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the judge writes the log."""


_REPLIES: dict[str, tuple[int, str]] = {
    crimes.BUSY: (429, ""),
    crimes.BUSY_FOR: (429, "seconds"),
    crimes.BUSY_UNTIL: (429, "date"),
    crimes.DOWN: (503, ""),
    crimes.REFUSES: (422, ""),
    crimes.LOCKED_OUT: (401, ""),
}


def _wait(header: str, seconds: int) -> dict[str, str]:
    if not header:
        return {}
    until = email.utils.formatdate(time.time() + seconds, usegmt=True)
    return {"Retry-After": str(seconds) if header == "seconds" else until}
