"""The door to the network, tried on servers of our own: what it refuses to call, and which Trouble each mishap becomes."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations import http
from integrations.errors import Misconfigured, Refused, Trouble, Unavailable, Uncertain
from integrations.http import addresses, answers

LOCAL = "127.0.0.0/8"
SECRET = "s3cret/token+1"


class Far(BaseHTTPRequestHandler):
    """The other side: each path is one behaviour."""

    protocol_version = "HTTP/1.1"
    replies: dict[str, Callable[[Far], None]] = {}

    def do_GET(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers)))  # type: ignore[attr-defined]
        name, _, status = self.path.partition("?")[0].strip("/").partition("/")
        getattr(self, f"reply_{name}", self.reply_ok)(status)

    do_POST = do_GET

    def answer(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for header, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(header.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def reply_ok(self, _status: str) -> None:
        self.answer(200, b'{"ok": true}')

    def reply_echo(self, _status: str) -> None:
        self.answer(200, self.body, Content_Type=self.headers["Content-Type"])

    def reply_status(self, status: str) -> None:
        self.answer(int(status), f'{{"error": {{"message": "No such item; token {SECRET}"}}}}'.encode())

    def reply_wait(self, status: str) -> None:
        self.answer(int(status), Retry_After="7")

    def reply_half(self, _status: str) -> None:
        self.answer(200, b"{", Content_Length="100")
        self.close_connection = True

    def reply_reset(self, _status: str) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def reply_slow(self, _status: str) -> None:
        time.sleep(1)
        self.close_connection = True

    def reply_large(self, _status: str) -> None:
        self.answer(200, bytes(http.CAP + 1))

    def reply_bomb(self, _status: str) -> None:
        self.answer(200, gzip.compress(bytes(http.CAP * 20)), Content_Encoding="gzip")

    def reply_near(self, _status: str) -> None:
        self.answer(302, Location="/ok")

    def reply_loop(self, _status: str) -> None:
        self.answer(302, Location="/loop")

    def reply_away(self, _status: str) -> None:
        self.answer(302, Location="http://169.254.169.254/latest")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests look at our log."""


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Far)
        self.seen: list[tuple[str, str, dict[str, str]]] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that the test breaks is no error."""

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture
def near(server: Server) -> http.Session:
    return http.Session(f"http://127.0.0.1:{server.port}", networks=LOCAL, secrets=[SECRET])


# A call


def test_a_call_carries_its_headers_to_the_address_of_the_connection(server: Server) -> None:
    session = http.Session(
        f"http://127.0.0.1:{server.port}/api", networks=LOCAL, headers={"Authorization": f"Bearer {SECRET}"}
    )
    assert session.request("POST", "orders?page=2", json={"a": 1}).json() == {"ok": True}
    ((method, path, headers),) = server.seen
    assert (method, path, headers["Authorization"]) == ("POST", "/api/orders?page=2", f"Bearer {SECRET}")
    assert headers["Host"] == f"127.0.0.1:{server.port}"


def test_an_amount_goes_as_the_number_with_its_digits(near: http.Session) -> None:
    amounts = {"gross": Decimal("-1234567890.10"), "rate": Decimal("1.083456789012"), "none": Decimal("0.00")}
    reply = near.request("POST", "echo", json=amounts)
    assert reply.text == '{"gross": -1234567890.1, "rate": 1.083456789012, "none": 0.0}'
    assert reply.headers["Content-Type"] == "application/json"
    with pytest.raises(TypeError, match="date is nothing that JSON has"):
        near.request("POST", "echo", json={"on": dt.date(2026, 11, 25)})


def test_the_budget_is_asked_before_every_call(server: Server) -> None:
    def spent() -> None:
        raise Unavailable("The budget of this minute is used up.", retry_after=12)

    with pytest.raises(Unavailable, match="used up"):
        http.Session(f"http://127.0.0.1:{server.port}", networks=LOCAL, budget=spent).get("/ok")
    assert server.seen == []


def test_the_environments_proxies_are_not_used(near: http.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert near.get("/ok").ok


# Where it may go


@pytest.mark.parametrize("address", ["http://{}", "https://{}"])
@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.7", "192.168.1.1", "100.64.0.1", "[fd00::1]", "0x7f.1", "2130706433"]
)
def test_a_private_address_is_not_called_unless_the_connection_names_it(address: str, host: str) -> None:
    with pytest.raises(Misconfigured, match="lies in a private network") as caught:
        http.Session(address.format(host)).get("/")
    assert "to the connection's networks" in caught.value.fix


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[fe80::1]",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "[64:ff9b::a00:1]",
        "[2002:7f00:1::]",
        "[::7f00:1]",
    ],
)
def test_some_addresses_are_never_called(host: str) -> None:
    with pytest.raises(Misconfigured, match="must not be called"):
        http.Session(f"https://{host}", networks="0.0.0.0/0, ::/0").get("/")


def test_a_public_address_is_called_with_encryption_only() -> None:
    with pytest.raises(Misconfigured, match="without encryption"):
        http.Session("http://93.184.216.34").get("/")


def names(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    """Let the name ledger.example have these addresses."""
    resolve = socket.getaddrinfo

    def patched(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        hosts = found if host == "ledger.example" else [host]
        return [row for item in hosts for row in resolve(item, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", patched)


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "93.184.216.34", "10.0.0.7")
    with pytest.raises(Misconfigured, match=r"ledger\.example \(10\.0\.0\.7\) lies in a private network"):
        http.Session("https://ledger.example").get("/")


def test_the_call_goes_to_the_address_that_was_checked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "127.0.0.1")
    checked = addresses.resolve

    def then_rebound(*args: Any) -> list[str]:
        found = checked(*args)
        names(monkeypatch, "10.0.0.7")
        return found

    monkeypatch.setattr(addresses, "resolve", then_rebound)
    session = http.Session(f"http://ledger.example:{server.port}", networks=LOCAL)
    assert session.get("/ok").ok
    assert server.seen[0][2]["Host"] == f"ledger.example:{server.port}"


def test_the_next_address_is_tried_where_the_first_cannot_be_reached(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, "127.0.0.9", "127.0.0.1")
    assert http.Session(f"http://ledger.example:{server.port}", networks=LOCAL).get("/ok").ok


def test_another_host_needs_a_connection_of_its_own(near: http.Session) -> None:
    with pytest.raises(Misconfigured, match=r"not for evil\.example"):
        near.get("https://evil.example/")


def test_a_redirect_is_followed_within_the_host_only(near: http.Session, server: Server) -> None:
    assert near.get("/near").json() == {"ok": True}
    with pytest.raises(Misconfigured, match=r"sends us to http://169\.254\.169\.254"):
        near.get("/away")
    with pytest.raises(Misconfigured, match="from address to address"):
        near.get("/loop")
    with pytest.raises(Misconfigured, match="sends us to /ok"):
        near.post("/near", json={})
    assert [path for method, path, _headers in server.seen if method == "POST"] == ["/near"]


@pytest.mark.parametrize(
    "text", ["ftp://a.example", "a.example", "https://", "https://user:pass@a.example", "https://a.example/?x=1", ""]
)
def test_a_base_address_that_cannot_be_called_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match="not an address") as caught:
        http.Session(text)
    assert "pass" not in caught.value.words


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"“10\.0\.0\.0/33” is not a network"):
        http.Session("https://a.example", networks="10.0.0.0/8, 10.0.0.0/33")


# What goes wrong


def test_a_name_that_is_not_there_and_a_port_that_is_closed_are_unavailable() -> None:
    with pytest.raises(Unavailable, match="cannot be found"):
        http.Session("https://no-such-host.invalid").get("/")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unavailable, match="cannot be reached"):
            http.Session(f"http://127.0.0.1:{taken.getsockname()[1]}", networks=LOCAL).post("/", json={})


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/half", "broke before the whole answer"),
        ("/reset", "broke before"),
        ("/large", "larger than 10 MiB"),
        ("/bomb", "larger than 10 MiB"),
    ],
)
def test_a_call_that_was_sent_and_not_answered_whole_is_uncertain(near: http.Session, path: str, words: str) -> None:
    with pytest.raises(Uncertain, match=words):
        near.post(path, json={})


def test_silence_is_uncertain(near: http.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "READ", 0.2)
    with pytest.raises(Uncertain, match="did not answer within"):
        near.post("/slow", json={}, timeout=None)


def test_a_reply_that_never_ends_is_uncertain(near: http.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "WHOLE", -1.0)
    with pytest.raises(Uncertain, match="did not end"):
        near.get("/ok")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (404, Refused),
        (409, Refused),
        (422, Refused),
        (401, Misconfigured),
        (403, Misconfigured),
        (408, Uncertain),
        (500, Uncertain),
        (502, Uncertain),
        (504, Uncertain),
        (429, Unavailable),
        (503, Unavailable),
    ],
)
def test_each_status_is_its_trouble_with_the_replys_words_and_without_secrets(
    near: http.Session, status: int, kind: type[Trouble]
) -> None:
    with pytest.raises(Trouble) as caught:
        near.post(f"/status/{status}", json={})
    assert type(caught.value) is kind
    assert f"answered {status}: No such item; token •••" in caught.value.words
    assert caught.value.fix


def test_an_expected_status_is_an_answer(near: http.Session) -> None:
    assert near.request("GET", "/status/404", expect={404}).status_code == 404


@pytest.mark.parametrize("status", [429, 503])
def test_the_wish_to_wait_is_handed_on(near: http.Session, status: int) -> None:
    with pytest.raises(Unavailable) as caught:
        near.get(f"/wait/{status}")
    assert caught.value.retry_after == 7


def test_retry_after_is_read_as_seconds_or_date() -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
    assert http.retry_after("120") == 120
    assert 110 < (http.retry_after(format_datetime(soon, usegmt=True)) or 0) <= 120
    assert http.retry_after("Fri, 01 Jan 2021 00:00:00 GMT") == 0
    assert http.retry_after("Fri, 01 Jan 2100 00:00:00") == http.retry_after("99999999999") == answers.LONGEST
    assert [http.retry_after(text) for text in ("", "soon", "-5", "1.5.2", "٣")] == [None] * 5


def test_a_secret_with_a_line_break_is_named_without_being_shown(server: Server) -> None:
    session = http.Session(f"http://127.0.0.1:{server.port}", networks=LOCAL, headers={"X-Token": "abc\ndef"})
    with pytest.raises(Misconfigured, match="cannot be made") as caught:
        session.get("/ok")
    assert "abc" not in caught.value.words


# What is kept


def test_the_log_names_the_call_and_no_secret(near: http.Session, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="integrations.http"):
        near.get("/ok", params={"key": SECRET})
    assert "/ok: 200 in" in caplog.text
    assert "s3cret" not in caplog.text


def test_kept_headers_are_those_that_hold_no_secret() -> None:
    kept = http.shown(
        {"Content-Type": "application/json", "Authorization": "Bearer x", "X-New-Token": "y", "Set-Cookie": "z"}
    )
    assert kept == {
        "Content-Type": "application/json",
        "Authorization": "•••",
        "X-New-Token": "•••",
        "Set-Cookie": "•••",
    }


def test_a_secret_is_hidden_also_as_it_stands_in_an_address() -> None:
    assert http.redact("?token=s3cret%2Ftoken%2B1 s3cret/token+1", [SECRET, ""]) == "?token=••• •••"


# Encryption


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate for ledger.example, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ledger.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("ledger.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.2"))]
            ),
            False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def encrypted(server: Server, certificate: Path) -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


def test_the_certificate_is_held_against_the_hosts_name(
    encrypted: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, "127.0.0.1")
    address = f"https://ledger.example:{encrypted.port}"
    assert http.Session(address, networks=LOCAL, ca_file=certificate).get("/ok").ok
    with pytest.raises(Misconfigured, match=r"certificate of 127\.0\.0\.1"):
        http.Session(f"https://127.0.0.1:{encrypted.port}", networks=LOCAL, ca_file=certificate).get("/ok")
    with pytest.raises(Misconfigured, match="self-signed"):
        http.Session(address, networks=LOCAL).get("/ok")
