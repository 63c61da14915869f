"""The bearer token that every HTTP request must carry."""

from __future__ import annotations

import hmac

from fastmcp.server.auth import AccessToken, TokenVerifier
from pydantic import SecretStr

from core.errors import ConfigurationError
from core.settings import Settings

SHORTEST = 32  # characters


def required_token(settings: Settings) -> SecretStr:
    """Return the token of the settings. Raises `ConfigurationError` when there is no good one."""
    token = settings.agent.token
    how = (
        "set DAYBOOK_AGENT__TOKEN, for example to the output of: "
        'python -c "import secrets; print(secrets.token_urlsafe(32))"'
    )
    if token is None:
        raise ConfigurationError(f"agent.token is not set: nothing is served over HTTP; {how}")
    length = len(token.get_secret_value())
    if length < SHORTEST:
        raise ConfigurationError(
            f"agent.token has {length} characters, fewer than {SHORTEST}: it can be guessed; {how}"
        )
    return token


def is_token(given: str, token: SecretStr) -> bool:
    """Compare in constant time, so that the time taken tells nothing."""
    return hmac.compare_digest(given.encode(), token.get_secret_value().encode())


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
