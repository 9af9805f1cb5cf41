"""A token server as OAuth 2.0 has it (RFC 6749, 5.1, 5.2, 6) whose refresh token is good once: using it again is theft, and voids all that came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.lab.server import Answer, Request, Server

CLIENT, SECRET = "client-of-the-lab", "client-secret-of-the-lab"


class Tokens(Server):
    """`grace`: how often a refresh token that was used may be used once more. `good` are the access tokens that open the store now. The one call is "token"."""

    name = "tokens"

    def __init__(self, folder: Path, *, grace: int = 0, lasts: int = 3600, **more: Any) -> None:
        super().__init__(folder, **more)
        self.grace, self.lasts = grace, lasts
        self.good: set[str] = set()
        self.refresh, self._used = "refresh-0", dict[str, int]()
        self.stolen = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/admin/oauth/access_token"

    def call(self, request: Request) -> tuple[str, str]:
        return "token", "*"

    def act(self, request: Request, crime: str) -> Answer:
        told = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if (told.get("client_id"), told.get("client_secret")) != (CLIENT, SECRET):
            return Answer(
                401,
                {"error": "invalid_client", "error_description": f"Unknown client, secret {told.get('client_secret')}"},
            )
        if told["grant_type"] == "client_credentials":
            return self._issue("")
        return self._refresh(told.get("refresh_token", ""))

    def expire(self) -> None:
        """Every access token is void from now on."""
        self.good.clear()

    def _refresh(self, given: str) -> Answer:
        if given == self.refresh:
            self._used[given] = 0
            return self._issue(f"refresh-{len(self.judge.lines('issued')) + 1}")
        if given in self._used and self._used[given] < self.grace:
            self._used[given] += 1
            return self._issue(self.refresh)
        self.stolen += given in self._used
        self.good.clear()
        return Answer(400, {"error": "invalid_grant", "error_description": "The refresh token is no longer good."})

    def _issue(self, refresh: str) -> Answer:
        serial = len(self.judge.lines("issued")) + 1
        token = f"access-{serial}-of-the-lab"
        self.good.clear()
        self.good.add(token)
        self.refresh = refresh or self.refresh
        self.judge.note("issued", token=token, refresh=refresh)
        told = {"access_token": token, "token_type": "bearer", "expires_in": self.lasts}
        return Answer(200, told | ({"refresh_token": refresh} if refresh else {}))
