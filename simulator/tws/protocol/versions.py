"""The protocol versions spoken here, and at which version each field came or went.

A connection has one version for its whole life. What writes or reads a frame that differs between
the two takes that version and asks for the field's `Since`.
"""

from __future__ import annotations

from enum import IntEnum

OLDEST, NEWEST = 157, 178  # the official ibapi 9.81 client, and the newest of ib_async 2.1
SPOKEN = (NEWEST, OLDEST)  # by preference. Never 158: ib_async misplaces `duration` there


class Since(IntEnum):
    """The first version at which something is on the wire.

    Source: the server versions of the official Python clients 9.81 and 10.46.
    """

    DURATION = 158  # of an order
    POST_TO_ATS = 160
    AUTO_CANCEL_PARENT = 162
    SIZE_RULES = 164  # three sizes end contractData; no version field, no mdSizeMultiplier
    ADVANCED_REJECT = 166  # ends an error; advancedErrorOverride in placeOrder
    MANUAL_TIME = 169  # of placeOrder and cancelOrder
    CALENDAR_FILTERS = 173  # end reqWshEventData (the first half of them at 171)
    PEG_BEST = 170  # five fields end openOrder and completedOrder
    ISSUER = 176  # issuerId in reqContractDetails, description and issuerId in symbolSamples
    NO_FA_PROFILE = 177  # before, faProfile follows faPercentage in all three order frames
    PENDING_PRICE = 178  # ends execDetails


def negotiate(lowest: int, highest: int) -> int | None:
    """Return the version to speak with a client that knows a range, None when there is none."""
    return next((version for version in SPOKEN if lowest <= version <= highest), None)
