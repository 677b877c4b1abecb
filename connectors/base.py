"""What every source kind has in common: stretches of rows, the lines that are broken, and what was ingested before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from connectors.config import Rows
from connectors.errors import UsageError, nearest

if TYPE_CHECKING:
    import duckdb

    from connectors.config import Config, ModelConfig, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that cannot be a row; `row` is what was found, as JSON, and may be cut off."""

    line: int
    reason: str
    row: str
    column: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """What the ledger knows of one path: its last batch, its content, and the line to go on from."""

    batch: int
    content: str
    size: int
    modified: int
    next_line: int
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Rows waiting in the database under the name `relation`, not yet judged.

    The relation has the source's own columns and `candor:line`. `types` holds the database's type of each source
    column; where `text` is true everything is VARCHAR and the real types are still to be found, except in the columns
    named in `strings`, which the source itself declares to be text. Lines `first_line` up to, not including,
    `next_line` are covered.
    """

    relation: str
    types: Mapping[str, str]
    text: bool
    strings: frozenset[str] = frozenset()
    rows: int
    bad: tuple[BadLine, ...]
    first_line: int
    next_line: int
    complete: bool


class Batch(Protocol):
    """One version of one place that rows come from, read in one or more scans; each scan commits with its cursor."""

    path: str
    rows: Rows
    source: str
    size: int
    modified: int

    def columns(self) -> tuple[str, ...] | None:
        """The columns announced before the rows (a header); None when they are only known from the rows."""

    def content(self) -> str:
        """A hash of everything that will be read."""

    def scans(self, connection: duckdb.DuckDBPyConnection, first_line: int | None) -> Iterator[Scan]:
        """Load stretch after stretch, from the start or from `first_line`."""

    def check_unchanged(self) -> None:
        """Raise CandorError when the place has changed since it was looked at."""


class Connector(Protocol):
    """One kind of source."""

    name: ClassVar[str]

    def batches(self) -> Iterator[Batch]:
        """Everything there is to read now, in the order in which rows are numbered."""


class ConnectorClass(Protocol):
    """How a connector is made."""

    def __call__(self, config: Config, model: ModelConfig, source: Source) -> Connector: ...


KINDS: dict[str, str] = {
    "file": "connectors.files:FileConnector",
}


def connector(config: Config, model: ModelConfig, source: Source) -> Connector:
    """The connector for a source.

    Raises
    ------
    UsageError
        There is no such kind; the sentence lists those that exist.
    """
    import importlib

    if source.kind not in KINDS:
        raise UsageError(
            f'{config.path}: models.{model.name}.sources: there is no source kind "{source.kind}"; {nearest(source.kind, KINDS)}'
            f" (kinds: {', '.join(sorted(KINDS))})"
        )
    module, name = KINDS[source.kind].split(":")
    made: ConnectorClass = getattr(importlib.import_module(module), name)
    return made(config, model, source)
