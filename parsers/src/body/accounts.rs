//! Management of users and groups: useradd, usermod, userdel, groupadd, passwd, chage, gpasswd.
//!
//! These programs write prose, each version a little different: the verb stands at the
//! beginning, the names in quotes or behind `name=`.

use memchr::{memchr, memmem};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag};
use nom::combinator::{opt, rest, value};
use nom::sequence::{delimited, preceded};

use super::facts::{Facts, Outcome};
use crate::event::ValueKind;
use crate::fields;
use crate::time::text::{Parsed, no_match};
use crate::writer::EventWriter;

/// Adds the fields of a message of one of these programs; whether it understood.
pub(super) fn body(text: &[u8], out: &mut EventWriter<'_>) -> bool {
    let text = text.trim_ascii();
    let grammar = alt((
        created,
        membership,
        deleted,
        removed_group,
        changed,
        locked,
        password_for,
        expiry,
        by_admin,
        failed,
    ))
    .parse(text);
    let Ok((pairs, facts)) = grammar else {
        return false;
    };
    facts.emit(out);
    emit_pairs(pairs, out);
    true
}

/// `'name'`
fn quoted(input: &[u8]) -> Parsed<'_, &[u8]> {
    delimited(tag("'"), is_not("'"), tag("'")).parse(input)
}

/// `new user: name=bob, UID=1001, …`, `new group: name=bob, GID=1001`, `group added to
/// /etc/group: name=devs, GID=1002`
fn created(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let mut action = alt((
        value("user_created", tag("new user: ")),
        value("group_created", tag("new group: ")),
        value("group_created", tag("group added to /etc/group: ")),
        value("group_created", tag("group added to /etc/gshadow: ")),
    ));
    let (rest, action) = action.parse(input)?;
    let (rest, name) = preceded(tag("name="), is_not(", ")).parse(rest)?;
    let facts = Facts::success(action);
    let facts = if action == "user_created" {
        facts.target_user(name)
    } else {
        Facts {
            group: Some(name),
            ..facts
        }
    };
    Ok((rest, facts))
}

/// `add 'bob' to group 'sudo'`, `add 'bob' to shadow group 'sudo'`, `delete 'bob' from group
/// 'sudo'`
fn membership(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let mut action = alt((
        value("group_member_added", tag("add ")),
        value("group_member_removed", tag("delete ")),
    ));
    let (rest, action) = action.parse(input)?;
    let (rest, user) = quoted(rest)?;
    let (rest, _) = alt((tag(" to "), tag(" from "))).parse(rest)?;
    let (rest, _) = (opt(tag("shadow ")), tag("group ")).parse(rest)?;
    let (rest, group) = quoted(rest)?;
    let facts = Facts {
        group: Some(group),
        ..Facts::success(action).target_user(user)
    };
    Ok((rest, facts))
}

/// `delete user 'bob'`
fn deleted(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (rest, user) = preceded(tag("delete user "), quoted).parse(input)?;
    Ok((rest, Facts::success("user_deleted").target_user(user)))
}

/// `removed group 'bob' owned by 'bob'`, `group 'bob' removed from /etc/group`
fn removed_group(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (after, _) = (opt(tag("removed ")), opt(tag("shadow ")), tag("group ")).parse(input)?;
    let (after, group) = quoted(after)?;
    if !input.starts_with(b"removed ") && !after.starts_with(b" removed") {
        return no_match(input);
    }
    let facts = Facts {
        group: Some(group),
        ..Facts::success("group_deleted")
    };
    Ok((b"", facts))
}

/// `change user 'bob' shell from '/bin/sh' to '/bin/bash'`, `change user name 'a' to 'b'`
fn changed(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (after, _) = alt((
        tag("change user name "),
        tag("change user "),
        tag("changed user "),
    ))
    .parse(input)?;
    let (after, user) = quoted(after)?;
    let facts = Facts::success("user_changed").target_user(user);
    Ok((b"", facts.reason(after.trim_ascii())))
}

/// `lock user 'bob' password`, `unlock user 'bob' password`
fn locked(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let mut action = alt((
        value("user_locked", tag("lock user ")),
        value("user_unlocked", tag("unlock user ")),
    ));
    let (after, action) = action.parse(input)?;
    let (_, user) = quoted(after)?;
    Ok((b"", Facts::success(action).target_user(user)))
}

/// `password for 'bob' changed by 'root'`
fn password_for(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (after, target) = preceded(tag("password for "), quoted).parse(input)?;
    let (after, user) = preceded(tag(" changed by "), quoted).parse(after)?;
    let facts = Facts::success("password_changed");
    Ok((after, facts.user(user).target_user(target)))
}

/// `changed password expiry for bob`
fn expiry(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (after, user) = preceded(tag("changed password expiry for "), is_not(" ")).parse(input)?;
    Ok((
        after,
        Facts::success("password_expiry_changed").target_user(user),
    ))
}

/// `user bob added by root to group sudo`, `user bob removed by root from group sudo`
fn by_admin(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let (after, target) = preceded(tag("user "), is_not(" ")).parse(input)?;
    let mut action = alt((
        value("group_member_added", tag(" added by ")),
        value("group_member_removed", tag(" removed by ")),
    ));
    let (after, action) = action.parse(after)?;
    let (after, user) = is_not(" ")(after)?;
    let (after, _) = alt((tag(" to group "), tag(" from group "))).parse(after)?;
    let (_, group) = rest(after)?;
    let facts = Facts {
        group: Some(group),
        ..Facts::success(action).user(user).target_user(target)
    };
    Ok((b"", facts))
}

/// `failed adding user 'bob', exit code: 9`
fn failed(input: &[u8]) -> Parsed<'_, Facts<'_>> {
    let mut action = alt((
        value("user_created", tag("failed adding user ")),
        value("user_deleted", tag("failed deleting user ")),
    ));
    let (after, action) = action.parse(input)?;
    let (after, user) = quoted(after)?;
    let reason = after.strip_prefix(b", ").unwrap_or(after);
    let facts = Facts {
        outcome: Some(Outcome::Failure),
        ..Facts::of(action).target_user(user)
    };
    Ok((b"", facts.reason(reason)))
}

/// `, UID=1001, GID=1001, home=/home/bob, shell=/bin/bash`
fn emit_pairs(pairs: &[u8], out: &mut EventWriter<'_>) {
    let mut left = pairs.strip_prefix(b", ").unwrap_or(pairs);
    while let Some(at) = memchr(b'=', left) {
        let (name, behind) = (&left[..at], &left[at + 1..]);
        let end = memmem::find(behind, b", ").unwrap_or(behind.len());
        let value = &behind[..end];
        match name {
            b"UID" => out.text(fields::UID, value),
            b"GID" => out.text(fields::GID, value),
            b"home" => out.text(fields::HOME, value),
            b"shell" => out.text(fields::SHELL, value),
            _ => out.named(name, ValueKind::Text, value),
        }
        left = behind.get(end + 2..).unwrap_or_default();
    }
}
