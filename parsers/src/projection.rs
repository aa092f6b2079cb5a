//! Which fields a parser extracts, and under which of their many names it finds them.
//!
//! The compiled rules say which fields matter; a parser asks here, name by name, and skips the
//! rest without decoding it. Mapping is part of the look-up: `winlog.event_data.CommandLine`,
//! `Event.EventData.CommandLine` and `process.command_line` all lead to the [`FieldId`] of
//! `CommandLine`, so that nothing is renamed later.
//!
//! ```text
//!  paths   root ─ Event ─ EventData* ─┐      * names below count as top-level names
//!            └─── CommandLine ◀───────┘
//! ```

use std::hash::BuildHasher;
use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::event::FieldId;
use crate::fields::{CORE_COUNT, CORE_NAMES};

/// Whether values that no rule asked for are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Only fields that were added: what matching needs.
    Projected,
    /// All values, with their names: what a person wants to see.
    Everything,
}

/// A field that a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The field.
    pub field: FieldId,
    /// 0 for the field's own name. Where several names of one field occur in an event, the
    /// values of the lowest rank are kept.
    pub rank: u8,
}

/// A place in the tree of paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(NonZero<u32>);

impl NodeId {
    fn new(index: usize) -> Self {
        // One more, so that "no node" needs no space of its own.
        Self(NonZero::<u32>::MIN.saturating_add(index as u32))
    }

    #[inline]
    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// How an array of `{name, value}` objects spells its two keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairKeys {
    /// The key whose value is the field's name, for example `@Name`.
    pub name: Box<str>,
    /// The key whose value is the field's value, for example `#text`.
    pub value: Box<str>,
}

#[derive(Debug, Default)]
struct Node {
    targets: Range<u32>,
    any: Option<NodeId>,
    transparent: bool,
    has_children: bool,
    pairs: Vec<PairKeys>,
}

#[derive(Debug)]
struct Edge {
    from: NodeId,
    key: Box<[u8]>,
    to: NodeId,
}

/// How many were built in this process, so that none is taken for another. 0 is none.
static BUILT: AtomicU64 = AtomicU64::new(1);

/// The compiled table. Build it with [`ProjectionBuilder`].
#[derive(Debug)]
pub struct Projection {
    identity: u64,
    extent: Extent,
    names: Vec<Box<str>>,
    wanted: Vec<bool>,
    nodes: Vec<Node>,
    targets: Vec<Target>,
    edges: HashTable<Edge>,
    hasher: DefaultHashBuilder,
}

impl Projection {
    /// The root of the tree of paths.
    pub const ROOT: NodeId = NodeId(NonZero::<u32>::MIN);

    /// Tells this table from all others of the process, for what is remembered of it.
    pub(crate) fn identity(&self) -> u64 {
        self.identity
    }

    /// Whether values that no rule asked for are kept too.
    #[inline]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Whether a field was asked for.
    #[inline]
    pub fn wants(&self, field: FieldId) -> bool {
        self.wanted.get(field.index()).copied().unwrap_or(false)
    }

    /// The name of a field, as rules write it.
    pub fn name(&self, field: FieldId) -> &str {
        self.names.get(field.index()).map_or("", |n| n)
    }

    /// The fields that a top-level name leads to.
    #[inline]
    pub fn named(&self, name: &[u8]) -> &[Target] {
        self.child(Self::ROOT, name)
            .map_or(&[], |node| self.targets(node))
    }

    /// The node that a key leads to, if anything at or below it was asked for.
    ///
    /// A key with dots is first looked up as it is, then as a path, so that nested objects and
    /// literal dotted keys mean the same.
    #[inline]
    pub fn child(&self, node: NodeId, key: &[u8]) -> Option<NodeId> {
        self.step(node, key).or_else(|| self.dotted(node, key))
    }

    fn step(&self, node: NodeId, key: &[u8]) -> Option<NodeId> {
        let here = &self.nodes[node.index()];
        if here.has_children
            && let Some(to) = self.edge(node, key)
        {
            return Some(to);
        }
        if here.any.is_some() {
            return here.any;
        }
        if here.transparent {
            self.edge(Self::ROOT, key)
        } else {
            None
        }
    }

    fn edge(&self, from: NodeId, key: &[u8]) -> Option<NodeId> {
        let hash = self.hasher.hash_one((from, key));
        self.edges
            .find(hash, |e| e.from == from && *e.key == *key)
            .map(|e| e.to)
    }

    fn dotted(&self, node: NodeId, key: &[u8]) -> Option<NodeId> {
        // Nearly all keys have no dot: they must not be looked up twice.
        let (first, rest) = key.split_at(memchr::memchr(b'.', key)?);
        let mut at = self.step(node, first)?;
        for segment in rest.get(1..)?.split(|b| *b == b'.') {
            at = self.step(at, segment)?;
        }
        Some(at)
    }

    /// The fields that a value at this node belongs to.
    #[inline]
    pub fn targets(&self, node: NodeId) -> &[Target] {
        let range = &self.nodes[node.index()].targets;
        &self.targets[range.start as usize..range.end as usize]
    }

    /// Whether names below this node count as top-level names (`Event.EventData` and its like).
    #[inline]
    pub fn is_transparent(&self, node: NodeId) -> bool {
        self.nodes[node.index()].transparent
    }

    /// Whether an object at this node has to be entered.
    #[inline]
    pub fn is_inner(&self, node: NodeId) -> bool {
        let node = &self.nodes[node.index()];
        node.has_children || node.transparent || node.any.is_some()
    }

    /// The spellings of an array of name and value pairs at this node.
    pub fn pairs(&self, node: NodeId) -> &[PairKeys] {
        &self.nodes[node.index()].pairs
    }

    /// All fields that were asked for, with their names.
    pub fn fields(&self) -> impl Iterator<Item = (FieldId, &str)> {
        let ids = (0..self.names.len()).map(|i| FieldId(i as u16));
        ids.filter(|id| self.wants(*id))
            .map(|id| (id, self.name(id)))
    }
}

/// More distinct field names than a [`FieldId`] can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyFields;

/// How far down paths inherit; a guard against tables that lead into themselves.
const INHERIT_DEPTH_MAX: u8 = 8;

#[derive(Clone, Debug, Default)]
struct NodeDraft {
    targets: Vec<Target>,
    any: Option<NodeId>,
    transparent: bool,
    pairs: Vec<PairKeys>,
}

/// Collects fields and their paths.
#[derive(Debug)]
pub struct ProjectionBuilder {
    extent: Extent,
    names: Vec<Box<str>>,
    ids: HashMap<Box<str>, FieldId>,
    wanted: Vec<bool>,
    nodes: Vec<NodeDraft>,
    edges: HashMap<(NodeId, Box<[u8]>), NodeId>,
}

impl ProjectionBuilder {
    /// Knows the core fields of [`crate::fields`], wants none of them yet.
    pub fn new(extent: Extent) -> Self {
        let names: Vec<Box<str>> = CORE_NAMES.iter().map(|n| Box::from(*n)).collect();
        let ids = names
            .iter()
            .enumerate()
            .map(|(i, n)| (n.clone(), FieldId(i as u16)))
            .collect();
        Self {
            extent,
            names,
            ids,
            wanted: vec![false; CORE_COUNT],
            nodes: vec![NodeDraft::default()],
            edges: HashMap::new(),
        }
    }

    /// Whether values that no rule asked for will be kept.
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// The number of field ids given so far.
    pub fn ids(&self) -> usize {
        self.names.len()
    }

    /// Asks for a field by its name and gives its id.
    pub fn field(&mut self, name: &str) -> Result<FieldId, TooManyFields> {
        let id = match self.ids.get(name) {
            Some(id) => *id,
            None => self.intern(name)?,
        };
        if !self.wanted[id.index()] {
            self.wanted[id.index()] = true;
            self.path(name, Target { field: id, rank: 0 });
        }
        Ok(id)
    }

    fn intern(&mut self, name: &str) -> Result<FieldId, TooManyFields> {
        if self.names.len() >= FieldId::UNLISTED.index() {
            return Err(TooManyFields);
        }
        let id = FieldId(self.names.len() as u16);
        self.names.push(name.into());
        self.wanted.push(false);
        self.ids.insert(name.into(), id);
        Ok(id)
    }

    /// Whether a field of this name was asked for already.
    pub fn wanted(&self, name: &str) -> Option<FieldId> {
        self.ids
            .get(name)
            .copied()
            .filter(|id| self.wanted[id.index()])
    }

    /// Adds another path under which a field is found. Segments are divided by dots; `*`
    /// stands for any one segment.
    pub fn path(&mut self, path: &str, target: Target) {
        let node = self.node(path);
        let targets = &mut self.nodes[node.index()].targets;
        if !targets.iter().any(|t| t.field == target.field) {
            targets.push(target);
        }
    }

    /// Declares that names below a path count as top-level names.
    pub fn transparent(&mut self, path: &str) {
        let node = self.node(path);
        self.nodes[node.index()].transparent = true;
    }

    /// Declares that an array at a path holds name and value pairs.
    pub fn pairs(&mut self, path: &str, keys: PairKeys) {
        let node = self.node(path);
        self.nodes[node.index()].pairs.push(keys);
    }

    fn node(&mut self, path: &str) -> NodeId {
        path.split('.')
            .fold(Projection::ROOT, |at, segment| self.descend(at, segment))
    }

    fn descend(&mut self, from: NodeId, segment: &str) -> NodeId {
        let known = match segment {
            "*" => self.nodes[from.index()].any,
            _ => self.edges.get(&(from, segment.as_bytes().into())).copied(),
        };
        if let Some(node) = known {
            return node;
        }
        let node = NodeId::new(self.nodes.len());
        self.nodes.push(NodeDraft::default());
        if segment == "*" {
            self.nodes[from.index()].any = Some(node);
        } else {
            self.edges.insert((from, segment.as_bytes().into()), node);
        }
        node
    }

    /// Makes a named node mean at least what the looser ways to its place mean: `*` beside it,
    /// and top-level names inside of something transparent. A look-up then needs only the
    /// closest node and goes nowhere else: with pairs at `EventData.Data`, an unnamed `Data`
    /// still leads to the field `Data`.
    fn inherit(&mut self) {
        let edges = self.edges.iter();
        let mut edges: Vec<_> = edges
            .map(|((from, key), to)| (*from, key.clone(), *to))
            .collect();
        // In a fixed order, so that the same tables give the same projection.
        edges.sort_unstable_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        for (from, key, to) in edges {
            let parent = &self.nodes[from.index()];
            let top_level = self.edges.get(&(Projection::ROOT, key)).copied();
            for other in [parent.any, top_level.filter(|_| parent.transparent)] {
                if let Some(other) = other.filter(|other| *other != to) {
                    self.merge(to, other, INHERIT_DEPTH_MAX);
                }
            }
        }
    }

    fn merge(&mut self, into: NodeId, from: NodeId, depth: u8) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        let other = self.nodes[from.index()].clone();
        let node = &mut self.nodes[into.index()];
        for target in other.targets {
            match node.targets.iter_mut().find(|t| t.field == target.field) {
                Some(own) => own.rank = own.rank.min(target.rank),
                None => node.targets.push(target),
            }
        }
        node.transparent |= other.transparent;
        if node.pairs.is_empty() {
            node.pairs = other.pairs;
        }
        match (node.any, other.any) {
            (None, any) => node.any = any,
            (Some(own), Some(other)) if own != other => self.merge(own, other, depth),
            _ => {}
        }
        for (key, below) in self.children(from) {
            match self.edges.get(&(into, key.clone())).copied() {
                None => {
                    self.edges.insert((into, key), below);
                }
                Some(own) if own != below => self.merge(own, below, depth),
                Some(_) => {}
            }
        }
    }

    fn children(&self, of: NodeId) -> Vec<(Box<[u8]>, NodeId)> {
        let edges = self.edges.iter();
        let mut children: Vec<_> = edges
            .filter(|((from, _), _)| *from == of)
            .map(|((_, key), to)| (key.clone(), *to))
            .collect();
        children.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        children
    }

    /// The finished table.
    pub fn build(mut self) -> Projection {
        self.inherit();
        let hasher = DefaultHashBuilder::default();
        let mut targets = Vec::new();
        let mut nodes: Vec<Node> = Vec::with_capacity(self.nodes.len());
        for draft in self.nodes {
            let start = targets.len() as u32;
            targets.extend(draft.targets);
            nodes.push(Node {
                targets: start..targets.len() as u32,
                any: draft.any,
                transparent: draft.transparent,
                has_children: false,
                pairs: draft.pairs,
            });
        }
        let mut edges = HashTable::with_capacity(self.edges.len());
        let rehash = |e: &Edge| hasher.hash_one((e.from, &*e.key));
        for ((from, key), to) in self.edges {
            nodes[from.index()].has_children = true;
            let edge = Edge { from, key, to };
            edges.insert_unique(rehash(&edge), edge, rehash);
        }
        Projection {
            identity: BUILT.fetch_add(1, Ordering::Relaxed),
            extent: self.extent,
            names: self.names,
            wanted: self.wanted,
            nodes,
            targets,
            edges,
            hasher,
        }
    }
}
