//! Names of record types and system calls whose numbers only were logged.
//!
//! Facts of the kernel's interface (`linux/audit.h`, the system call tables). Only those that
//! rules ask for: the rest keeps its number.

/// The record types that the kernel writes as numbers when no audit daemon runs.
const TYPES: &[(&[u8], &[u8])] = &[
    (b"1006", b"LOGIN"),
    (b"1100", b"USER_AUTH"),
    (b"1101", b"USER_ACCT"),
    (b"1102", b"USER_MGMT"),
    (b"1103", b"CRED_ACQ"),
    (b"1104", b"CRED_DISP"),
    (b"1105", b"USER_START"),
    (b"1106", b"USER_END"),
    (b"1108", b"USER_CHAUTHTOK"),
    (b"1109", b"USER_ERR"),
    (b"1110", b"CRED_REFR"),
    (b"1112", b"USER_LOGIN"),
    (b"1113", b"USER_LOGOUT"),
    (b"1114", b"ADD_USER"),
    (b"1115", b"DEL_USER"),
    (b"1116", b"ADD_GROUP"),
    (b"1117", b"DEL_GROUP"),
    (b"1123", b"USER_CMD"),
    (b"1124", b"USER_TTY"),
    (b"1130", b"SERVICE_START"),
    (b"1131", b"SERVICE_STOP"),
    (b"1300", b"SYSCALL"),
    (b"1302", b"PATH"),
    (b"1303", b"IPC"),
    (b"1304", b"SOCKETCALL"),
    (b"1305", b"CONFIG_CHANGE"),
    (b"1306", b"SOCKADDR"),
    (b"1307", b"CWD"),
    (b"1309", b"EXECVE"),
    (b"1318", b"OBJ_PID"),
    (b"1319", b"TTY"),
    (b"1320", b"EOE"),
    (b"1321", b"BPRM_FCAPS"),
    (b"1325", b"NETFILTER_CFG"),
    (b"1326", b"SECCOMP"),
    (b"1327", b"PROCTITLE"),
    (b"1330", b"KERN_MODULE"),
    (b"1334", b"BPF"),
    (b"1400", b"AVC"),
    (b"1700", b"ANOM_PROMISCUOUS"),
    (b"1701", b"ANOM_ABEND"),
];

/// The name of a type; a name or an unknown number stays.
pub(super) fn type_name(kind: &[u8]) -> &[u8] {
    if !kind.first().is_some_and(u8::is_ascii_digit) {
        return kind;
    }
    let known = TYPES.iter().find(|(number, _)| *number == kind);
    known.map_or(kind, |(_, name)| *name)
}

/// Where a system call does not exist on an architecture.
const NONE: u16 = u16::MAX;

/// Name, number on x86-64, number on 64-bit ARM.
const CALLS: &[(&str, u16, u16)] = &[
    ("open", 2, NONE),
    ("socket", 41, 198),
    ("connect", 42, 203),
    ("accept", 43, 202),
    ("sendto", 44, 206),
    ("bind", 49, 200),
    ("listen", 50, 201),
    ("clone", 56, 220),
    ("fork", 57, NONE),
    ("vfork", 58, NONE),
    ("execve", 59, 221),
    ("kill", 62, 129),
    ("truncate", 76, 45),
    ("ftruncate", 77, 46),
    ("rename", 82, NONE),
    ("mkdir", 83, NONE),
    ("rmdir", 84, NONE),
    ("creat", 85, NONE),
    ("link", 86, NONE),
    ("unlink", 87, NONE),
    ("symlink", 88, NONE),
    ("chmod", 90, NONE),
    ("fchmod", 91, 52),
    ("chown", 92, NONE),
    ("fchown", 93, 55),
    ("lchown", 94, NONE),
    ("sysinfo", 99, 179),
    ("ptrace", 101, 117),
    ("syslog", 103, 116),
    ("setuid", 105, 146),
    ("setgid", 106, 144),
    ("setreuid", 113, 145),
    ("setresuid", 117, 147),
    ("mknod", 133, NONE),
    ("personality", 135, 92),
    ("pivot_root", 155, 41),
    ("prctl", 157, 167),
    ("adjtimex", 159, 171),
    ("chroot", 161, 51),
    ("acct", 163, 89),
    ("settimeofday", 164, 170),
    ("mount", 165, 40),
    ("umount2", 166, 39),
    ("reboot", 169, 142),
    ("sethostname", 170, 161),
    ("init_module", 175, 105),
    ("delete_module", 176, 106),
    ("setxattr", 188, 5),
    ("clock_settime", 227, 112),
    ("kexec_load", 246, 104),
    ("add_key", 248, 217),
    ("keyctl", 250, 219),
    ("openat", 257, 56),
    ("mkdirat", 258, 34),
    ("mknodat", 259, 33),
    ("fchownat", 260, 54),
    ("unlinkat", 263, 35),
    ("renameat", 264, 38),
    ("linkat", 265, 37),
    ("symlinkat", 266, 36),
    ("fchmodat", 268, 53),
    ("unshare", 272, 97),
    ("accept4", 288, 242),
    ("perf_event_open", 298, 241),
    ("setns", 308, 268),
    ("process_vm_readv", 310, 270),
    ("process_vm_writev", 311, 271),
    ("finit_module", 313, 273),
    ("renameat2", 316, 276),
    ("memfd_create", 319, 279),
    ("kexec_file_load", 320, 294),
    ("bpf", 321, 280),
    ("execveat", 322, 281),
    ("userfaultfd", 323, 282),
    ("io_uring_setup", 425, 425),
    ("clone3", 435, 435),
    ("openat2", 437, 437),
];

/// The name of a system call, for the architectures `c000003e` (x86-64) and `c00000b7` (ARM).
pub(super) fn syscall_name(arch: &[u8], number: &[u8]) -> Option<&'static str> {
    let number: u16 = std::str::from_utf8(number).ok()?.parse().ok()?;
    let on_arch: fn(&(&str, u16, u16)) -> u16 = match arch {
        b"c000003e" => |call| call.1,
        b"c00000b7" => |call| call.2,
        _ => return None,
    };
    let call = CALLS
        .iter()
        .find(|call| on_arch(call) == number && number != NONE)?;
    Some(call.0)
}
