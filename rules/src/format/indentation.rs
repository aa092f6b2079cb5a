//! The column in which every line of a document should begin.

use hashbrown::HashMap;

use crate::diagnostic::Span;
use crate::document::{Content, Node};

/// Columns between a key and what lies below it.
const STEP: usize = 4;
/// Columns between a dash and what follows it.
const DASH: usize = 2;

/// What is known of a line: numbers count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A key or a dash is the first on it.
    Begins {
        /// The column it should have.
        column: usize,
    },
    /// Text that began on a line before goes on, in a block (`|`) that should begin in this
    /// column, or within quotes or brackets (`None`), which move with the line they began on.
    Continues { block: Option<usize> },
}

/// The lines of all documents of which something is known.
pub(super) fn plan(text: &str, roots: &[Node<'_>]) -> HashMap<usize, Line> {
    let mut plan = Plan {
        text,
        lines: HashMap::new(),
    };
    for root in roots {
        plan.node(root, 0);
    }
    plan.lines
}

struct Plan<'t> {
    text: &'t str,
    lines: HashMap<usize, Line>,
}

impl Plan<'_> {
    /// `column`: where its keys or dashes should stand.
    fn node(&mut self, node: &Node<'_>, column: usize) {
        match &node.content {
            Content::Scalar(..) => self.scalar(node.span, column),
            Content::List(_) | Content::Map(_) if self.is_flow(node.span) => {
                self.brackets(node.span);
            }
            Content::List(items) => {
                for item in items {
                    self.begins(item.span, column, Lead::Dash);
                    self.node(item, column + DASH);
                }
            }
            Content::Map(entries) => {
                for (key, value) in entries {
                    self.begins(key.span, column, Lead::Nothing);
                    // An alias or a merged entry stands elsewhere.
                    if value.span.start >= key.span.start {
                        self.node(value, column + STEP);
                    }
                }
            }
        }
    }

    fn is_flow(&self, span: Span) -> bool {
        let rest = self.text.get(span.start..).unwrap_or_default();
        rest.starts_with(['[', '{'])
    }

    fn begins(&mut self, span: Span, column: usize, lead: Lead) {
        let before = self.text.get(..span.start).unwrap_or_default();
        let mut before = before
            .get(before.rfind('\n').map_or(0, |at| at + 1)..)
            .unwrap_or_default();
        let line = span.line.saturating_sub(1);
        if lead == Lead::Dash {
            if before.trim().is_empty() {
                // The dash stands alone on a line before.
                return;
            }
            before = before.trim_end().strip_suffix('-').unwrap_or(before);
        }
        if before.trim().is_empty() {
            self.lines.entry(line).or_insert(Line::Begins { column });
        }
    }

    fn scalar(&mut self, span: Span, column: usize) {
        let text = self
            .text
            .get(span.start..span.start.saturating_add(span.len));
        let further = text.unwrap_or_default().matches('\n').count();
        let first = span.line.saturating_sub(1);
        let block = self.is_block(span).then_some(column);
        // The place of a block may be that of its mark or of its first line.
        for line in first..=first + further {
            if line > first || self.stands_alone(span) {
                self.lines.entry(line).or_insert(Line::Continues { block });
            }
        }
    }

    fn stands_alone(&self, span: Span) -> bool {
        let before = self.text.get(..span.start).unwrap_or_default();
        let line = before.get(before.rfind('\n').map_or(0, |at| at + 1)..);
        line.is_some_and(|line| line.trim().is_empty()) && !before.is_empty()
    }

    /// Whether a scalar is a block: `|` or `>` is the last thing on the line it belongs to.
    fn is_block(&self, span: Span) -> bool {
        let rest = self.text.get(span.start..).unwrap_or_default();
        if rest.starts_with(['|', '>']) {
            return true;
        }
        let before = self.text.get(..span.start).unwrap_or_default().trim_end();
        let line = before
            .get(before.rfind('\n').map_or(0, |at| at + 1)..)
            .unwrap_or_default();
        let line = line.trim_end_matches(['+', '-', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
        self.stands_alone(span) && line.ends_with(['|', '>'])
    }

    /// All lines up to the closing bracket move with the first.
    fn brackets(&mut self, span: Span) {
        let rest = self.text.get(span.start..).unwrap_or_default();
        let mut depth = 0usize;
        let mut quote = None;
        let mut line = span.line.saturating_sub(1);
        for c in rest.chars() {
            match (c, quote) {
                ('\n', _) => {
                    line += 1;
                    self.lines
                        .entry(line)
                        .or_insert(Line::Continues { block: None });
                }
                (_, Some(closing)) => quote = (c != closing).then_some(closing),
                ('\'' | '"', None) => quote = Some(c),
                ('[' | '{', None) => depth += 1,
                (']' | '}', None) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lead {
    Nothing,
    Dash,
}
