"""The only door to the network: a session that calls one host, with time-outs, a budget and a guard, and speaks in Troubles."""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError

from integrations.errors import Misconfigured, Trouble, Unavailable, Uncertain

from . import addresses, answers
from .answers import redact, retry_after, shown

__all__ = ["Dial", "Grant", "Session", "redact", "retry_after", "shown"]

CONNECT, READ, WHOLE = 5.0, 30.0, 120.0  # seconds: to connect, between two bytes, until the last byte
CAP = 10 * 1024 * 1024  # bytes of a reply, unpacked
_SAFE = ("GET", "HEAD", "OPTIONS")
_log = logging.getLogger(__name__)


def _number(value: Any) -> float:
    """JSON's number of a Decimal: its own digits up to fifteen of them. What the other side made of it is read back and compared."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is nothing that JSON has")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """How an access token is had (RFC 6749): by a refresh token where there is one (section 6), else by the client's own credentials (4.4).

    The token goes into `header`, after `scheme`.
    """

    url: str
    client_id: str
    client_secret: str
    refresh_token: str = ""
    header: str = "Authorization"
    scheme: str = "Bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """Where an adapter calls and with which headers: what its session is made of. The adapter's `dial(options)` says it."""

    base_url: str
    networks: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    ca_file: Path | None = None
    grant: Grant | None = None


Access = Callable[[str], str]
"""Gives a good access token; asked with the one that was just refused, or with ""."""


class Session(requests.Session):
    """A requests.Session for the host of `base_url`; addresses given to it later may be relative to that.

    `networks` lists the private networks (CIDR, separated by commas) this connection may reach, also without TLS. `headers`
    go with every call (the token among them), `secrets` are hidden in whatever is said. `budget` is asked before every call
    and raises Unavailable when it is used up. `access` gives the token of `grant` before the first call, and another one when
    a call is refused with 401, which is then made once more: a call that was not let in did nothing. Raises Misconfigured for
    a base address that cannot be used.

    Every call may raise a Trouble and nothing else on purpose: Unavailable (nothing was sent; 429, 503), Uncertain (it was
    sent and no trustworthy answer came), Misconfigured (401, 403, a redirect, a certificate, a forbidden address), Refused
    (another 4xx, with the reply's words).
    """

    def __init__(
        self,
        base_url: str,
        *,
        networks: str = "",
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        budget: Callable[[], None] | None = None,
        ca_file: Path | None = None,
        grant: Grant | None = None,
        access: Access | None = None,
    ) -> None:
        super().__init__()
        self._grant, self._access, self._token = grant, access, ""
        self.base = _base(base_url)
        self.secrets = tuple(secrets)
        self.trust_env = False
        self.max_redirects = 3
        self.verify = str(ca_file) if ca_file else True
        self.headers.update({"User-Agent": "ordersync", **(headers or {})})
        door = _Door(addresses.networks(networks), budget)
        self.adapters.clear()
        for scheme in ("https://", "http://"):
            self.mount(scheme, door)

    def request(  # type: ignore[override]
        self, method: str, url: str, *args: Any, expect: Collection[int] = (), **options: Any
    ) -> requests.Response:
        """As requests has it, but a status from 300 on raises its Trouble unless it is in `expect`; time-outs are ours.

        `json` may hold Decimals: here alone they become the numbers that JSON has.
        """
        if "json" in options:
            options["data"] = json.dumps(options.pop("json"), default=_number, allow_nan=False).encode()
            options["headers"] = {"Content-Type": "application/json", **(options.get("headers") or {})}
        target = self._target(url)
        self._let_in()
        response = self._sent(method, target, *args, **options)
        if response.status_code == 401 and self._access:
            self._let_in(refused=self._token)
            response = self._sent(method, target, *args, **options)
        if response.status_code not in expect and (trouble := answers.trouble(response, self.secrets)):
            raise trouble
        return response

    def _let_in(self, refused: str = "") -> None:
        if self._access and self._grant and (refused or not self._token):
            self._token = self._access(refused)
            self.secrets = (*self.secrets, self._token)
            self.headers[self._grant.header] = self._grant.scheme + self._token

    def _sent(self, method: str, target: str, *args: Any, **options: Any) -> requests.Response:
        begun = time.monotonic()
        try:
            response = super().request(method, target, *args, **{**options, "timeout": (CONNECT, READ)})
        except requests.TooManyRedirects as error:
            words = f"{self.base.netloc} sends us from address to address."
            raise Misconfigured(words, fix="Correct the connection's address.") from error
        except requests.RequestException as error:  # before sending: a header or an address that cannot be sent
            words = f"The call to {self.base.netloc} cannot be made: {type(error).__name__}."
            raise Misconfigured(words, fix="Enter address and secrets again, without blanks or line breaks.") from error
        spent = 1000 * (time.monotonic() - begun)
        place = redact(urlsplit(target)._replace(query="").geturl(), self.secrets)
        _log.info("%s %s: %d in %.0f ms", method, place, response.status_code, spent)
        return response

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Only within the host, and only for calls that change nothing; any other redirect is an answer."""
        target = super().get_redirect_target(resp)
        if target is None or resp.request.method not in _SAFE:
            return None
        return target if _origin(urlsplit(urljoin(resp.url, target))) == _origin(self.base) else None

    def _target(self, url: str) -> str:
        target = urljoin(self.base.geturl(), url)
        if _origin(urlsplit(target)) != _origin(self.base):
            words = f"This connection is for {self.base.netloc}, not for {urlsplit(target).netloc}."
            raise Misconfigured(words, fix="Make a connection of its own for that host.")
        return target


class _Door(HTTPAdapter):
    """Resolves the host, checks every address, connects to a checked one, and reads no more than the cap.

    The connection is made to the address itself; name and certificate are still the host's. Like its session it is not
    shared between threads.
    """

    def __init__(self, networks: tuple[addresses.Network, ...], budget: Callable[[], None] | None) -> None:
        super().__init__(max_retries=0)
        self._networks, self._budget, self._address = networks, budget, ""

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        url = urlsplit(request.url or "")
        found = addresses.resolve(url, self._networks)
        if self._budget:
            self._budget()
        request.headers["Host"] = url.netloc.rpartition("@")[2]
        for address in found:
            self._address = address
            try:
                return _filled(super().send(request, *args, **{**options, "stream": True, "proxies": None}))
            except requests.RequestException as error:
                if not _unsent(error):
                    raise _sent(error, url) from error
                unreached = error
        words = f"{url.netloc} cannot be reached ({', '.join(found)})."
        raise Unavailable(
            words, fix="It is tried again by itself; see that the server runs and the address is right."
        ) from unreached

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> HTTPConnectionPool:
        host, tls = self.build_connection_pool_key_attributes(request, verify, cert)
        names = {"server_hostname": host["host"]} if host["scheme"] == "https" else {}
        pool: HTTPConnectionPool = self.poolmanager.connection_from_host(
            self._address, host["port"], host["scheme"], pool_kwargs={**tls, **names}
        )
        return pool


def _base(base_url: str) -> SplitResult:
    base = urlsplit(base_url.strip())
    if base.scheme not in ("http", "https") or not base.hostname or base.username or base.query or base.fragment:
        words = f"“{redact(base_url, [base.password or ''])}” is not an address that can be called."
        raise Misconfigured(words, fix="Enter it as https://host.example, with neither user name nor question mark.")
    return base._replace(path=base.path.rstrip("/") + "/")


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _filled(response: requests.Response) -> requests.Response:
    """The response with its whole body in memory. Raises Uncertain beyond the cap or after `WHOLE` seconds."""
    until, parts, size = time.monotonic() + WHOLE, list[bytes](), 0
    for part in response.iter_content(64 * 1024):
        parts.append(part)
        size += len(part)
        if size > CAP or time.monotonic() > until:
            response.close()
            what = (
                f"is larger than {CAP // 1024 // 1024} MiB" if size > CAP else f"did not end within {WHOLE:.0f} seconds"
            )
            raise Uncertain(f"The reply of {urlsplit(response.url).netloc} {what}.", fix="Ask for less at a time.")
    response._content = b"".join(parts)
    return response


def _unsent(error: requests.RequestException) -> bool:
    """True where no connection came about, so that nothing was sent."""
    cause = error.args[0] if error.args else None
    refused = isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
    return isinstance(error, requests.ConnectTimeout) or refused


def _sent(error: requests.RequestException, url: SplitResult) -> Trouble:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            words = f"The certificate of {url.netloc} is not valid: {cause.verify_message}"
            return Misconfigured(words, fix="Renew the server's certificate, or name the file of its own authority.")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, requests.Timeout):
        return Uncertain(
            f"{url.netloc} did not answer within {READ:.0f} seconds.", fix="It is asked before anything is sent again."
        )
    words = f"The connection to {url.netloc} broke before the whole answer came."
    return Uncertain(words, fix="It is asked before anything is sent again.")
