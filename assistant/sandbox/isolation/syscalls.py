"""System calls that confined code may make, by name, with their numbers on the machines that are known.

Numbers are the kernel's (`asm/unistd_64.h` and `asm-generic/unistd.h`); they never change. aarch64 has no
number for the older calls, which its C library does not use.
"""

from __future__ import annotations

# fmt: off
X86_64 = {
    "read": 0, "write": 1, "readv": 19, "writev": 20, "pread64": 17, "pwrite64": 18, "preadv": 295,
    "pwritev": 296, "lseek": 8, "close": 3, "close_range": 436, "dup": 32, "dup2": 33, "dup3": 292,
    "fcntl": 72, "open": 2, "openat": 257, "stat": 4, "fstat": 5, "lstat": 6, "newfstatat": 262,
    "statx": 332, "access": 21, "faccessat": 269, "faccessat2": 439, "readlink": 89, "readlinkat": 267,
    "getcwd": 79, "chdir": 80, "fchdir": 81, "mkdir": 83, "mkdirat": 258, "rmdir": 84, "unlink": 87,
    "unlinkat": 263, "rename": 82, "renameat": 264, "renameat2": 316, "link": 86, "linkat": 265,
    "symlink": 88, "symlinkat": 266, "chmod": 90, "fchmod": 91, "fchmodat": 268, "truncate": 76,
    "ftruncate": 77, "utimensat": 280, "utime": 132, "utimes": 235, "getdents": 78, "getdents64": 217,
    "statfs": 137, "fstatfs": 138, "umask": 95, "fsync": 74, "fdatasync": 75, "fallocate":
    285, "fadvise64": 221, "copy_file_range": 326, "sendfile": 40, "mmap": 9, "munmap": 11, "mprotect":
    10, "mremap": 25, "madvise": 28, "brk": 12, "msync": 26, "mincore": 27, "rt_sigaction": 13,
    "rt_sigprocmask": 14, "rt_sigreturn": 15, "rt_sigpending": 127, "rt_sigtimedwait": 128,
    "rt_sigsuspend": 130, "sigaltstack": 131, "restart_syscall": 219, "pause": 34, "alarm": 37,
    "setitimer": 38, "getitimer": 36, "kill": 62, "tgkill": 234, "getpid": 39, "gettid": 186, "getppid":
    110, "getuid": 102, "geteuid": 107, "getgid": 104, "getegid": 108, "getresuid": 118, "getresgid":
    120, "getgroups": 115, "getpgrp": 111, "getpgid": 121, "getsid": 124, "clone": 56, "clone3": 435,
    "set_tid_address": 218, "set_robust_list": 273, "get_robust_list": 274, "futex": 202, "futex_waitv":
    449, "rseq": 334, "sched_yield": 24, "sched_getaffinity": 204, "sched_getparam": 143,
    "sched_getscheduler": 145, "sched_get_priority_max": 146, "sched_get_priority_min": 147,
    "getpriority": 140, "nanosleep": 35, "clock_nanosleep": 230, "clock_gettime": 228, "clock_getres":
    229, "gettimeofday": 96, "time": 201, "times": 100, "getrusage": 98, "sysinfo": 99, "uname": 63,
    "getcpu": 309, "getrandom": 318, "membarrier": 324, "prlimit64": 302, "getrlimit": 97, "setrlimit":
    160, "exit": 60, "exit_group": 231, "wait4": 61, "waitid": 247, "poll": 7, "ppoll": 271, "select":
    23, "pselect6": 270, "epoll_create": 213, "epoll_create1": 291, "epoll_ctl": 233, "epoll_wait": 232,
    "epoll_pwait": 281, "eventfd": 284, "eventfd2": 290, "pipe": 22, "pipe2": 293, "timerfd_create":
    283, "timerfd_settime": 286, "timerfd_gettime": 287, "socketpair": 53, "sendto": 44, "recvfrom": 45,
    "getsockname": 51, "getpeername": 52, "getsockopt": 55, "shutdown": 48, "ioctl":
    16, "prctl": 157, "openat2": 437, "epoll_pwait2": 441,
}
AARCH64 = {
    "read": 63, "write": 64, "readv": 65, "writev": 66, "pread64": 67, "pwrite64": 68, "preadv": 69,
    "pwritev": 70, "lseek": 62, "close": 57, "close_range": 436, "dup": 23, "dup3": 24, "fcntl": 25,
    "openat": 56, "fstat": 80, "newfstatat": 79, "statx": 291, "faccessat": 48, "faccessat2": 439,
    "readlinkat": 78, "getcwd": 17, "chdir": 49, "fchdir": 50, "mkdirat": 34, "unlinkat": 35,
    "renameat": 38, "renameat2": 276, "linkat": 37, "symlinkat": 36, "fchmod": 52, "fchmodat": 53,
    "truncate": 45, "ftruncate": 46, "utimensat": 88, "getdents64": 61, "statfs": 43, "fstatfs": 44,
    "umask": 166, "fsync": 82, "fdatasync": 83, "fallocate": 47, "fadvise64": 223,
    "copy_file_range": 285, "sendfile": 71, "mmap": 222, "munmap": 215, "mprotect": 226, "mremap": 216,
    "madvise": 233, "brk": 214, "msync": 227, "mincore": 232, "rt_sigaction": 134, "rt_sigprocmask":
    135, "rt_sigreturn": 139, "rt_sigpending": 136, "rt_sigtimedwait": 137, "rt_sigsuspend": 133,
    "sigaltstack": 132, "restart_syscall": 128, "setitimer": 103, "getitimer": 102, "kill": 129,
    "tgkill": 131, "getpid": 172, "gettid": 178, "getppid": 173, "getuid": 174, "geteuid": 175,
    "getgid": 176, "getegid": 177, "getresuid": 148, "getresgid": 150, "getgroups": 158, "getpgid": 155,
    "getsid": 156, "clone": 220, "set_tid_address": 96, "set_robust_list": 99, "get_robust_list": 100,
    "futex": 98, "futex_waitv": 449, "rseq": 293, "sched_yield": 124, "sched_getaffinity": 123,
    "sched_getparam": 121, "sched_getscheduler": 120, "sched_get_priority_max": 125,
    "sched_get_priority_min": 126, "getpriority": 141, "nanosleep": 101, "clock_nanosleep": 115,
    "clock_gettime": 113, "clock_getres": 114, "gettimeofday": 169, "times": 153, "getrusage": 165,
    "sysinfo": 179, "uname": 160, "getcpu": 168, "getrandom": 278, "membarrier": 283, "prlimit64": 261,
    "getrlimit": 163, "setrlimit": 164, "exit": 93, "exit_group": 94, "wait4": 260, "waitid": 95,
    "ppoll": 73, "pselect6": 72, "epoll_create1": 20, "epoll_ctl": 21, "epoll_pwait": 22, "eventfd2":
    19, "pipe2": 59, "timerfd_create": 85, "timerfd_settime": 86, "timerfd_gettime": 87, "socketpair":
    199, "sendto": 206, "recvfrom": 207, "getsockname": 204, "getpeername": 205, "getsockopt": 209,
    "shutdown": 210, "ioctl": 29, "prctl": 167, "openat2": 437, "epoll_pwait2": 441,
    "clone3": 435,
}
# fmt: on

TABLES = {"x86_64": X86_64, "aarch64": AARCH64}
EXTRA = {"x86_64": {"recvmsg": 47}, "aarch64": {"recvmsg": 212}}
"""Calls for a judge alone: it is handed the stream to each program."""
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""`AUDIT_ARCH_*`: what seccomp calls the machine."""
