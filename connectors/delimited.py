"""Records of a CSV or TSV file, with their line numbers; a broken line is set aside and never takes its neighbours along.

The bytes are cut into records here, so that a stray quote, a NUL or a line of 60 MB costs one line. Values are parsed by pyarrow.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING

from connectors.base import BadLine
from connectors.errors import CandorError
from connectors.schema import MAX_COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

MAX_LINE = 1_000_000
MAX_JOINED = 1_000  # physical lines that one quoted value may span
BLOCK = 8_000_000
DELIMITERS = (",", ";", "\t", "|")
UNUSUAL = ("~", "^", ":", " ", "\x01")


def blocks(stream: IO[bytes]) -> Iterator[list[bytes]]:
    """Physical lines without their line ends, some megabytes at a time; an overlong line is cut at MAX_LINE + 1 bytes.

    Raises
    ------
    OSError, EOFError
        The stream breaks off, as a truncated gzip file does.
    """
    rest = b""
    cr_only: bool | None = None
    while data := stream.read(BLOCK):
        if cr_only is None:
            cr_only = b"\n" not in data and b"\r" in data[:-1]
        if cr_only:
            data = data.replace(b"\r", b"\n")
        lines = (rest + data).split(b"\n")
        rest = lines.pop()[: MAX_LINE + 2]
        yield [line[:-1] if line.endswith(b"\r") else line for line in lines]
    if rest:
        yield [rest.removesuffix(b"\r")]


def header(line: bytes, delimiter: str, where: str) -> list[str]:
    """The column names of a header line; a name left empty becomes "column 1" and so on.

    Raises
    ------
    CandorError
        The header is not UTF-8, has broken quotes or has more than MAX_COLUMNS columns.
    """
    try:
        text = line.decode("utf-8-sig")
        names = next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except UnicodeDecodeError:
        raise CandorError(f"{where}: line 1 is not UTF-8 text; save the file as UTF-8") from None
    except csv.Error as error:
        raise CandorError(f"{where}: line 1, the header, cannot be read ({error})") from None
    if len(names) > MAX_COLUMNS:
        raise CandorError(f"{where}: the header has {len(names)} columns; at most {MAX_COLUMNS} are read")
    return [name or f"column {position}" for position, name in enumerate(names, start=1)]


def detect(line: bytes, wanted: Sequence[str], candidates: Sequence[str] = DELIMITERS) -> str:
    """The delimiter under which a header names most of the wanted columns, or else has most columns.

    Example
    -------
    >>> detect(b"id;amount, in EUR;sex", ["id", "sex"])
    ';'
    """
    text = line.decode("utf-8-sig", errors="replace")

    def score(delimiter: str) -> tuple[int, int]:
        try:
            names = next(csv.reader([text], delimiter=delimiter), [])
        except csv.Error:
            return (0, 0)
        return (len(set(wanted) & set(names)), len(names))

    return max(candidates, key=score)


class Records:
    """Cuts physical lines into records of a fixed number of values."""

    def __init__(self, columns: Sequence[str], delimiter: str) -> None:
        self.columns = list(columns)
        self.delimiter = delimiter
        self.line = 1  # number of the next physical line
        self._pending: list[bytes] = []
        d = re.escape(delimiter.encode())
        value = rb'(?:"(?:[^"]|"")*+"|[^"' + d + rb"\n][^" + d + rb"\n]*+|)"
        self._record = re.compile(value + (rb"(?:" + d + value + rb"){%d}" % (len(self.columns) - 1)))

    def feed(self, lines: list[bytes], *, last: bool) -> tuple[pa.Table | None, list[int], list[BadLine]]:
        """Cut a block; what may go on in the next block waits, unless this is the last one."""
        lines = self._pending + lines
        self._pending = []
        first = self.line
        if self._plain(lines):
            self.line += len(lines)
            return self._parse(lines), list(range(first, self.line)), []
        good: list[bytes] = []
        numbers: list[int] = []
        bad: list[BadLine] = []
        at = 0
        while at < len(lines):
            reason, length = self._record_at(lines, at, last=last)
            if length == 0:
                self._pending = lines[at:]
                break
            if reason is None:
                good.append(b"\n".join(lines[at : at + length]))
                numbers.append(first + at)
            elif reason:
                bad.append(BadLine(line=first + at, reason=reason, row=shown(lines[at])))
            at += length
        self.line = first + at
        return self._parse(good), numbers, bad

    def _plain(self, lines: list[bytes]) -> bool:
        """Whether every line is a record as it stands; the common case, decided without looking at single lines twice."""
        text = b"\n".join(lines)
        if b'"' in text or b"\x00" in text or b"\r" in text or not lines:
            return False
        separators = len(self.columns) - 1
        mark = self.delimiter.encode()
        if any(line.count(mark) != separators or not line or len(line) > MAX_LINE for line in lines):
            return False
        return is_utf8(text)

    def _record_at(self, lines: list[bytes], at: int, *, last: bool) -> tuple[str | None, int]:
        """What is wrong with the record at `at` (None: nothing; "": a blank line) and how many lines it takes (0: wait)."""
        line = lines[at]
        if not line.strip():
            return "", 1
        reason = refuse(line)
        if reason is not None:
            return reason, 1
        if self._record.fullmatch(line):
            return None, 1
        quotes = line.count(b'"')
        if quotes % 2 == 0:
            return self._mismatch(line), 1
        joined = line
        for length in range(2, MAX_JOINED + 1):
            if at + length > len(lines):
                if not last and len(joined) <= MAX_LINE:
                    return None, 0
                break
            following = lines[at + length - 1]
            joined += b"\n" + following
            if len(joined) > MAX_LINE or refuse(following) is not None:
                break
            if following.count(b'"') % 2:
                if self._record.fullmatch(joined):
                    return None, length
                break
        return "a quote is opened and never closed", 1

    def _mismatch(self, line: bytes) -> str:
        expected = len(self.columns)
        try:
            found = len(next(csv.reader([line.decode()], delimiter=self.delimiter, strict=True), []))
        except csv.Error:
            return "the quotes do not match"
        if found == expected:
            return "the quotes do not match"
        return f"{found} value{'s' * (found != 1)} where the header has {expected}"

    def _parse(self, records: list[bytes]) -> pa.Table | None:
        if not records:
            return None
        import pyarrow as pa
        import pyarrow.csv as reader

        text = b"\n".join(records) + b"\n"
        try:
            table = reader.read_csv(
                io.BytesIO(text),
                read_options=reader.ReadOptions(column_names=self.columns, block_size=len(text) + 1, use_threads=True),
                parse_options=reader.ParseOptions(delimiter=self.delimiter, newlines_in_values=True, ignore_empty_lines=False),
                convert_options=reader.ConvertOptions(
                    column_types=dict.fromkeys(self.columns, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                    check_utf8=False,
                ),
            )
            if table.num_rows == len(records):
                return table
        except pa.ArrowInvalid:
            pass
        # The two parsers disagree about one of these records: the slower one takes them singly.
        rows = [next(csv.reader(io.StringIO(record.decode(), newline=""), delimiter=self.delimiter)) for record in records]
        columns = zip(*((row + [""] * len(self.columns))[: len(self.columns)] for row in rows), strict=True)
        return pa.table(
            {name: pa.array([v or None for v in values], pa.string()) for name, values in zip(self.columns, columns, strict=True)}
        )


def refuse(line: bytes) -> str | None:
    """Why a physical line cannot be read at all; None when it can."""
    if len(line) > MAX_LINE:
        return "the line is longer than 1 MB"
    if b"\x00" in line:
        return "the line contains a NUL byte"
    if not is_utf8(line):
        return "the line is not valid UTF-8"
    return None


def is_utf8(text: bytes) -> bool:
    """Whether the bytes are UTF-8."""
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def shown(line: bytes) -> str:
    """A broken line as JSON for the quarantine, cut at 2,000 bytes."""
    return json.dumps({"line": line[:2_000].decode("utf-8", errors="backslashreplace").replace("\x00", "\\x00")}, ensure_ascii=False)
