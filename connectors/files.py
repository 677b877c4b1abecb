"""Files as sources: CSV, TSV, Parquet and JSON lines, alone or by glob, plain or compressed with gzip or zstd."""

from __future__ import annotations

import glob
import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

from connectors import delimited
from connectors.base import BadLine, Scan
from connectors.config import Config, ModelConfig, Rows, Source
from connectors.errors import CandorError, UsageError, nearest
from connectors.schema import LINE, literal, quote
from connectors.validate import check_columns, roles_of

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

PARQUET_ROWS = 2_000_000  # rows a scan: what fits the smallest sensible memory limit with room for a join
TEXT_ROWS = 1_000_000
BAD_LINES = 20_000  # kept in memory until the scan is stored
OPTIONS = ("format", "delimiter")
FORMATS = ("csv", "tsv", "parquet", "json")
_ENDINGS = {
    ".csv": "csv", ".txt": "csv", ".tsv": "csv", ".tab": "csv", ".parquet": "parquet", ".pq": "parquet",
    ".json": "json", ".jsonl": "json", ".ndjson": "json",
}  # fmt: skip
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class FileConnector:
    """A `kind = "file"` source: every file that its path or glob names, in sorted order."""

    name: ClassVar[str] = "file"

    def __init__(self, config: Config, model: ModelConfig, source: Source) -> None:
        where = f'{config.path}: models.{model.name}.sources "{source.name}"'
        for key in source.options:
            if key not in OPTIONS:
                raise UsageError(f'{where}: unknown key "{key}"; {nearest(key, ["kind", "path", "rows", "name", *OPTIONS])}')
        self._format = self._option(source, "format", where)
        self._delimiter = self._option(source, "delimiter", where)
        if self._format is not None and self._format not in FORMATS:
            raise UsageError(f'{where}: format is "{self._format}"; {nearest(self._format, FORMATS)}')
        if self._delimiter is not None and (len(self._delimiter) != 1 or self._delimiter in '"\n\r'):
            raise UsageError(f"{where}: delimiter is {self._delimiter!r}; it must be one character, such as ';'")
        self._config, self._model, self._source, self._where = config, model, source, where

    @staticmethod
    def _option(source: Source, key: str, where: str) -> str | None:
        value = source.options.get(key)
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{where}: {key} is {value!r}; it must be a text")
        return value

    def paths(self) -> list[Path]:
        """The files, sorted.

        Raises
        ------
        UsageError
            There are none; for a plain path the sentence names the nearest file beside it.
        """
        given = self._source.path or ""
        absolute = str(self._config.folder / Path(given).expanduser())
        if os.path.isfile(absolute):
            return [Path(absolute)]
        if os.path.isdir(absolute):
            raise UsageError(f'{self._where}: {given} is a folder; write "{given.rstrip("/")}/*.csv" or the like')
        if glob.has_magic(given):
            found = sorted(glob.glob(absolute, recursive=True))
            files = [Path(path) for path in found if os.path.isfile(path)]
            if not files:
                raise UsageError(f'{self._where}: no file matches "{given}" in {self._config.folder}')
            return files
        folder = Path(absolute).parent
        beside = sorted(entry.name for entry in folder.iterdir() if entry.is_file())[:500] if folder.is_dir() else []
        raise UsageError(f"{self._where}: there is no file {given}; {nearest(Path(given).name, beside)}")

    def batches(self) -> Iterator[File]:
        """One batch a file."""
        for path in self.paths():
            yield self._open(path)

    def _open(self, path: Path) -> File:
        try:
            return File(self, path)
        except OSError as error:
            raise CandorError(f"{path}: cannot be read ({error.strerror or error})") from None

    def ledger_path(self, path: Path) -> str:
        """How the ledger writes a path: relative to the configuration's folder where it lies under it."""
        resolved, folder = Path(os.path.abspath(path)), Path(os.path.abspath(self._config.folder))
        return resolved.relative_to(folder).as_posix() if resolved.is_relative_to(folder) else resolved.as_posix()


class File:
    """One file as it is now."""

    def __init__(self, connector: FileConnector, path: Path) -> None:
        self._connector = connector
        self._file = path
        self._model = connector._model
        self.path = connector.ledger_path(path)
        self.rows: Rows = connector._source.rows
        self.source = connector._source.name
        status = path.stat()
        self.size, self.modified = status.st_size, status.st_mtime_ns
        with path.open("rb") as raw:
            self._magic = raw.read(4)
        self._format = connector._format or self._guess()
        self._format = "csv" if self._format == "tsv" else self._format
        self._header: tuple[str, ...] | None = None
        self._delimiter = ""
        if self._format == "parquet":
            self._header = self._parquet_columns()
        elif self._format == "csv":
            self._header = self._csv_columns()
        else:
            self._refuse_array()
        if self._header is not None:
            check_columns(connector._config, self._model, self.rows, str(path), self._header)

    def columns(self) -> tuple[str, ...] | None:
        """The header; None for JSON lines, whose columns are the keys met."""
        return self._header

    def content(self) -> str:
        """The file's SHA-256."""
        with self._file.open("rb") as raw:
            return hashlib.file_digest(raw, "sha256").hexdigest()

    def check_unchanged(self) -> None:
        """Raise CandorError when the file was written to since it was opened."""
        status = self._file.stat()
        if (status.st_size, status.st_mtime_ns) != (self.size, self.modified):
            raise CandorError(f"{self._file}: changed while it was being read; nothing of this part was stored, run the command again")

    def scans(self, connection: duckdb.DuckDBPyConnection, first_line: int | None) -> Iterator[Scan]:
        """Load the file in stretches of one or two million rows."""
        if self._format == "parquet":
            yield from self._parquet(connection, first_line or 1)
        else:
            yield from self._text(connection, first_line)

    # -- Parquet: read by the database itself, in row ranges

    def _parquet_columns(self) -> tuple[str, ...]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            metadata = pq.read_metadata(self._file)
            names = metadata.schema.to_arrow_schema().names
        except (pa.ArrowException, OSError) as error:
            raise CandorError(f"{self._file}: is not a readable Parquet file ({str(error).splitlines()[0][:200]})") from None
        self._count = int(metadata.num_rows)
        return tuple(str(name) for name in names)

    def _parquet(self, connection: duckdb.DuckDBPyConnection, first_line: int) -> Iterator[Scan]:
        path = literal(glob.escape(str(self._file)))  # the reader would take a bracket in a name for a glob
        reader = f"read_parquet([{path}], file_row_number = true)"
        types = {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE SELECT * FROM {reader}").fetchall()}
        types.pop("file_row_number")
        start = first_line - 1
        while True:
            stop = min(start + PARQUET_ROWS, self._count)
            name = "candor_scan"
            connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * EXCLUDE (file_row_number), file_row_number + 1 AS {quote(LINE)}"
                f" FROM {reader} WHERE file_row_number >= {start} AND file_row_number < {stop}"
            )
            yield Scan(
                relation=f"temp.main.{name}", types=types, text=False, rows=max(stop - start, 0), bad=(),
                first_line=start + 1, next_line=stop + 1, complete=stop >= self._count,
            )  # fmt: skip
            connection.execute(f"DROP VIEW IF EXISTS temp.main.{name}")
            start = stop
            if stop >= self._count:
                return

    # -- CSV and JSON lines: cut into records here, typed by the database afterwards

    def _guess(self) -> str:
        suffixes = [suffix.lower() for suffix in self._file.suffixes]
        if suffixes and suffixes[-1] in {".gz", ".zst", ".zstd"}:
            suffixes.pop()
        if self._magic == b"PAR1":
            return "parquet"
        if suffixes and suffixes[-1] in _ENDINGS:
            return _ENDINGS[suffixes[-1]]
        return "json" if self._first_line().lstrip()[:1] in {b"{", b"["} else "csv"

    def _stream(self) -> IO[bytes]:
        if self._magic.startswith(_GZIP):
            import gzip

            return cast(IO[bytes], gzip.open(self._file, "rb"))
        if self._magic == _ZSTD:
            import pyarrow as pa

            return cast(IO[bytes], pa.input_stream(str(self._file), compression="zstd"))
        return self._file.open("rb")

    def _first_line(self) -> bytes:
        with self._stream() as stream:
            try:
                head = stream.read(delimited.MAX_LINE)
            except (OSError, EOFError, zlib.error) as error:
                raise self._cut_off(error) from None
        if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            raise CandorError(f"{self._file}: is UTF-16 text; save it as UTF-8")
        return next((line for line in head.replace(b"\r", b"\n").split(b"\n") if line.strip()), b"")

    def _refuse_array(self) -> None:
        if self._first_line().removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
            raise CandorError(f"{self._file}: is one JSON array; write JSON lines, one object a line without commas between")

    def _csv_columns(self) -> tuple[str, ...]:
        line = self._first_line()
        if not line:
            raise CandorError(f"{self._file}: is empty; a CSV file begins with a line of column names")
        wanted = roles_of(self._model, self.rows)
        given = self._connector._delimiter or ("\t" if self._connector._format == "tsv" else None)
        self._delimiter = given or delimited.detect(line, wanted)
        names = delimited.header(line, self._delimiter, str(self._file))
        if wanted and len(names) == 1 and names[0] not in wanted:
            likely = delimited.detect(line, wanted, (*delimited.DELIMITERS, *delimited.UNUSUAL))
            if len(delimited.header(line, likely, str(self._file))) > 1:
                raise UsageError(
                    f"{self._file}: read with the delimiter {self._delimiter!r} it has the single column {names[0][:80]!r}; "
                    f"its delimiter is likely {likely!r}, so write delimiter = {_toml_text(likely)} in the source"
                )
        return tuple(names)

    def _cut_off(self, error: Exception) -> CandorError:
        return CandorError(f"{self._file}: the compressed file is cut off or damaged ({error}); fetch it again")

    def _text(self, connection: duckdb.DuckDBPyConnection, first_line: int | None) -> Iterator[Scan]:
        parser: delimited.Records | Any
        if self._format == "csv":
            parser = delimited.Records(self._header or (), self._delimiter)
        else:
            from connectors.json_lines import Objects

            parser = Objects(str(self._file))
        stretch = _Stretch(connection, parser, first_line)
        ahead: list[bytes] | None = None
        with self._stream() as stream:
            lines = delimited.blocks(stream)
            try:
                ahead = next(lines, None)
                while ahead is not None:
                    now, ahead = ahead, next(lines, None)
                    stretch.take(now, last=ahead is None)
                    if (stretch.rows >= TEXT_ROWS or len(stretch.bad) >= BAD_LINES) and ahead is not None:
                        yield stretch.scan(complete=False)
                        stretch.clear()
            except (EOFError, OSError, zlib.error) as error:
                raise self._cut_off(error) from None
        yield stretch.scan(complete=True)
        stretch.clear()


class _Stretch:
    """Rows of text gathered in a temporary table until there are enough for a commit."""

    _name = "candor_text"

    def __init__(self, connection: duckdb.DuckDBPyConnection, parser: Any, first_line: int | None) -> None:
        self._connection, self._parser = connection, parser
        self._from = first_line or 1
        self._skip_header = isinstance(parser, delimited.Records)
        self.clear()

    def clear(self) -> None:
        """Begin the next stretch."""
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {self._name} ({quote(LINE)} BIGINT)")
        self._columns: dict[str, None] = {}
        self.rows = 0
        self.bad: list[BadLine] = []
        self._first = max(self._parser.line, self._from)

    def take(self, lines: list[bytes], *, last: bool) -> None:
        """Parse a block and append its rows."""
        import pyarrow as pa

        if self._skip_header:
            while lines and not lines[0].strip():
                lines = lines[1:]
                self._parser.line += 1
            if not lines:
                return
            lines = lines[1:]
            self._parser.line += 1
            self._skip_header = False
        found = self._parser.feed(lines, last=last) if isinstance(self._parser, delimited.Records) else self._parser.feed(lines)
        table, numbers, bad = found
        self.bad += [line for line in bad if line.line >= self._from]
        if table is None:
            return
        table = table.append_column(LINE, pa.array(numbers, pa.int64()))
        if numbers[0] < self._from:
            table = table.slice(sum(number < self._from for number in numbers))
        self._append(table)

    def _append(self, table: pa.Table) -> None:
        for name in table.column_names:
            if name != LINE and name not in self._columns:
                self._connection.execute(f"ALTER TABLE {self._name} ADD COLUMN {quote(name)} VARCHAR")
                self._columns[name] = None
        self._connection.register("candor_block", table)
        self._connection.execute(f"INSERT INTO {self._name} BY NAME SELECT * FROM candor_block")
        self._connection.unregister("candor_block")
        self.rows += table.num_rows

    def scan(self, *, complete: bool) -> Scan:
        """What was gathered."""
        strings: Sequence[str] = () if isinstance(self._parser, delimited.Records) else sorted(self._parser.strings)
        return Scan(
            relation=f"temp.main.{self._name}", types=dict.fromkeys(self._columns, "VARCHAR"), text=True, strings=frozenset(strings),
            rows=self.rows, bad=tuple(self.bad), first_line=self._first, next_line=self._parser.line, complete=complete,
        )  # fmt: skip


def _toml_text(value: str) -> str:
    return '"\\t"' if value == "\t" else f'"{value}"'
