"""A small world for the connector tests: a folder, a configuration, and a look into the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.config import Config, load
from connectors.ingest import LedgerRow, ingest
from connectors.warehouse import open_warehouse

COLUMNS = """
[models.m.columns]
id = "id"
time = "at"
score = "score"
decision = "decision"
outcome = "outcome"
"""


HEADER = "id,at,score,decision,outcome\n"


class World:
    """One folder with one model "m"."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.toml = folder / "candor.toml"
        self.configure()

    def configure(
        self,
        *,
        path: str = "log.csv",
        rows: str = "both",
        columns: str = COLUMNS,
        model: str = "",
        source: str = "",
        sources: str | None = None,
    ) -> None:
        """Write candor.toml."""
        listed = f'[[models.m.sources]]\npath = "{path}"\nrows = "{rows}"\n{source}\n' if sources is None else sources
        self.toml.write_text(f"version = 1\n[models.m]\n{model}\n{columns}\n{listed}", encoding="utf-8")

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    @property
    def config(self) -> Config:
        """The configuration as it is now."""
        return load(self.toml)

    def ingest(self) -> list[LedgerRow]:
        """Ingest everything and check what must hold after every ingest."""
        rows = ingest(self.config)
        self.check_laws()
        return rows

    def sql(self, query: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with open_warehouse(self.config.warehouse, write=False) as warehouse:
            return warehouse.connection.execute(query, list(params)).fetchall()

    def one(self, query: str) -> Any:
        """A single value."""
        return self.sql(query)[0][0]

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that is stored about the model."""
        return {
            name: self.sql(f"FROM {name} ORDER BY ALL")
            for name in (
                '"model:m".predictions', '"model:m".outcomes', "candor.ledger", "candor.quarantine", "candor.partitions", "candor.layouts",
            )
        }  # fmt: skip

    def check_laws(self) -> None:
        """Rows add up, are numbered without gaps, lie in the partition that they are counted in, and outcomes are unique."""
        log = '"model:m".predictions'
        assert self.sql("FROM candor.ledger WHERE received <> accepted + duplicate + quarantined") == []
        assert self.one("SELECT coalesce(sum(accepted), 0) FROM candor.ledger WHERE kind <> 'outcomes'") == self.one(
            f"SELECT count(*) FROM {log}"
        )
        assert self.one("SELECT coalesce(sum(quarantined), 0) FROM candor.ledger") == self.one("SELECT count(*) FROM candor.quarantine")
        assert self.one("SELECT coalesce(sum(outcomes), 0) FROM candor.ledger") == self.one('SELECT count(*) FROM "model:m".outcomes')
        assert self.sql('SELECT "candor:key" FROM "model:m".outcomes GROUP BY 1 HAVING count(*) > 1') == []
        numbers = self.sql(
            'SELECT count(*), count(DISTINCT "candor:row"), min("candor:row"), max("candor:row") FROM "model:m".predictions'
            ' JOIN candor.partitions ON partition = "candor:partition" GROUP BY reference'
        )
        for count, distinct, first, last in numbers:
            assert (count, first, last) == (distinct, 0, count - 1)
        assert (
            self.sql(
                f'SELECT partition, p.rows, count("candor:row") FROM candor.partitions p LEFT JOIN {log} ON partition = "candor:partition"'
                ' GROUP BY ALL HAVING p.rows <> count("candor:row")'
            )
            == []
        )


def csv_rows(ids: Sequence[object], *, outcome: object = 1, day: int = 1, extra: str = "") -> str:
    """Lines of a log with the columns id, at, score, decision, outcome."""
    return "".join(f"{i},2026-01-{day:02d}T10:00:00Z,0.5,1,{outcome}{extra}\n" for i in ids)
