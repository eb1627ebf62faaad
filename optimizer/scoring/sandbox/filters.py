"""Which calls of the Linux kernel an untrusted program may make: seccomp filters as bytes, for x86_64 and aarch64.

A filter is a list of kinds of call that are refused; all others are allowed, so that any version of Python runs.
Refused is what reaches beyond the process: sockets (but a pair of its own), new processes and programs, signals to
others, name spaces and mounts, memory and kernel objects outside of its limits, owners and modes of files. Calls that
are newer than this list do not exist for the program. Numbers are those of the kernel's headers.
"""

from __future__ import annotations

import errno
import struct
from typing import NamedTuple

__all__ = ["OWN_PID", "build_filter"]

OWN_PID = 0x7E57_C0DE
"""Stands for the process's own id in a filter; the process puts it in when it knows it."""

# name:x86_64:aarch64, - where there is none. Never:
_NEVER = """
socket:41:198 connect:42:203 bind:49:200 listen:50:201 accept:43:202 accept4:288:242 sendmsg:46:211 sendmmsg:307:269
fork:57:- vfork:58:- execve:59:221 execveat:322:281 ptrace:101:117 process_vm_readv:310:270
process_vm_writev:311:271 process_madvise:440:440 process_mrelease:448:448 kcmp:312:272 tkill:200:130
rt_sigqueueinfo:129:138 rt_tgsigqueueinfo:297:240 pidfd_open:434:434 pidfd_send_signal:424:424 pidfd_getfd:438:438
setsid:112:157 setpgid:109:154 setpriority:141:140 ioprio_set:251:30 sched_setaffinity:203:122 sched_setattr:314:274
sched_setparam:142:118 sched_setscheduler:144:119 migrate_pages:256:238 move_pages:279:239 mount:165:40
umount2:166:39 pivot_root:155:41 chroot:161:51 unshare:272:97 setns:308:268 open_tree:428:428 move_mount:429:429
fsopen:430:430 fsconfig:431:431 fsmount:432:432 fspick:433:433 mount_setattr:442:442 name_to_handle_at:303:264
open_by_handle_at:304:265 quotactl:179:60 quotactl_fd:443:443 acct:163:89 swapon:167:224 swapoff:168:225
init_module:175:105 finit_module:313:273 delete_module:176:106 kexec_load:246:104 kexec_file_load:320:294
reboot:169:142 syslog:103:116 sethostname:170:161 setdomainname:171:162 iopl:172:- ioperm:173:- modify_ldt:154:-
personality:135:92 settimeofday:164:170 clock_settime:227:112 adjtimex:159:171 clock_adjtime:305:266 add_key:248:217
request_key:249:218 keyctl:250:219 bpf:321:280 perf_event_open:298:241 userfaultfd:323:282 seccomp:317:277
setrlimit:160:164 io_uring_setup:425:425 io_uring_enter:426:426 io_uring_register:427:427 memfd_create:319:279
memfd_secret:447:447 shmget:29:194 shmat:30:196 semget:64:190 msgget:68:186 mq_open:240:180 chmod:90:- fchmod:91:52
fchmodat:268:53 chown:92:- fchown:93:55 lchown:94:- fchownat:260:54 utime:132:- utimes:235:- futimesat:261:-
utimensat:280:88 setxattr:188:5 lsetxattr:189:6 fsetxattr:190:7 removexattr:197:14 lremovexattr:198:15
fremovexattr:199:16
"""
# Only where files may be written:
_WRITES = """
creat:85:- truncate:76:45 rename:82:- renameat:264:38 renameat2:316:276 mkdir:83:- mkdirat:258:34 rmdir:84:-
link:86:- linkat:265:37 unlink:87:- unlinkat:263:35 symlink:88:- symlinkat:266:36 mknod:133:- mknodat:259:33
"""
# Depending on an argument:
_SOME = """
clone:56:220 clone3:435:435 kill:62:129 tgkill:234:131 prctl:157:167 prlimit64:302:261 sendto:44:206
socketpair:53:199 open:2:- openat:257:56 openat2:437:437 fcntl:72:25 ioctl:16:29
"""

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7), "arm64": (1, 0xC00000B7)}
_NEWEST = 450  # the first number that is not on this list
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in the kernel's record of a call
_THREAD = 0x10000  # of the flags of clone
_WRITING = 0o1 | 0o2 | 0o100 | 0o1000  # of the flags of open: write only, read and write, create, cut


class _Rule(NamedTuple):
    """Of one kind of call: allowed only where an argument is one of these values (or has one of these bits)."""

    name: str
    argument: int
    values: tuple[int, ...]
    how: int = _EQUAL
    refused: bool = False  # the other way round: refused where it matches
    error: int = errno.EPERM


_RULES = (
    _Rule("clone", 0, (_THREAD,), _ANY_BIT, error=errno.EAGAIN),
    _Rule("kill", 0, (OWN_PID,)),
    _Rule("tgkill", 0, (OWN_PID,)),
    _Rule("prctl", 0, (15, 16, 0x53564D41)),  # names of threads and of memory
    _Rule("prlimit64", 2, (0,)),  # reading limits, not setting them
    _Rule("sendto", 4, (0,)),  # no address: to the other end of a pair
    _Rule("socketpair", 0, (1,)),  # AF_UNIX
    _Rule("fcntl", 1, (8, 10, 15), refused=True),  # F_SETOWN, F_SETSIG, F_SETOWN_EX: signals to others
    _Rule("ioctl", 1, (0x5412, 0x8901, 0x8902), refused=True),  # typing into a terminal, owners of sockets
)
_READ_ONLY = (
    _Rule("open", 1, (_WRITING,), _ANY_BIT, refused=True),
    _Rule("openat", 2, (_WRITING,), _ANY_BIT, refused=True),
)


def build_filter(machine: str, *, may_write: bool) -> bytes | None:
    """The filter for a machine (`platform.machine()`), or None where its numbers are not known here.

    Args:
        may_write: False refuses every call that makes, changes or deletes a file.
    """
    if machine not in _ARCHITECTURES:
        return None
    column, architecture = _ARCHITECTURES[machine]
    numbers = {name: pair[column] for name, pair in _numbers(_NEVER + _WRITES + _SOME).items()}
    names = list(_numbers(_NEVER if may_write else _NEVER + _WRITES))
    code = [
        _step(_LOAD, _ARCHITECTURE), _step(_EQUAL, architecture, 1, 0), _step(_RETURN, _KILL), _step(_LOAD, _NUMBER),
        _step(_AT_LEAST, _NEWEST, 0, 1), _step(_RETURN, _REFUSE | errno.ENOSYS),
    ]  # fmt: skip
    for name in ("clone3", "openat2"):  # their arguments cannot be looked at; libraries have another way
        code += [_step(_EQUAL, numbers[name], 0, 1), _step(_RETURN, _REFUSE | errno.ENOSYS)]
    for name in names:
        if numbers[name] >= 0:
            error = errno.EAGAIN if name in {"fork", "vfork"} else errno.EPERM
            code += [_step(_EQUAL, numbers[name], 0, 1), _step(_RETURN, _REFUSE | error)]
    for rule in (*_RULES, *(() if may_write else _READ_ONLY)):
        if numbers[rule.name] >= 0:
            code += _conditional(numbers[rule.name], rule)
    return b"".join([*code, _step(_RETURN, _ALLOW)])


def _conditional(number: int, rule: _Rule) -> list[bytes]:
    """Both halves of an argument count for "only these values", so that none slips by in the upper one."""
    at = _ARGUMENTS + 8 * rule.argument
    wanted, other = (_REFUSE | rule.error, _ALLOW) if rule.refused else (_ALLOW, _REFUSE | rule.error)
    wide = rule.name in {"prlimit64", "sendto"}  # pointers; the kernel reads the others as 32 bits
    upper = [_step(_LOAD, at + 4), _step(_EQUAL, 0, 1, 0), _step(_RETURN, other)] if wide else []
    tests: list[bytes] = []
    for value in rule.values:
        tests += [_step(rule.how, value, 0, 1), _step(_RETURN, wanted)]
    body = [*upper, _step(_LOAD, at), *tests, _step(_RETURN, other)]
    return [_step(_EQUAL, number, 0, len(body)), *body]


def _step(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    """One instruction of the classic Berkeley packet filter."""
    return struct.pack("<HBBI", code, then, otherwise, value)


def _numbers(table: str) -> dict[str, tuple[int, int]]:
    """Name → numbers on x86_64 and aarch64, -1 where there is none."""
    rows = (entry.split(":") for entry in table.split())
    return {name: (_number(first), _number(second)) for name, first, second in rows}


def _number(text: str) -> int:
    return -1 if text == "-" else int(text)
