"""The bearer token that every HTTP request must carry."""

from __future__ import annotations

from fastmcp.server.auth import AccessToken, TokenVerifier
from pydantic import SecretStr

from agent.access_token import is_token


class OneToken(TokenVerifier):
    """Lets in who has the token, under one name."""

    def __init__(self, token: SecretStr, *, caller: str) -> None:
        super().__init__()
        self._token = token
        self._caller = caller

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return who it is, or None."""
        if not is_token(token, self._token):
            return None
        # The token itself goes no further: what is kept here ends up in request state and logs.
        return AccessToken(token="", client_id=self._caller, scopes=[])
