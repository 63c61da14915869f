"""Paper or live: which account is used, told by its name whatever the port says."""

from __future__ import annotations

from core.errors import ConfigurationError, WrongAccount
from core.settings import Mode


def choose_account(accounts: tuple[str, ...], *, mode: Mode, wanted: str | None) -> str:
    """Return the account to use, or refuse: the port alone does not tell paper from live."""
    listed = ", ".join(accounts)
    if wanted is None and len(accounts) > 1:
        raise ConfigurationError(
            f"this gateway has {len(accounts)} accounts ({listed}): set gateway.account to one"
        )
    account = wanted if wanted is not None else accounts[0]
    if account not in accounts:
        raise WrongAccount(f"gateway.account is {account}, but this gateway has only {listed}")
    is_live = not account.startswith("D")
    if is_live and mode is not Mode.LIVE:
        raise WrongAccount(
            f"the configuration says {mode.value}, account {_masked(account)} is live. Refused; "
            "log the gateway on to a paper account, or correct gateway.port"
        )
    if not is_live and mode is Mode.LIVE:
        raise WrongAccount(
            f"the configuration says live, account {_masked(account)} is a paper account. "
            "Refused; log the gateway on to the live account, or set mode = paper"
        )
    return account


def _masked(account: str) -> str:
    return f"{account[:1]}…{account[-2:]}"
