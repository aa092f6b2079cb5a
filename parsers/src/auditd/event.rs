//! The fields of one event, from all its records.
//!
//! Fields keep the names they have in the records, so one that occurs in several records
//! (`type`, `name`) has several values. `a0`, `a1` … occur in two meanings: numbers in `SYSCALL`,
//! arguments in `EXECVE`. Where there is an `EXECVE`, its arguments are what rules mean
//! (`type: EXECVE`, `a0: sysctl`); the rules that mean the numbers (`type: SYSCALL`, `SYSCALL:
//! personality`, `a0: 40000`) are about other system calls, which have no `EXECVE`. So the
//! numbers are left out of an event that has arguments.

use memchr::memchr;

use super::names::syscall_name;
use super::record::{Pairs, Quoting, Record};
use super::value::{decode, is_argument, piece_of};
use crate::event::{FieldId, ValueKind};
use crate::fields;
use crate::writer::EventWriter;

/// Memory for values that have to be put together; kept from event to event.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    plain: Vec<u8>,
    command: Vec<u8>,
}

type Pair<'a> = (&'a [u8], &'a [u8], Quoting);

/// Adds the fields of all records to the event under construction, and its time.
pub(super) fn emit(records: &[Record<'_>], scratch: &mut Scratch, out: &mut EventWriter<'_>) {
    let Some(first) = records.first() else {
        return;
    };
    out.time(first.time());
    if !first.node.is_empty() {
        out.text(fields::HOSTNAME, first.node);
    }
    if !first.serial().is_empty() {
        out.named(b"audit_id", ValueKind::Text, first.serial());
    }
    let has_arguments = records.iter().any(|r| r.kind == b"EXECVE");
    for record in records {
        out.text(fields::TYPE, record.kind);
        if record.kind == b"EXECVE" {
            emit_arguments(record, scratch, out);
            continue;
        }
        emit_permissions(record, out);
        let is_call = record.kind == b"SYSCALL";
        for pair in Pairs(record.pairs) {
            if !(is_call && has_arguments && is_argument(pair.0)) {
                emit_plain(record.kind, pair, scratch, out);
            }
        }
    }
    emit_outcome(records, scratch, out);
    emit_process(records, scratch, out);
}

/// Adds a value under its own name, decoded where somebody wants it. `?` and `(null)` stand for
/// nothing.
fn emit_plain(kind: &[u8], pair: Pair<'_>, scratch: &mut Scratch, out: &mut EventWriter<'_>) {
    let (name, value, _) = pair;
    // Whence a user came, as PAM tells it; the field of that name is where things happened.
    let name: &[u8] = if name == b"hostname" {
        b"src_host"
    } else {
        name
    };
    if matches!(value, b"(null)" | b"?") {
        return;
    }
    let targets = out.projection().named(name);
    if targets.is_empty() && !out.keeps_everything() {
        return;
    }
    scratch.plain.clear();
    if decode(kind, pair, &mut scratch.plain) {
        out.targeted(targets, name, ValueKind::Text, &scratch.plain);
    } else {
        out.targeted(targets, name, ValueKind::Text, value);
    }
}

/// `SELinux` writes no pairs here: `avc:  denied  { read write } for  pid=…`. The names are those
/// of the audit library.
fn emit_permissions(record: &Record<'_>, out: &mut EventWriter<'_>) {
    let Some(text) = record.pairs.trim_ascii_start().strip_prefix(b"avc:") else {
        return;
    };
    let text = text.trim_ascii_start();
    let Some(open) = memchr(b'{', text) else {
        return;
    };
    let close = memchr(b'}', text).filter(|close| *close > open);
    let result = text[..open].trim_ascii();
    out.named(b"seresult", ValueKind::Text, result);
    out.named(
        b"seperms",
        ValueKind::Text,
        text[open + 1..close.unwrap_or(text.len())].trim_ascii(),
    );
    let outcome: &[u8] = if result == b"denied" {
        b"failure"
    } else {
        b"success"
    };
    out.text(fields::OUTCOME, outcome);
}

/// The arguments of one `EXECVE`. Long ones come in pieces: `a1_len=20000 a1[0]=… a1[1]=…`.
fn emit_arguments(record: &Record<'_>, scratch: &mut Scratch, out: &mut EventWriter<'_>) {
    let mut pairs = Pairs(record.pairs).peekable();
    while let Some(pair) = pairs.next() {
        let Some(name) = piece_of(pair.0) else {
            emit_plain(record.kind, pair, scratch, out);
            continue;
        };
        scratch.plain.clear();
        append(record.kind, pair, &mut scratch.plain);
        while let Some(next) = pairs.next_if(|next| piece_of(next.0) == Some(name)) {
            append(record.kind, next, &mut scratch.plain);
        }
        out.named(name, ValueKind::Text, &scratch.plain);
    }
}

fn append(kind: &[u8], pair: Pair<'_>, plain: &mut Vec<u8>) {
    if !decode(kind, pair, plain) {
        plain.extend_from_slice(pair.1);
    }
}

/// The first value of a name in records of one kind, or of any.
fn find<'a>(
    records: &[Record<'a>],
    kind: Option<&[u8]>,
    name: &[u8],
) -> Option<(&'a [u8], Pair<'a>)> {
    let of_kind = records.iter().filter(|r| kind.is_none_or(|k| r.kind == k));
    of_kind
        .flat_map(|r| Pairs(r.pairs).map(|pair| (r.kind, pair)))
        .find(|(_, pair)| pair.0 == name)
}

/// Success or failure, and who and whence, as records from user space say it.
fn emit_outcome(records: &[Record<'_>], scratch: &mut Scratch, out: &mut EventWriter<'_>) {
    if out.wants(fields::OUTCOME) {
        let result = find(records, None, b"res").or_else(|| find(records, None, b"success"));
        let outcome = match result.map(|(_, pair)| pair.1) {
            Some(b"success" | b"yes" | b"1") => Some("success"),
            Some(b"failed" | b"no" | b"0") => Some("failure"),
            _ => None,
        };
        if let Some(outcome) = outcome {
            out.text(fields::OUTCOME, outcome.as_bytes());
        }
    }
    let general = [
        (fields::USER, b"acct".as_slice()),
        (fields::SRC_IP, b"addr"),
        (fields::COMMAND, b"cmd"),
    ];
    for (field, name) in general {
        emit_found(field, find(records, None, name), &mut scratch.plain, out);
    }
}

/// Adds a value under another name; `?` and `(null)` stand for nothing.
fn emit_found(
    field: FieldId,
    found: Option<(&[u8], Pair<'_>)>,
    plain: &mut Vec<u8>,
    out: &mut EventWriter<'_>,
) {
    let Some((kind, pair)) = found else { return };
    if !out.wants(field) || matches!(pair.1, b"?" | b"(null)" | b"") {
        return;
    }
    plain.clear();
    append(kind, pair, plain);
    out.text(field, plain);
}

/// The fields of Sigma's `process_creation`, for a system call.
fn emit_process(records: &[Record<'_>], scratch: &mut Scratch, out: &mut EventWriter<'_>) {
    const CALL: Option<&[u8]> = Some(b"SYSCALL");
    if !records.iter().any(|r| r.kind == b"SYSCALL") {
        return;
    }
    let renamed = [
        (fields::IMAGE, CALL, b"exe".as_slice()),
        (fields::PROCESS_ID, CALL, b"pid"),
        (fields::PARENT_PROCESS_ID, CALL, b"ppid"),
        (fields::LOGON_ID, CALL, b"ses"),
        (fields::CURRENT_DIRECTORY, Some(b"CWD"), b"cwd"),
    ];
    for (field, kind, name) in renamed {
        if out.wants(field) {
            emit_found(field, find(records, kind, name), &mut scratch.plain, out);
        }
    }
    if out.wants(fields::SIGMA_USER) {
        // Without enrichment only numbers are known, and of those only one means the same on
        // every machine.
        let name = find(records, CALL, b"UID").or_else(|| find(records, CALL, b"AUID"));
        match find(records, CALL, b"uid") {
            Some((_, (_, b"0", _))) if name.is_none() => out.text(fields::SIGMA_USER, b"root"),
            _ => emit_found(fields::SIGMA_USER, name, &mut scratch.plain, out),
        }
    }
    emit_call_name(records, out);
    emit_command_line(records, scratch, out);
}

/// `SYSCALL=execve` is there where auditd enriches its records; else the number tells.
fn emit_call_name(records: &[Record<'_>], out: &mut EventWriter<'_>) {
    const CALL: Option<&[u8]> = Some(b"SYSCALL");
    let targets = out.projection().named(b"SYSCALL");
    if (targets.is_empty() && !out.keeps_everything()) || find(records, CALL, b"SYSCALL").is_some()
    {
        return;
    }
    let part = |name: &[u8]| find(records, CALL, name).map(|(_, pair)| pair.1);
    if let (Some(arch), Some(number)) = (part(b"arch"), part(b"syscall"))
        && let Some(name) = syscall_name(arch, number)
    {
        out.targeted(targets, b"SYSCALL", ValueKind::Text, name.as_bytes());
    }
}

/// The arguments joined by blanks, else the title of the process.
fn emit_command_line(records: &[Record<'_>], scratch: &mut Scratch, out: &mut EventWriter<'_>) {
    if !out.wants(fields::COMMAND_LINE) {
        return;
    }
    let command = &mut scratch.command;
    command.clear();
    let mut last: &[u8] = b"";
    for record in records.iter().filter(|r| r.kind == b"EXECVE") {
        for pair in Pairs(record.pairs) {
            let name = piece_of(pair.0).unwrap_or(pair.0);
            if !is_argument(name) {
                continue;
            }
            if !command.is_empty() && name != last {
                command.push(b' ');
            }
            last = name;
            append(record.kind, pair, command);
        }
    }
    if !command.is_empty() {
        out.text(fields::COMMAND_LINE, command);
        return;
    }
    let title = find(records, Some(b"PROCTITLE"), b"proctitle");
    emit_found(fields::COMMAND_LINE, title, &mut scratch.plain, out);
}
