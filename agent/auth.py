"""The token that every HTTP request must carry: whether there is a good one, and who has it."""

from __future__ import annotations

import hmac

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
