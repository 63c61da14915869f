"""What every stage of one day knows: settings, session, account, moment, and where to write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from core.calendar import Session
from core.canonical import canonical_json
from core.settings import Settings
from core.storage.artefacts import Artefact, Store
from core.storage.paths import Paths
from core.tables import Schema, read_table, write_table
from desk.clocks import Clocks
from desk.gate.account_state import PastOf, recorded
from ibkr.gateway import Gateway, OpenGateway
from ibkr.socket_gateway import open_socket

Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True, slots=True)
class Day:
    """One session of one account, decided at one moment.

    ``settings`` are resolved: the gateway's port and the vendors' addresses are filled in.
    ``as_of`` is the gateway's own time when the run began; nothing later is used.
    """

    settings: Settings
    session: Session
    account: str
    run_key: str
    as_of: datetime
    started_at: datetime  # wall clock; names the run in the journal, decides nothing
    world: str = ""  # in one line: a gateway, or a market and what is real in it
    data_id: str = ""  # of the files behind a simulated world: other files, other inputs
    progress: Progress = field(default=silent, compare=False, repr=False)
    open_gateway: OpenGateway = field(default=open_socket, compare=False, repr=False)
    past: PastOf = field(default=recorded, compare=False, repr=False)
    clocks: Clocks | None = field(default=None, compare=False)  # as they were when it began

    @property
    def run_id(self) -> str:
        """The name of this one attempt: the run key and when it began."""
        return f"{self.run_key}.{self.started_at:%Y%m%dT%H%M%S%fZ}"

    @property
    def paths(self) -> Paths:
        """Where this mode's files live."""
        return Paths.of(self.settings)

    @property
    def store(self) -> Store:
        """Write-once files under the home folder."""
        return Store(self.paths.home)

    def connect(self, *, for_orders: bool = False) -> Gateway:
        """Open a line to the gateway; orders have their own client id."""
        return self.open_gateway(self.settings, for_orders=for_orders)

    def stage(self, name: str, frame: pd.DataFrame, schema: Schema) -> Artefact:
        """Write a table into the day's staging folder."""
        path = self.paths.staging(self.session.day, f"{name}.parquet")
        return write_table(self.store, path, frame, schema)

    def stage_raw(self, name: str, content: bytes) -> Artefact:
        """Write a raw payload into the day's staging folder."""
        path = self.paths.staging(self.session.day, name)
        return self.store.put(path, content, schema="raw", rows=0)

    def write(self, kind: str, frame: pd.DataFrame, schema: Schema) -> Artefact:
        """Write a table of the day, for example ``features``."""
        return write_table(self.store, self.paths.table(kind, self.session.day), frame, schema)

    def write_record(self, kind: str, value: Any) -> Artefact:
        """Write a JSON record of the day, for example ``positions``."""
        path = self.paths.record(kind, self.session.day)
        return self.store.put(path, canonical_json(value, indent=1), schema="json", rows=1)

    def read(self, artefact: Artefact, schema: Schema) -> pd.DataFrame:
        """Read a table back, checked."""
        return read_table(self.store, artefact, schema)

    def read_record(self, artefact: Artefact) -> Mapping[str, Any]:
        """Read a JSON record back, its hash checked."""
        content: Mapping[str, Any] = json.loads(self.store.open(artefact).read_bytes())
        return content
