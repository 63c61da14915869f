"""The types of tool arguments: checked by kind and range before any tool runs.

Strict: no value is converted, so a bool is not a number and ``"5"`` is not 5. NaN and infinities
are refused everywhere.
"""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from core.types import Side

SYMBOL = r"^[A-Z0-9][A-Z0-9. -]{0,11}$"


def _folded(value: Any) -> Any:
    # Full-width letters fold to ASCII; a Cyrillic A does not and is refused by the pattern.
    return unicodedata.normalize("NFKC", value) if isinstance(value, str) else value


Symbol = Annotated[
    str,
    BeforeValidator(_folded),
    Field(pattern=SYMBOL, description="a stock as IBKR spells it, upper case, such as BRK B"),
]
Symbols = Annotated[list[Symbol], Field(min_length=1, max_length=100)]
FewSymbols = Annotated[list[Symbol], Field(min_length=1, max_length=10)]
Shares = Annotated[int, Field(ge=1, le=1_000_000, description="whole shares")]
Holding = Annotated[int, Field(ge=-1_000_000, le=1_000_000, description="shares; below 0: short")]
Price = Annotated[float, Field(gt=0.0, le=1e7, description="per share, in the stock's currency")]
OrderSide = Annotated[Side, Field(description="BUY or SELL")]
OrderRef = Annotated[
    str, Field(pattern=r"^[\x21-\x7e]{1,40}$", description="as order_states names it")
]
OrderRefs = Annotated[list[OrderRef], Field(min_length=1, max_length=1000)]
Duration = Annotated[
    str,
    Field(pattern=r"^[1-9][0-9]{0,2} [DWMY]$", description="such as 30 D, 6 M or 2 Y"),
]
WaitSeconds = Annotated[float, Field(gt=0.0, le=60.0, description="seconds")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,128}$")]
Reason = Annotated[str, Field(min_length=3, max_length=200)]
