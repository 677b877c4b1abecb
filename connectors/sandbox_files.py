"""Which files the process that reads a model may read: those that its libraries are made of, where the kernel has Landlock."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same on every architecture
_VERSION = 1
_BENEATH = 1
_EVERYTHING = (1 << 13) - 1  # all rights over files that the first version of Landlock knows
_EXECUTE, _READ, _LIST = 1 << 0, 1 << 2, 1 << 3
_ON_FILES = _EXECUTE | _READ
_NO_NEW_PRIVILEGES = 38
_SYSTEM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/sys/devices", "/dev/null", "/dev/urandom")
_KERNEL = (
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/filesystems", "/proc/sys/vm",
    "/proc/sys/kernel/osrelease",
)  # fmt: skip
"""What libraries ask the system about; not the rest of /proc, where the environments and arguments of other processes lie."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def hide_files() -> bool:
    """Close every file to this process but those of Python, of the system's libraries and of this package; whether the kernel does so.

    Threads that are there already are not held, so it comes before any library is imported.
    """
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(_CREATE, None, 0, _VERSION) < 1:
        return False
    wanted = _Ruleset(_EVERYTHING)
    rules = library.syscall(_CREATE, ctypes.byref(wanted), ctypes.sizeof(wanted), 0)
    if rules < 0:
        return False
    try:
        own = os.path.dirname(os.path.abspath(__file__))
        folders = (path for path in sys.path if path != os.path.dirname(own))  # where this package lies, a log may lie too
        for path in dict.fromkeys([*_SYSTEM, *_KERNEL, sys.prefix, sys.base_prefix, own, *folders]):
            _allow(library, rules, path)
        if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
            return False
        return bool(library.syscall(_RESTRICT, rules, 0) == 0)
    finally:
        os.close(rules)


def _allow(library: ctypes.CDLL, rules: int, path: str) -> None:
    with suppress(OSError):  # what is not there needs no rule
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rights = _ON_FILES | _LIST if os.path.isdir(path) else _ON_FILES
            beneath = _Beneath(rights, folder)
            library.syscall(_ADD, rules, _BENEATH, ctypes.byref(beneath), 0)
        finally:
            os.close(folder)
