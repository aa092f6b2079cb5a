//! Collections of the old notation: documents of a file that share a part (`action: global`).

use crate::diagnostic::{Findings, Span};
use crate::document::{Content, Node};

/// What earlier documents of a file leave for later ones.
#[derive(Default)]
pub(crate) struct Collection<'a> {
    global: Option<Node<'a>>,
    /// The last `global` that no rule has taken up yet.
    unused_global: Option<Span>,
    previous: Previous<'a>,
}

/// The document before, which `repeat` needs.
#[derive(Default)]
enum Previous<'a> {
    #[default]
    None,
    /// It could not be read. An older one in its place would make another rule of the repetition.
    Unreadable,
    Read(Node<'a>),
}

/// What a document stands for.
pub(crate) enum Step<'a> {
    /// A rule, its shared parts filled in.
    Rule(Node<'a>),
    /// Nothing by itself: it only changes the shared part.
    Shared,
    /// It cannot be completed, for this reason.
    Refused(Node<'a>, &'static str),
}

impl<'a> Collection<'a> {
    /// What a document stands for.
    ///
    /// `global` adds to the shared part of the following documents, `reset` drops it, `repeat`
    /// is the document before with changes. What a document says itself wins.
    pub(crate) fn next(&mut self, mut document: Node<'a>, findings: &mut Findings) -> Step<'a> {
        let action = remove_action(&mut document);
        match action.as_ref().map(|node| node.text().unwrap_or_default()) {
            Some("global") => {
                self.unused_global = Some(document.span);
                self.global = Some(match self.global.take() {
                    Some(global) => merged(global, document),
                    None => document,
                });
                return Step::Shared;
            }
            Some("reset") => {
                self.warn_of_unused(findings);
                self.global = None;
                // A reset may stand alone, or begin a rule.
                if document.as_map().is_none_or(<[_]>::is_empty) {
                    return Step::Shared;
                }
            }
            Some("repeat") => {
                let reason = match &self.previous {
                    Previous::Read(previous) => {
                        document = merged(previous.clone(), document);
                        None
                    }
                    Previous::Unreadable => Some("`repeat` of a document that could not be read"),
                    Previous::None => Some("`repeat` without a document before it"),
                };
                if let Some(reason) = reason {
                    let span = action.map_or(document.span, |node| node.span);
                    findings
                        .error(span, reason)
                        .help("correct the document before it, or write this one in full");
                    // What repeats this one lacks its base as well.
                    self.unreadable();
                    return Step::Refused(document, reason);
                }
            }
            Some(other) => {
                let span = action.as_ref().map_or(document.span, |node| node.span);
                findings
                    .warning(
                        span,
                        format!("there is no action `{}`", other.escape_default()),
                    )
                    .help("it is ignored; known: global, reset, repeat");
            }
            None => {}
        }
        self.unused_global = None;
        if let Some(global) = self.global.clone() {
            document = merged(global, document);
        }
        self.previous = match document.content {
            Content::Map(_) => Previous::Read(document.clone()),
            _ => Previous::Unreadable,
        };
        Step::Rule(document)
    }

    /// Takes note of a document that could not be read.
    pub(crate) fn unreadable(&mut self) {
        self.previous = Previous::Unreadable;
        // It may have been the one that the shared part is for.
        self.unused_global = None;
    }

    /// To be called after the last document, and where the shared part is dropped.
    pub(crate) fn warn_of_unused(&mut self, findings: &mut Findings) {
        if let Some(span) = self.unused_global.take() {
            findings
                .warning(span, "no rule follows that uses this shared part")
                .help("remove `action: global` if it is a rule itself, or add the rules it is for");
        }
    }
}

fn remove_action<'a>(document: &mut Node<'a>) -> Option<Node<'a>> {
    let Content::Map(entries) = &mut document.content else {
        return None;
    };
    let index = entries.iter().position(|(key, _)| key.text == "action")?;
    Some(entries.remove(index).1)
}

/// `base` with the entries of `over`: mappings are merged, all else is replaced. The place is
/// that of `over`.
fn merged<'a>(mut base: Node<'a>, over: Node<'a>) -> Node<'a> {
    let (Content::Map(entries), Content::Map(_)) = (&mut base.content, &over.content) else {
        return over;
    };
    let Content::Map(more) = over.content else {
        return base;
    };
    for (key, value) in more {
        match entries.iter().position(|(k, _)| k.text == key.text) {
            Some(index) => {
                let (_, old) = entries.remove(index);
                entries.insert(index, (key, merged(old, value)));
            }
            None => entries.push((key, value)),
        }
    }
    base.span = over.span;
    base
}
