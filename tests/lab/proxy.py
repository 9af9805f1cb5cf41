"""A TCP proxy between our session and a server: it breaks the line while both ends are honest. Toxics as Shopify's toxiproxy has them."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Toxic:
    """One fault of the line. `answers`: of what the server says, else of what we say. `times` connections have it, then it is over (0: all)."""

    answers: bool = True
    times: int = 0


@dataclass(frozen=True, slots=True)
class Delay(Toxic):
    """Every piece comes later."""

    seconds: float = 0.05


@dataclass(frozen=True, slots=True)
class Cut(Toxic):
    """The line is closed after so many bytes."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Slice(Toxic):
    """Everything comes in small pieces."""

    size: int = 7
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stall(Toxic):
    """Nothing more comes after so many bytes, and the line stays open for so long."""

    after: int = 0
    seconds: float = 0.3


@dataclass(frozen=True, slots=True)
class Reset(Toxic):
    """The line is reset after so many bytes: what was in flight is gone."""

    after: int = 0


@dataclass(frozen=True, slots=True)
class Refuse(Toxic):
    """Nobody is there: the line is closed before a byte goes either way."""


class Proxy:
    """Listens on a port of loopback and hands everything to `target`, with its `toxics`, which may be changed at any moment; they hold for new connections."""

    def __init__(self, target: int, toxics: Sequence[Toxic] = ()) -> None:
        self.target, self.toxics = target, list(toxics)
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock, self._open = threading.Lock(), set[_Line]()
        self._used: dict[int, int] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Proxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *args: Any) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # whoever waits in accept would take one more line
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """End every line that is open now: a session that keeps one must dial again."""
        with self._lock:
            lines, self._open = list(self._open), set()
        for line in lines:
            line.end()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._carry, args=(near, self._chosen()), daemon=True).start()

    def _chosen(self) -> list[Toxic]:
        with self._lock:
            chosen = []
            for toxic in self.toxics:
                used = self._used.get(id(toxic), 0)
                if not toxic.times or used < toxic.times:
                    self._used[id(toxic)] = used + 1
                    chosen.append(toxic)
            return chosen

    def _carry(self, near: socket.socket, toxics: list[Toxic]) -> None:
        line = _Line(near)
        if any(isinstance(toxic, Refuse) for toxic in toxics):
            line.reset()
            return
        try:
            line.far = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            line.reset()
            return
        with self._lock:
            self._open.add(line)
        asking = [toxic for toxic in toxics if not toxic.answers]
        threading.Thread(target=line.pump, args=(near, line.far, asking), daemon=True).start()
        line.pump(line.far, near, [toxic for toxic in toxics if toxic.answers])
        with self._lock:
            self._open.discard(line)


class _Line:
    """The two ends of one connection, which end together."""

    def __init__(self, near: socket.socket) -> None:
        self.near, self.far, self._broken = near, near, False

    def pump(self, source: socket.socket, sink: socket.socket, toxics: list[Toxic]) -> None:
        """Carry bytes one way until an end is closed or a toxic ends it."""
        carried = 0
        with contextlib.suppress(OSError):
            sink.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := source.recv(CHUNK):
                for piece in _pieces(data, toxics):
                    allowed, ending = _allowed(piece, carried, toxics)
                    sink.sendall(allowed)
                    carried += len(allowed)
                    if ending is not None:
                        self._ended_by(ending)
                        return
        self.end()

    def end(self) -> None:
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                if not self._broken:
                    end.shutdown(socket.SHUT_RDWR)
            end.close()

    def reset(self) -> None:
        """RST instead of FIN. Whoever reads from an end is woken first: as long as he reads, the end stays open."""
        self._broken = True
        for end in (self.near, self.far):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RD)
        self.end()

    def _ended_by(self, toxic: Toxic) -> None:
        if isinstance(toxic, Stall):
            time.sleep(toxic.seconds)
        if isinstance(toxic, Reset):
            self.reset()
        else:
            self.end()


def _pieces(data: bytes, toxics: list[Toxic]) -> Iterator[bytes]:
    slices = [toxic for toxic in toxics if isinstance(toxic, Slice)]
    time.sleep(sum(toxic.seconds for toxic in toxics if isinstance(toxic, Delay)))
    size = min((toxic.size for toxic in slices), default=len(data))
    for start in range(0, len(data), size):
        yield data[start : start + size]
        time.sleep(sum(toxic.seconds for toxic in slices))


def _allowed(piece: bytes, carried: int, toxics: list[Toxic]) -> tuple[bytes, Toxic | None]:
    """What of a piece still goes through, and the toxic that ends the line then."""
    limits = [(toxic.after, toxic) for toxic in toxics if isinstance(toxic, (Cut, Stall, Reset))]
    for after, toxic in sorted(limits, key=lambda item: item[0]):
        if carried + len(piece) > after:
            return piece[: max(0, after - carried)], toxic
    return piece, None
