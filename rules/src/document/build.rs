//! Builds the trees of a file's documents out of the events of the YAML parser.

use std::borrow::Cow;

use hashbrown::HashMap;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::places::Places;
use super::{Content, Key, Node, Style, syntax_error};
use crate::diagnostic::{Findings, Span};

/// How deep lists and mappings may be nested. Rules need five levels.
const DEPTH_MAX: usize = 64;
/// How many nodes a document may have once its aliases are replaced by what they stand for.
const NODES_MAX: usize = 200_000;
/// From this many keys on, duplicates are looked up by hash instead of one by one.
const KEYS_COMPARED_MAX: usize = 16;

/// The documents of a text. What is wrong with one is added to `findings`, and the document left
/// out; the others are read all the same. Empty documents are left out in silence.
///
/// Each `Err` holds what is wrong with a document that could not be read.
pub(crate) fn read_documents<'a>(
    text: &'a str,
    findings: &mut Findings,
) -> Vec<Result<Node<'a>, String>> {
    let mut documents = Vec::new();
    let (mut start, mut lines) = (0, 0);
    for chunk in chunks(text) {
        let places = Places::new(chunk, start, lines);
        match read_chunk(&places, findings) {
            Ok(nodes) => documents.extend(nodes.into_iter().map(Ok)),
            Err(message) => documents.push(Err(message)),
        }
        start += chunk.len();
        lines += chunk.matches('\n').count();
    }
    documents
}

/// Splits at lines that begin with `---`: in YAML they begin a document wherever they stand,
/// within quotes too. So an unclosed quote ends with its document.
fn chunks(text: &str) -> Vec<&str> {
    let mut chunks = Vec::new();
    let (mut begin, mut line_start) = (0, 0);
    for line in text.split_inclusive('\n') {
        let marks = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        let so_far = &text[begin..line_start];
        // Directives and comments before the mark belong to the document that it begins.
        if marks && !so_far.lines().all(is_prologue) {
            chunks.push(so_far);
            begin = line_start;
        }
        line_start += line.len();
    }
    chunks.push(&text[begin..]);
    chunks
}

fn is_prologue(line: &str) -> bool {
    line.starts_with('%') || line.trim_start().starts_with('#') || line.trim().is_empty()
}

fn read_chunk<'a>(places: &Places<'a>, findings: &mut Findings) -> Result<Vec<Node<'a>>, String> {
    let mut parser = Parser::new_from_str(places.chunk());
    let mut builder = Builder::default();
    let mut documents = Vec::new();
    while let Some(next) = parser.next_event() {
        let (event, span) = match next {
            Ok(event) => event,
            Err(error) => return Err(syntax_error::report(&error, places, findings)),
        };
        let span = match &event {
            Event::StreamEnd => break,
            Event::DocumentEnd => {
                documents.extend(builder.take_document());
                continue;
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                places.span(&span.start, &span.start)
            }
            _ => places.span(&span.start, &span.end),
        };
        if let Err(problem) = builder.event(event, span) {
            let diagnostic = findings.error(problem.span, problem.message.clone());
            diagnostic.help(problem.help);
            if let Some((span, what)) = problem.related {
                diagnostic.related(span, what);
            }
            return Err(problem.message);
        }
    }
    Ok(documents)
}

/// Why a document is refused though its syntax is right.
struct Problem {
    span: Span,
    message: String,
    help: &'static str,
    related: Option<(Span, &'static str)>,
}

impl Problem {
    /// Boxed, so that the results on the way of every event stay small.
    #[expect(clippy::unnecessary_box_returns, reason = "see above")]
    fn new(span: Span, message: impl Into<String>, help: &'static str) -> Box<Self> {
        Box::new(Self {
            span,
            message: message.into(),
            help,
            related: None,
        })
    }
}

/// A list or mapping that is not complete yet.
struct Open<'a> {
    node: Node<'a>,
    /// The key whose value comes next.
    key: Option<Key<'a>>,
    anchor: usize,
}

#[derive(Default)]
struct Builder<'a> {
    open: Vec<Open<'a>>,
    root: Option<Node<'a>>,
    /// Anchored nodes with the number of nodes in each.
    anchors: HashMap<usize, (Node<'a>, usize)>,
    nodes: usize,
}

impl<'a> Builder<'a> {
    /// The complete document, without those that hold nothing.
    fn take_document(&mut self) -> Option<Node<'a>> {
        self.nodes = 0;
        self.anchors.clear();
        self.root.take().filter(|root| !root.is_null())
    }

    fn event(&mut self, event: Event<'a>, span: Span) -> Result<(), Box<Problem>> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let style = scalar_style(style, tag.as_deref());
                self.complete(
                    Node {
                        span,
                        content: Content::Scalar(text, style),
                    },
                    anchor,
                )
            }
            Event::SequenceStart(anchor, _) => self.begin(Content::List(Vec::new()), span, anchor),
            Event::MappingStart(anchor, _) => self.begin(Content::Map(Vec::new()), span, anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open {
                    mut node, anchor, ..
                }) => {
                    if let Content::Map(entries) = &mut node.content {
                        merge(entries)?;
                        check_keys(entries)?;
                    }
                    self.complete(node, anchor)
                }
                None => Ok(()),
            },
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(
        &mut self,
        content: Content<'a>,
        span: Span,
        anchor: usize,
    ) -> Result<(), Box<Problem>> {
        if self.open.len() >= DEPTH_MAX {
            return Err(Problem::new(
                span,
                format!("lists and mappings are nested more than {DEPTH_MAX} levels deep"),
                "rules need five levels; is this a rule?",
            ));
        }
        self.open.push(Open {
            node: Node { span, content },
            key: None,
            anchor,
        });
        Ok(())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Box<Problem>> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            return Err(Problem::new(
                span,
                "this alias stands within the value that it refers to",
                "write the value out",
            ));
        };
        if self.nodes.saturating_add(*size) > NODES_MAX {
            return Err(Problem::new(
                span,
                format!("with its aliases replaced, the document has more than {NODES_MAX} values"),
                "write the values out, or divide the rule",
            ));
        }
        self.nodes += size;
        let mut node = node.clone();
        node.span = span;
        self.complete(node, 0)
    }

    /// A node is complete: it becomes a key, a value or the root.
    fn complete(&mut self, mut node: Node<'a>, anchor: usize) -> Result<(), Box<Problem>> {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            return Err(Problem::new(
                node.span,
                format!("with its aliases replaced, the document has more than {NODES_MAX} values"),
                "write the values out, or divide the rule",
            ));
        }
        point_at_first(&mut node);
        if anchor != 0 {
            let size = node.size();
            // Anchors cost a copy each, so that nested ones count like aliases.
            self.nodes = self.nodes.saturating_add(size);
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut parent.node.content, parent.key.take()) {
            (Content::List(items), _) => items.push(node),
            (Content::Map(entries), Some(key)) => entries.push((key, node)),
            (Content::Map(_), None) => {
                let Content::Scalar(text, style) = node.content else {
                    return Err(Problem::new(
                        node.span,
                        format!("a key cannot be {}", node.kind()),
                        "write it as text; quote it if it begins with one of `[`, `{`, `?`",
                    ));
                };
                parent.key = Some(Key {
                    text,
                    style,
                    span: node.span,
                });
            }
            (Content::Scalar(..), _) => {}
        }
        Ok(())
    }
}

/// Lists and mappings are pointed at by the place of their first key or item.
fn point_at_first(node: &mut Node<'_>) {
    let first = match &node.content {
        Content::Scalar(..) => return,
        Content::List(items) => items.first().map(|item| item.span),
        Content::Map(entries) => entries.first().map(|(key, _)| key.span),
    };
    if let Some(first) = first.filter(|first| first.line == node.span.line) {
        node.span.len = (first.start + first.len).saturating_sub(node.span.start);
    }
}

fn scalar_style(style: ScalarStyle, tag: Option<&Tag>) -> Style {
    let is_text =
        |tag: &Tag| tag.suffix == "str" && (tag.is_yaml_core_schema() || tag.handle == "!!");
    match (style, tag) {
        (_, Some(tag)) if is_text(tag) => Style::Quoted,
        (_, Some(tag)) if tag.is_yaml_core_schema() => Style::Plain,
        (ScalarStyle::Plain, _) => Style::Plain,
        _ => Style::Quoted,
    }
}

/// Replaces merge keys (`<<`) by the entries they stand for; what is written out wins.
fn merge<'a>(entries: &mut Vec<(Key<'a>, Node<'a>)>) -> Result<(), Box<Problem>> {
    if !entries.iter().any(|(key, _)| key.merges()) {
        return Ok(());
    }
    let (merged, mut own): (Vec<_>, Vec<_>) = std::mem::take(entries)
        .into_iter()
        .partition(|(key, _)| key.merges());
    check_keys(&own)?;
    for (key, value) in merged {
        let sources = match value.content {
            Content::Map(more) => vec![more],
            Content::List(items) => items
                .into_iter()
                .map(|item| match item.content {
                    Content::Map(more) => Ok(more),
                    _ => Err(not_mergeable(item.span)),
                })
                .collect::<Result<_, _>>()?,
            Content::Scalar(..) => Vec::new(),
        };
        if sources.is_empty() {
            return Err(not_mergeable(key.span));
        }
        let mut present: hashbrown::HashSet<Cow<'_, str>> =
            own.iter().map(|(k, _)| k.text.clone()).collect();
        for (key, value) in sources.into_iter().flatten() {
            if present.insert(key.text.clone()) {
                own.push((key, value));
            }
        }
    }
    *entries = own;
    Ok(())
}

#[expect(clippy::unnecessary_box_returns, reason = "see `Problem::new`")]
fn not_mergeable(span: Span) -> Box<Problem> {
    Problem::new(
        span,
        "the merge key `<<` needs a mapping or a list of mappings",
        "refer to an anchored mapping: `<<: *name`",
    )
}

fn check_keys(entries: &[(Key<'_>, Node<'_>)]) -> Result<(), Box<Problem>> {
    let duplicate = if entries.len() <= KEYS_COMPARED_MAX {
        entries.iter().enumerate().find_map(|(index, (key, _))| {
            let earlier = entries
                .iter()
                .take(index)
                .find(|(k, _)| k.text == key.text)?;
            Some((&earlier.0, key))
        })
    } else {
        let mut seen = HashMap::with_capacity(entries.len());
        entries.iter().find_map(|(key, _)| {
            seen.insert(key.text.as_ref(), key)
                .map(|earlier| (earlier, key))
        })
    };
    let Some((earlier, key)) = duplicate else {
        return Ok(());
    };
    let mut problem = Problem::new(
        key.span,
        format!("the key `{}` occurs twice in this mapping", key.text),
        "the first would be lost: make a list of both values, or rename one of them",
    );
    problem.related = Some((earlier.span, "first here"));
    Err(problem)
}
