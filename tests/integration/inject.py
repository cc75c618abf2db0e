"""Makes a running process try a system call, so that a test can ask it for what it must not be able to do.

The process is stopped with ptrace inside a system call of its own, made to execute one of ours with its own
credentials and filters, and put back as it was. A few threads of a process can be held still while its others go on.
"""
import contextlib
import ctypes
import errno
import os
import signal
import struct

PTRACE_PEEKTEXT, PTRACE_POKEDATA, PTRACE_SINGLESTEP, PTRACE_GETREGS, PTRACE_SETREGS = 1, 5, 9, 12, 13
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
WALL = 0x40000000  # __WALL of waitpid(2): threads too

SYS_OPEN, SYS_SOCKET, SYS_CONNECT, SYS_EXECVE, SYS_PTRACE, SYS_SETUID, SYS_CLOSE, SYS_KILL, SYS_UNLINK = \
    2, 41, 42, 59, 101, 105, 3, 62, 87

REGISTERS = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base "
             "ds es fs gs").split()

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in REGISTERS]


def _ptrace(request, pid, address=None, data=None):
    ctypes.set_errno(0)
    result = _libc.ptrace(request, pid, address, data)
    if result == -1 and ctypes.get_errno():
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


@contextlib.contextmanager
def stopped(threads):
    """Holds these threads still, and no other of their process; yields the address at which each is."""
    held, addresses = [], []
    try:
        for thread in threads:
            _ptrace(PTRACE_ATTACH, thread)
            held.append(thread)
            os.waitpid(thread, WALL)
            registers = Registers()
            _ptrace(PTRACE_GETREGS, thread, None, ctypes.byref(registers))
            addresses.append(registers.rip)
        yield addresses
    finally:
        for thread in held:
            _ptrace(PTRACE_DETACH, thread)


def try_syscall(pid, number, *arguments):
    """What the call gave: 0 or more, or a negative errno; None when the process was killed for trying.

    Text and bytes are written below its stack and passed as pointers.
    """
    _ptrace(PTRACE_ATTACH, pid)
    os.waitpid(pid, 0)
    before = Registers()
    _ptrace(PTRACE_GETREGS, pid, None, ctypes.byref(before))
    # Stopped inside a system call: the instruction before the next one is the one to run again.
    word = _ptrace(PTRACE_PEEKTEXT, pid, before.rip - 2)
    assert word & 0xffff == 0x050f, "the process was not waiting in a system call"
    values, at = [], (before.rsp - 8192) & ~15
    for argument in arguments:
        if isinstance(argument, (str, bytes)):
            data = argument.encode() + b"\0" if isinstance(argument, str) else argument
            data += bytes(-len(data) % 8)
            for offset in range(0, len(data), 8):
                _ptrace(PTRACE_POKEDATA, pid, at + offset, struct.unpack_from("<Q", data, offset)[0])
            values.append(at)
            at += len(data)
        else:
            values.append(argument)
    values += [0] * (6 - len(values))
    ours = Registers.from_buffer_copy(before)
    ours.rip = before.rip - 2
    ours.rax = number
    ours.orig_rax = 2**64 - 1
    ours.rdi, ours.rsi, ours.rdx, ours.r10, ours.r8, ours.r9 = (value & (2**64 - 1) for value in values)
    _ptrace(PTRACE_SETREGS, pid, None, ctypes.byref(ours))
    _ptrace(PTRACE_SINGLESTEP, pid)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status) or os.WIFEXITED(status):
        return None
    if os.WSTOPSIG(status) == signal.SIGSYS:
        # The filter is about to kill it; let it.
        _ptrace(PTRACE_DETACH, pid, None, signal.SIGSYS)
        return None
    after = Registers()
    _ptrace(PTRACE_GETREGS, pid, None, ctypes.byref(after))
    # Its own call was interrupted; that it must know how to repeat.
    before.rax = (2**64 - errno.EINTR)
    before.orig_rax = 2**64 - 1
    _ptrace(PTRACE_SETREGS, pid, None, ctypes.byref(before))
    _ptrace(PTRACE_DETACH, pid)
    return ctypes.c_longlong(after.rax).value


def unix_address(path):
    return struct.pack("<H", 1) + path.encode() + b"\0"
