"""What a process that reads a model gives up before it sees the first byte of it: memory, sockets, programs, and files to write.

On Linux (x86-64 and arm64) the kernel refuses: a filter on system calls that the process, its threads and whatever code a hostile file
might bring to run cannot take off again. Elsewhere only Python's own hooks and the limits that the system honours are in force.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import sys
from contextlib import suppress

Rule = tuple[int, int, int, int]

_DENIED: dict[str, tuple[int, ...]] = {
    # socket connect accept sendto sendmsg bind listen socketpair fork vfork execve kill mkdir rmdir creat link unlink symlink rename chmod
    # fchmod chown fchown lchown truncate ptrace mknod rt_sigqueueinfo pivot_root chroot setrlimit mount umount2 init_module setxattr tkill
    # kexec_load add_key keyctl mkdirat mknodat fchownat unlinkat renameat linkat symlinkat fchmodat unshare utimensat accept4
    # rt_tgsigqueueinfo perf_event_open sendmmsg setns process_vm_readv process_vm_writev finit_module renameat2 bpf execveat userfaultfd
    # pidfd_send_signal io_uring_setup pidfd_open openat2 pidfd_getfd open_by_handle_at lsetxattr fsetxattr fchmodat2 open_tree move_mount
    # fsopen fsconfig fsmount fspick mount_setattr
    "x86_64": (
        41, 42, 43, 44, 46, 49, 50, 53, 57, 58, 59, 62, 83, 84, 85, 86, 87, 88, 82, 90, 91, 92, 93, 94, 76, 101, 133,
        129, 155, 161, 160, 165, 166, 175, 188, 200, 246, 248, 250, 258, 259, 260, 263, 264, 265, 266, 268, 272, 280,
        288, 297, 298, 307, 308, 310, 311, 313, 316, 321, 322, 323, 424, 425, 434, 437, 438, 304, 189, 190, 452, 428,
        429, 430, 431, 432, 433, 442,
    ),
    "aarch64": (
        198, 203, 202, 206, 211, 200, 201, 199, 221, 129, 52, 55, 45, 117, 138, 41, 51, 40, 39, 105, 5, 130, 104, 217,
        219, 34, 33, 54, 35, 38, 37, 36, 53, 97, 88, 242, 240, 241, 269, 268, 270, 271, 273, 276, 280, 281, 282, 424,
        425, 434, 437, 438, 164, 265, 6, 7, 452, 428, 429, 430, 431, 432, 433, 442,
    ),
}  # fmt: skip
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_OPEN = {"x86_64": ((2, 1), (257, 2)), "aarch64": ((56, 2),)}  # (call, which argument holds the flags)
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_TGKILL = {"x86_64": 234, "aarch64": 131}
_PRLIMIT = {"x86_64": 302, "aarch64": 261}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_WRITING = 0x1 | 0x2 | 0x40 | 0x200  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_THREAD = 0x10000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_EPERM, _EACCES, _ENOSYS = 1, 13, 38
_FORBIDDEN = (
    "socket.", "subprocess.", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "os.remove", "os.rename",
    "os.kill", "pickle.find_class", "shutil.", "pty.spawn", "webbrowser.open", "urllib.Request", "ftplib.", "smtplib.",
)  # fmt: skip


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def lock(memory: int) -> tuple[str, ...]:
    """Give everything up; `memory` is what may be taken from now on, on top of the libraries. Returns the guards in force."""
    guards = []
    for limit, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        with suppress(OSError, ValueError):
            resource.setrlimit(limit, (most, most))
    with suppress(OSError, ValueError):
        most = _address_space() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        guards.append("memory")
    if _filter_calls():
        guards.append("kernel")
    sys.addaudithook(_refuse)
    guards.append("python")
    return tuple(guards)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"a model may not do this: {event}")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        raise PermissionError("a model may not write files")


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _filter_calls() -> bool:
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _DENIED:
        return False
    rules = _rules(machine)
    program = _Program(len(rules), (_Instruction * len(rules))(*(_Instruction(*rule) for rule in rules)))
    library = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, mode_filter, all_threads = 38, 1, 1
    if library.prctl(no_new_privileges, 1, 0, 0, 0) != 0:
        return False
    return bool(library.syscall(_SECCOMP[machine], mode_filter, all_threads, ctypes.byref(program)) == 0)


def _rules(machine: str) -> list[Rule]:
    denied = (_RETURN, 0, 0, _ERROR | _EPERM)
    rules = [
        (_LOAD, 0, 0, 4), (_EQUAL, 1, 0, _ARCHITECTURE[machine]), denied,
        (_LOAD, 0, 0, 0), (_AT_LEAST, 0, 1, 0x40000000), denied,
    ]  # fmt: skip
    for call in _DENIED[machine]:
        rules += [(_EQUAL, 0, 1, call), denied]
    rules += [(_EQUAL, 0, 1, _CLONE3), (_RETURN, 0, 0, _ERROR | _ENOSYS)]  # the C library then takes clone, whose flags can be seen
    for call, flags in _OPEN[machine]:
        rules += _where(call, flags, (_ANY_BIT, 0, 1, _WRITING), _EACCES)
    rules += _where(_CLONE[machine], 0, (_ANY_BIT, 1, 0, _THREAD), _EPERM)  # threads, not processes
    rules += _where(_TGKILL[machine], 0, (_EQUAL, 1, 0, os.getpid()), _EPERM)  # abort() signals itself
    rules += _where(_PRLIMIT[machine], 2, (_EQUAL, 1, 0, 0), _EPERM)  # limits can be read
    return [*rules, (_RETURN, 0, 0, _ALLOW)]


def _where(call: int, argument: int, test: Rule, error: int) -> list[Rule]:
    """Deny the call where `test`, whose jumps go to the next instruction to deny, holds of the argument's lower half."""
    return [(_EQUAL, 0, 4, call), (_LOAD, 0, 0, 16 + 8 * argument), test, (_RETURN, 0, 0, _ERROR | error), (_RETURN, 0, 0, _ALLOW)]
