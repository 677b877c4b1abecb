"""As much of an ONNX file as is needed to look into it: its nodes, their attributes, and tensors that would be fetched from elsewhere."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from connectors.sandbox_child import Refused

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
_DEPTH = 32
_INT64 = 7
_GRAPH, _FUNCTIONS = 7, 25
_NODE, _INITIALIZER, _SPARSE = 1, 5, 15
Attribute = float | int | bytes | list[float] | list[int] | list[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operation."""

    kind: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Attribute]


@dataclass(slots=True)
class Graph:
    """What was found: nodes of the graph itself and its constants (whole numbers kept), domains of all, those of functions that the file
    itself defines, and whether data lies elsewhere.
    """

    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, list[int]] = field(default_factory=dict)
    domains: dict[str, str] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    external: bool = False


def read_graph(content: memoryview) -> Graph:
    """The graph of a model.

    Raises
    ------
    Refused
        This is no ONNX file, or not all of it.
    """
    found = Graph()
    try:
        for number, value in _fields(content):
            if number == _GRAPH and isinstance(value, memoryview):
                found.nodes += _graph(value, found, 0)
            elif number == _FUNCTIONS and isinstance(value, memoryview):
                for inner, each in _fields(value):
                    if inner == 7 and isinstance(each, memoryview):
                        _node(each, found, 0)
                    elif inner == 10 and isinstance(each, memoryview):
                        found.functions.add(bytes(each).decode("utf-8"))
    except (IndexError, struct.error, UnicodeDecodeError, ValueError):
        raise Refused("this is not an ONNX file, or not all of it") from None
    if not found.nodes:
        raise Refused("this is not an ONNX file, or its graph is empty")
    return found


def _graph(content: memoryview, found: Graph, depth: int) -> list[Node]:
    if depth > _DEPTH:
        raise Refused("the graphs in the file are nested too deeply")
    nodes = []
    for number, value in _fields(content):
        if not isinstance(value, memoryview):
            continue
        if number == _NODE:
            nodes.append(_node(value, found, depth))
        elif number == _INITIALIZER:
            _tensor(value, found)
            if depth == 0:
                name, integers = _constant(value)
                found.constants[name] = integers
        elif number == _SPARSE:
            _sparse(value, found)
    return nodes


def _node(content: memoryview, found: Graph, depth: int) -> Node:
    inputs, outputs, kind, domain, attributes = [], [], "", "", {}
    for number, value in _fields(content):
        if not isinstance(value, memoryview):
            continue
        if number == 5:
            name, attribute = _attribute(value, found, depth)
            if attribute is not None:
                attributes[name] = attribute
            continue
        text = bytes(value).decode("utf-8")
        match number:
            case 1:
                inputs.append(text)
            case 2:
                outputs.append(text)
            case 4:
                kind = text
            case 7:
                domain = text
    found.domains.setdefault(domain, kind)
    return Node(kind=kind, domain=domain, inputs=tuple(inputs), outputs=tuple(outputs), attributes=attributes)


def _attribute(content: memoryview, found: Graph, depth: int) -> tuple[str, Attribute | None]:
    name = ""
    held: Attribute | None = None
    floats: list[float] = []
    integers: list[int] = []
    strings: list[bytes] = []
    for number, value in _fields(content):
        if isinstance(value, memoryview):
            match number:
                case 1:
                    name = bytes(value).decode("utf-8")
                case 4:
                    held = bytes(value)
                case 5 | 10:
                    _tensor(value, found)
                case 6 | 11:
                    _graph(value, found, depth + 1)
                case 7:
                    floats += struct.unpack(f"<{len(value) // 4}f", value)
                case 8:
                    integers += _packed(value)
                case 9:
                    strings.append(bytes(value))
                case 22 | 23:
                    _sparse(value, found)
        elif number == 2:
            held = struct.unpack("<f", struct.pack("<I", value))[0]
        elif number == 3:
            held = _signed(value)
        elif number == 7:
            floats.append(struct.unpack("<f", struct.pack("<I", value))[0])
        elif number == 8:
            integers.append(_signed(value))
    return name, floats or integers or strings or held


def _tensor(content: memoryview, found: Graph) -> None:
    for number, value in _fields(content):
        if number == 13 or (number == 14 and value == 1):
            found.external = True


def _constant(content: memoryview) -> tuple[str, list[int]]:
    """(name, its numbers where they are whole)."""
    name, kind = "", 0
    integers: list[int] = []
    raw = b""
    for number, value in _fields(content):
        if isinstance(value, memoryview):
            match number:
                case 7:
                    integers += _packed(value)
                case 8:
                    name = bytes(value).decode("utf-8")
                case 9:
                    raw = bytes(value)
        elif number == 2:
            kind = value
        elif number == 7:
            integers.append(_signed(value))
    if kind == _INT64 and raw:
        integers = list(struct.unpack(f"<{len(raw) // 8}q", raw))
    return name, integers if kind == _INT64 else []


def _sparse(content: memoryview, found: Graph) -> None:
    for number, value in _fields(content):
        if number in (1, 2) and isinstance(value, memoryview):
            _tensor(value, found)


def _fields(content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of a message: an integer, the bits of a fixed number, or bytes."""
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        kind = key & 7
        if kind == _VARINT:
            value, at = _varint(content, at)
            yield key >> 3, value
        elif kind == _BYTES:
            length, at = _varint(content, at)
            if at + length > len(content):
                raise ValueError
            yield key >> 3, content[at : at + length]
            at += length
        elif kind in (_EIGHT, _FOUR):
            width = 8 if kind == _EIGHT else 4
            yield key >> 3, int.from_bytes(content[at : at + width], "little") if at + width <= len(content) else _broken()
            at += width
        else:
            raise ValueError


def _broken() -> int:
    raise ValueError


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError


def _packed(content: memoryview) -> list[int]:
    out, at = [], 0
    while at < len(content):
        value, at = _varint(content, at)
        out.append(_signed(value))
    return out


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
