"""A reader of models that misbehaves on demand; the sandbox runs it in place of a format's own."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from connectors.sandbox_child import Refused

_LENGTHS = {"huge body": (100, 200_000), "huge text": (1 << 28, 100)}
"""Bytes of text and of numbers that are announced where 40 rows were asked about."""


def prepare() -> None:
    """Nothing to import that is not here already."""
    import pyarrow.compute  # noqa: F401


def load(content: bytearray, settings: dict[str, Any]) -> Any:
    """The model that does what the file's text says."""
    return Hostile(bytes(content).decode(), settings)


class Hostile:
    """One that answers the column "x", or worse."""

    def __init__(self, what: str, settings: dict[str, Any]) -> None:
        self.what, self.settings, self.asked = what, settings, 0
        self.about = {"inputs": ["x"], "count": 1, "classes": [], "outputs": 1, "notes": []}
        if what == "endless":
            self.about["outputs"] = 10**9
        if what == "hang at once":
            time.sleep(60)

    def predict(self, rows: Any) -> Any:
        """What was asked for."""
        self.asked += 1
        x = np.asarray(rows.column("x").to_numpy(), dtype=float)
        if self.what in _LENGTHS:
            os.write(4, struct.pack(">IQ", *_LENGTHS[self.what]))
            time.sleep(60)  # a parent that believes it waits for what was announced
        return self._answer(x), {"x": ["new" * 1_000] * 30} if self.what == "talkative" else {}

    def parts(self) -> None:
        """None at all, or an announcement of more than anything has."""
        if self.what == "huge parts":
            os.write(4, struct.pack(">IQ", 100, 1 << 29))
            time.sleep(60)

    def _answer(self, x: Any) -> Any:
        match self.what:
            case "chance":
                return x + self.asked
            case "neighbours":
                return np.cumsum(x)
            case "few":
                return x[:-1]
            case "wide":
                return np.column_stack([x, x])
            case "throw":
                raise RuntimeError("no such\nluck")
            case "shout":
                text = json.dumps({"error": "refused", "text": "x" * 20_000}).encode()
                os.write(4, struct.pack(">IQ", len(text), 0) + text)
            case "refuse":
                raise Refused("these rows are not to my taste")
            case "hang":
                time.sleep(60)
            case "spin":
                while True:
                    pass
            case "eat":
                return x + len(bytearray(4_000_000_000))
            case "break":
                os.abort()
            case "leave":
                os._exit(3)
            case "flood":
                os.write(4, b"x" * 100)  # the pipe of answers is one of the few descriptors there are
            case "some":
                return np.where(x > 1, np.nan, x)
            case _:
                return x + self._crime()
        return x

    def _crime(self) -> float:
        """0 if it went through, 1 if it was refused, tried as natively as Python can."""
        native = ctypes.CDLL(None, use_errno=True)
        native.opendir.restype = ctypes.c_void_p
        settings_of_a_user = Path(self.settings.get("secret", "/none"))
        crimes = {
            "socket": lambda: native.socket(socket.AF_INET, socket.SOCK_STREAM, 0),
            "python socket": socket.socket,
            "fork": lambda: native.fork(),
            "program": lambda: native.execv(b"/bin/true", (ctypes.c_char_p * 2)(b"/bin/true", None)),
            "python program": lambda: subprocess.run(["/bin/true"], check=False),
            "file": lambda: native.open(b"/tmp/written by a model", os.O_WRONLY | os.O_CREAT, 0o600),
            "secret": lambda: native.open(str(settings_of_a_user).encode(), os.O_RDONLY),
            "overwrite": lambda: native.open(str(settings_of_a_user).encode(), os.O_RDWR),
            "checkout": lambda: native.open(str(Path(__file__).parents[3] / "pyproject.toml").encode(), os.O_RDONLY),
            "python secret": lambda: settings_of_a_user.read_text() and 0,
            "listing": lambda: -1 if native.opendir(str(settings_of_a_user.parent).encode()) is None else 0,
            "environment": lambda: native.open(f"/proc/{os.getppid()}/environ".encode(), os.O_RDONLY),
            "arguments": lambda: native.open(f"/proc/{os.getppid()}/cmdline".encode(), os.O_RDONLY),
            "mode": lambda: native.syscall(452, -100, str(settings_of_a_user).encode(), 0o777, 0),  # fchmodat2, as of Linux 6.6
            "remove": lambda: native.unlink(sys.argv[0].encode()),
            "kill": lambda: native.kill(os.getppid(), 0),
            "limits": lambda: native.prlimit(0, 9, (ctypes.c_uint64 * 2)(2**63, 2**63), None),
        }
        if self.what not in crimes:
            return 0.0
        try:
            return float(crimes[self.what]() in (-1,))
        except PermissionError:
            return 1.0
