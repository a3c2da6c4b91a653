"""The sandbox of the workers: it ends a worker that makes a system call outside its list, so the list has every call that is linked."""
import re
import struct
import subprocess

import pytest

from conftest import BINARY

pytestmark = pytest.mark.skipif(not BINARY.endswith("/wanzami"), reason="the builds for tests have no sandbox; the list for ARM has the same names")
JUMP_IF_EQUAL = 0x15
LOAD = 0x20
# Calls that no worker makes under its sandbox, and why.
ELSEWHERE = {
    "the start of a process, before its sandbox": "arch_prctl chdir chroot getpgrp getpgid getrlimit prlimit64 sched_setaffinity set_tid_address setgroups setrlimit setsid",
    "the parent": "fork listen wait4",
    "the command line": "memfd_create pwrite64",
    "the kernel lacks the newer call": "epoll_create epoll_create1 eventfd gettimeofday",
    "Kore's trace of the sandbox, which is off": "ptrace",
    "libpq where a send cannot suppress SIGPIPE": "rt_sigpending rt_sigtimedwait",
    "a thread with a priority of its own, which none has": "sched_setscheduler",
    "a change of the user by all threads": "gettid",
    "alarm() and sysconf() of values that nothing asks for": "setitimer sysinfo",
}


def numbers():
    found = {}
    for name, number in re.findall(r"#define __NR_(\w+) (\d+)", subprocess.run(
            ["cpp", "-dM"], input="#include <sys/syscall.h>", capture_output=True, text=True, check=True).stdout):
        found[int(number)] = name
    return found


def linked_calls():
    """Returns the functions of the binary that make a system call, by its number. None stands for a number that is computed."""
    found, function, registers = {}, None, {}
    with subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", BINARY + ".debug"], stdout=subprocess.PIPE, text=True) as dump:
        for line in dump.stdout:
            if head := re.match(r"[0-9a-f]+ <(.*)>:", line):
                function, registers = head[1], {}
            elif value := re.search(r"\bmov +\$0x([0-9a-f]+),%e(ax|di)$", line):
                registers[value[2]] = int(value[1], 16)
            elif zero := re.search(r"\bxor +%e(ax|di),%e\1$", line):
                registers[zero[1]] = 0
            elif other := re.search(r",%[er](ax|di)$", line):
                registers.pop(other[1], None)
            elif call := re.search(r"\t(syscall)|call.*<__syscall_cp", line):
                found.setdefault(registers.get("ax" if call[1] else "di"), set()).add(function)
    return found


def allowed_calls():
    """Returns the numbers with which the filters, which are arrays of struct sock_filter, compare the number of a call."""
    found = set()
    symbols = subprocess.run(["nm", "-S", BINARY + ".debug"], capture_output=True, text=True, check=True).stdout
    sections = subprocess.run(["readelf", "-SW", BINARY + ".debug"], capture_output=True, text=True, check=True).stdout
    base, offset = (int(n, 16) for n in re.search(r"\.data +PROGBITS +(\w+) (\w+)", sections).groups())
    with open(BINARY + ".debug", "rb") as f:
        for address, size in re.findall(r"^(\w+) (\w+) [dD] (?:filter_kore|filter_task|_scfilt)$", symbols, re.M):
            f.seek(int(address, 16) - base + offset)
            statements = list(struct.iter_unpack("<HBBI", f.read(int(size, 16))))
            # Behind the load of an argument, the argument is compared. The number is at offset 0.
            found |= {k for n, (code, _, _, k) in enumerate(statements) if code == JUMP_IF_EQUAL and (n == 0 or statements[n - 1][0] != LOAD or statements[n - 1][3] == 0)}
    return found


def test_every_call_that_is_linked_is_allowed_or_made_elsewhere():
    names, elsewhere = numbers(), set(" ".join(ELSEWHERE.values()).split())
    calls = linked_calls()
    assert {"read", "sched_yield", "fork"} <= {names.get(n) for n in calls}
    allowed = {names[n] for n in allowed_calls()}
    assert {names[n]: sorted(calls[n]) for n in calls if n in names and names[n] not in allowed | elsewhere} == {}
    assert not allowed & elsewhere
