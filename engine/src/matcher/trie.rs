//! Literals that a text may begin with. A look-up goes only as far as the text agrees with one
//! of them: a few bytes, whatever their number and the length of the text.

use hashbrown::HashMap;

/// No node.
const NONE: u32 = u32::MAX;

/// A node: the literals that end here, and its edges.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// In [`Trie::edges`], ascending by byte.
    edges: (u32, u32),
    /// Number of the literal that ends here.
    literal: u32,
}

/// Literals by their bytes in order.
#[derive(Debug)]
pub(super) struct Trie {
    /// Edges of the root, by byte: there are many, and every look-up begins here.
    root: Box<[u32; 256]>,
    nodes: Vec<Node>,
    edges: Vec<(u8, u32)>,
}

impl Trie {
    /// From the literals' bytes; their numbers are their places. None is empty, none is there
    /// twice.
    pub(super) fn new<'l>(literals: impl Iterator<Item = &'l [u8]>) -> Self {
        let mut children: Vec<HashMap<u8, u32>> = vec![HashMap::new()];
        let mut ends = vec![NONE];
        for (number, literal) in (0u32..).zip(literals) {
            let mut at = 0;
            for byte in literal {
                let next = children.len() as u32;
                let child = *children[at].entry(*byte).or_insert(next);
                if child == next {
                    children.push(HashMap::new());
                    ends.push(NONE);
                }
                at = child as usize;
            }
            ends[at] = number;
        }
        let mut trie = Self {
            root: Box::new([NONE; 256]),
            nodes: Vec::with_capacity(children.len()),
            edges: Vec::with_capacity(children.len()),
        };
        for (byte, child) in &children[0] {
            trie.root[usize::from(*byte)] = *child;
        }
        for (edges, literal) in children.iter().zip(ends) {
            let start = trie.edges.len();
            trie.edges
                .extend(edges.iter().map(|(byte, to)| (*byte, *to)));
            trie.edges[start..].sort_unstable();
            trie.nodes.push(Node {
                edges: (start as u32, trie.edges.len() as u32),
                literal,
            });
        }
        trie
    }

    /// Calls `found` with the number of each literal that the bytes begin with.
    #[inline]
    pub(super) fn walk(&self, mut bytes: impl Iterator<Item = u8>, mut found: impl FnMut(u32)) {
        let Some(first) = bytes.next() else {
            return;
        };
        let mut at = self.root[usize::from(first)];
        while at != NONE {
            let node = self.nodes[at as usize];
            if node.literal != NONE {
                found(node.literal);
            }
            let edges = &self.edges[node.edges.0 as usize..node.edges.1 as usize];
            let next = bytes.next().filter(|_| !edges.is_empty());
            let edge = next.and_then(|byte| edges.iter().find(|edge| edge.0 == byte));
            at = edge.map_or(NONE, |edge| edge.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Trie;

    #[test]
    fn finds_every_literal_that_the_text_begins_with() {
        let literals: [&[u8]; 5] = [b"c:\\", b"c", b"c:\\windows\\", b"d:", b"c:\\win"];
        let trie = Trie::new(literals.into_iter());
        let of = |text: &str| {
            let mut found = Vec::new();
            trie.walk(text.bytes(), |number| found.push(number));
            found
        };
        assert_eq!(of("c:\\windows\\x"), [1, 0, 4, 2]);
        assert_eq!(of("c:\\wind"), [1, 0, 4]);
        assert!(of("d").is_empty());
        assert!(of("").is_empty());
        assert!(of("\u{e9}").is_empty());
    }
}
