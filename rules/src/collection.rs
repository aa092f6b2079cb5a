//! Collections of the old notation: documents of a file that share a part (`action: global`).

use crate::diagnostic::Findings;
use crate::document::{Content, Node};

/// What earlier documents of a file leave for later ones.
#[derive(Default)]
pub(crate) struct Collection<'a> {
    global: Option<Node<'a>>,
    previous: Option<Node<'a>>,
}

impl<'a> Collection<'a> {
    /// The rule that a document stands for; `None` where it only sets the shared part.
    ///
    /// `global` adds to the shared part of the following documents, `reset` drops it, `repeat`
    /// is the document before with changes. What a document says itself wins.
    pub(crate) fn next(
        &mut self,
        mut document: Node<'a>,
        findings: &mut Findings,
    ) -> Option<Node<'a>> {
        let action = remove_action(&mut document);
        let action = match &action {
            None => None,
            Some(node) => {
                let name = node.text().unwrap_or_default();
                if !matches!(name, "global" | "reset" | "repeat") {
                    findings
                        .warning(
                            node.span,
                            format!("there is no action `{}`", name.escape_default()),
                        )
                        .help("it is ignored; known: global, reset, repeat");
                }
                Some(name.to_owned())
            }
        };
        match action.as_deref() {
            Some("global") => {
                self.global = Some(match self.global.take() {
                    Some(global) => merged(global, document),
                    None => document,
                });
                return None;
            }
            Some("reset") => {
                self.global = None;
                // A reset may stand alone, or begin a rule.
                if document.as_map().is_none_or(<[_]>::is_empty) {
                    return None;
                }
            }
            Some("repeat") => {
                if let Some(previous) = self.previous.clone() {
                    document = merged(previous, document);
                }
            }
            _ => {}
        }
        if let Some(global) = self.global.clone() {
            document = merged(global, document);
        }
        self.previous = Some(document.clone());
        Some(document)
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
