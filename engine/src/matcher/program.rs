//! Boolean programs: the conditions of all rules of a class in one arena.

use std::ops::Range;

use crate::matcher::plan::PredicateId;

/// A node: a predicate itself, or an index into the arena. Most nodes are predicates, so these
/// need no place in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NodeId(u32);

/// The bit that tells a predicate.
const PREDICATE: u32 = 1 << 31;

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Constant(bool),
    Is(PredicateId),
    Not(NodeId),
    All(Range<u32>),
    Any(Range<u32>),
    AtLeast(u32, Range<u32>),
}

/// The arena.
#[derive(Debug, Default)]
pub(crate) struct Program {
    nodes: Vec<Node>,
    children: Vec<NodeId>,
}

impl Program {
    pub(crate) fn node(&self, id: NodeId) -> Node {
        if id.0 & PREDICATE != 0 {
            Node::Is(PredicateId(id.0 & !PREDICATE))
        } else {
            self.nodes[id.0 as usize].clone()
        }
    }

    pub(crate) fn children(&self, range: &Range<u32>) -> &[NodeId] {
        &self.children[range.start as usize..range.end as usize]
    }

    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        if let Node::Is(predicate) = node {
            return NodeId(predicate.0 | PREDICATE);
        }
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node);
        id
    }

    pub(crate) fn list(&mut self, children: &[NodeId]) -> Range<u32> {
        let start = self.children.len() as u32;
        self.children.extend_from_slice(children);
        start..self.children.len() as u32
    }

    /// The value of a node, given the truth of predicates.
    #[inline]
    pub(crate) fn holds(&self, id: NodeId, truth: &mut impl FnMut(PredicateId) -> bool) -> bool {
        if id.0 & PREDICATE != 0 {
            truth(PredicateId(id.0 & !PREDICATE))
        } else {
            self.node_holds(&self.nodes[id.0 as usize], truth)
        }
    }

    fn node_holds(&self, node: &Node, truth: &mut impl FnMut(PredicateId) -> bool) -> bool {
        match node {
            Node::Constant(value) => *value,
            Node::Is(predicate) => truth(*predicate),
            Node::Not(child) => !self.holds(*child, truth),
            Node::All(list) => self.children(list).iter().all(|c| self.holds(*c, truth)),
            Node::Any(list) => self.children(list).iter().any(|c| self.holds(*c, truth)),
            Node::AtLeast(count, list) => {
                let mut missing = *count;
                missing == 0
                    || self.children(list).iter().any(|c| {
                        missing -= u32::from(self.holds(*c, truth));
                        missing == 0
                    })
            }
        }
    }

    /// Calls `each` with the predicates that made a node hold: those that hold, outside of
    /// negations, in branches that hold.
    pub(crate) fn evidence(
        &self,
        id: NodeId,
        truth: &mut impl FnMut(PredicateId) -> bool,
        each: &mut impl FnMut(PredicateId),
    ) {
        match self.node(id) {
            Node::Is(predicate) if truth(predicate) => each(predicate),
            Node::Is(_) | Node::Constant(_) | Node::Not(_) => {}
            Node::All(list) | Node::Any(list) | Node::AtLeast(_, list) => {
                for child in self.children(&list) {
                    if self.holds(*child, truth) {
                        self.evidence(*child, truth, each);
                    }
                }
            }
        }
    }
}
