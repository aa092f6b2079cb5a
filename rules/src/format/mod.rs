//! Brings files of rules into the usual form, without changing what they mean.
//!
//! ```text
//!  text ─▶ trees ─▶ new column of every line ─▶ lines ─▶ blocks in the usual order ─▶ text
//!                   (comments, quotes and values stay as they are)         └─ same trees? ─┘
//! ```
//!
//! The text is changed, never written anew from a tree: so comments, quotes and notation survive.
//! Whatever the result, its trees are compared with those of the text before; where they differ,
//! less is changed, and in the last resort nothing.

mod blocks;
mod indentation;
mod lines;
mod same;

use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Findings, SourceFile};
use crate::document::{Node, read_documents};
use crate::load::{LoadOptions, load};

/// What reading paths to format gave.
#[derive(Debug)]
pub struct FormatInput {
    /// All files of rules, by path.
    pub files: Vec<Arc<SourceFile>>,
    /// What is wrong with them; files with errors in their YAML cannot be formatted.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads all files of rules in files and, recursively, folders.
pub fn read<P: AsRef<Path>>(paths: &[P]) -> FormatInput {
    let loaded = load(paths, &LoadOptions::default());
    FormatInput {
        files: crate::lint::files(&loaded),
        diagnostics: loaded.diagnostics,
    }
}

/// The text in the usual form; the text itself where that is its form already. `None` where it
/// is not YAML, so that nothing can be said about it.
///
/// ```
/// let text = "level: high\ntitle: Whoami   \n";
/// assert_eq!(yagura_rules::format::format(text).unwrap(), "title: Whoami\nlevel: high\n");
/// ```
pub fn format(text: &str) -> Option<String> {
    let before = trees(text)?;
    let mut now = text.to_owned();
    for _ in 0..ROUNDS_MAX {
        let next = once(&now, &before);
        if next == now {
            return Some(now);
        }
        now = next;
    }
    // Odd notation that never settles is left as it is.
    Some(text.to_owned())
}

/// Rounds until nothing changes; two for nearly all files.
const ROUNDS_MAX: usize = 6;

fn once(text: &str, before: &[Node<'_>]) -> String {
    let unix = text.replace("\r\n", "\n");
    let attempts: [(Indent, Order); 4] = [
        (Indent::Usual, Order::Usual),
        (Indent::Usual, Order::Kept),
        (Indent::Kept, Order::Usual),
        (Indent::Kept, Order::Kept),
    ];
    for (indent, order) in attempts {
        let Some(after) = attempt(&unix, indent, order) else {
            continue;
        };
        if trees(&after).is_some_and(|trees| same::all(before, &trees)) {
            return after;
        }
    }
    text.to_owned()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Indent {
    Usual,
    Kept,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Usual,
    Kept,
}

fn attempt(text: &str, indent: Indent, order: Order) -> Option<String> {
    let roots = trees(text)?;
    let indented = lines::clean(text, &roots, indent == Indent::Usual);
    if order == Order::Kept {
        return Some(indented);
    }
    let roots = trees(&indented)?;
    Some(blocks::reorder(&indented, &roots))
}

/// The trees of all documents; `None` where one of them has errors.
fn trees(text: &str) -> Option<Vec<Node<'_>>> {
    let file = Arc::new(SourceFile {
        path: "rules.yml".into(),
        text: String::new(),
    });
    let mut findings = Findings::new(file);
    read_documents(text, &mut findings)
        .into_iter()
        .collect::<Result<_, _>>()
        .ok()
}
