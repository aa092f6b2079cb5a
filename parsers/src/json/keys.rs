//! What is remembered of the keys of objects: where they lead, and which comes next.
//!
//! ```text
//!  beginning ─▶ "Channel": ─▶ "EventID": ─▶ "Message": ─┬▶ "RuleName":
//!                                                       └▶ "Task":
//! ```
//!
//! The objects of a log have few shapes, so the key before tells the next one. Of each key the
//! two that came behind it last are compared with the text, with quotes and colon, before anything
//! is hashed or its end is looked for. A key that is not among them costs one look-up, and keys
//! that nobody asked for are remembered like the others.
//!
//! Within an event no key has to wait for the one before: what is compared first is the member
//! that came at the same step of the event before, and where that fails, an event of those before
//! is looked for that went on like this one.
//!
//! Bounded: when [`MEMBERS_MAX`] keys are known, all are forgotten. What is remembered belongs to
//! one projection, and so does what a member is good for, which is found out once.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::walk;
use crate::fields;
use crate::projection::{NodeId, Projection, Target};

/// A place in the projection, if anything there was asked for.
pub(super) type Place = Option<NodeId>;

/// Keys of several places count several times.
const MEMBERS_MAX: usize = 2048;

/// So many orders of members are remembered.
const SHAPES_MAX: usize = 16;

/// So much of an event is remembered in its order.
const PATH_MAX: usize = 256;

/// Longer keys are looked up each time, and so are those with a newline: what is remembered must
/// not reach over the end of a line.
const KEY_BYTES_MAX: usize = 128;

/// So much of a key is compared at once.
const HEAD_BYTES: usize = 32;

/// A member that was expected and is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// Of its key, with quotes and colon.
    pub(super) written_len: usize,
    /// Where the key leads.
    pub(super) child: Place,
}

/// What is to be done with a string, number or literal behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// Nobody asks for it.
    Skip,
    /// It is a value of this one field, which is not the time.
    Store(Target),
    /// It is the time, with this rank, and nothing else.
    Time(u8),
    /// It is a value of several fields.
    StoreEach,
    /// The key has a meaning of its own, see [`super::walk`].
    Special,
}

/// A key at a place.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Member {
    /// Its first bytes with the opening quote, as two words.
    head: [u128; 2],
    /// With quotes and colon; 0 for what is no key.
    pub(super) written_len: u32,
    parent: Place,
    /// What came behind it, the last first.
    next: [u16; 2],
    /// What its value is for.
    pub(super) usage: Use,
    /// Where it leads.
    pub(super) child: Place,
    /// Where in [`KeyMemory::written`] it is, with quotes and colon.
    start: u32,
}

/// Which bits of the first bytes count, by how many bytes a key has.
static MASKS: [[u128; 2]; HEAD_BYTES + 1] = masks();

const fn masks() -> [[u128; 2]; HEAD_BYTES + 1] {
    let mut masks = [[0; 2]; HEAD_BYTES + 1];
    let mut len = 1;
    while len <= HEAD_BYTES {
        let bit = (len as u32 - 1) * 8;
        masks[len] = masks[len - 1];
        masks[len][bit as usize / 128] |= 0xFF << (bit % 128);
        len += 1;
    }
    masks
}

/// The memory. Member 0 is no key: it stands for the beginning of an event.
#[derive(Debug, Default)]
pub(crate) struct KeyMemory {
    projection: u64,
    members: Vec<Member>,
    written: Vec<u8>,
    by_key: HashTable<u16>,
    hasher: DefaultHashBuilder,
    /// The member before the next.
    last: u16,
    /// The members of the last event in their order, as far as this one did not differ.
    path: Vec<u16>,
    /// How many of them were passed.
    step: usize,
    /// Whether this event differs from the last.
    left_path: bool,
    /// The members of some events before, all different.
    shapes: Vec<Vec<u16>>,
    oldest_shape: usize,
}

impl KeyMemory {
    /// Makes it that of a projection.
    pub(crate) fn begin(&mut self, projection: &Projection) {
        if self.projection != projection.identity() {
            self.projection = projection.identity();
            self.forget(projection);
        }
    }

    fn forget(&mut self, projection: &Projection) {
        self.members.clear();
        self.written.clear();
        self.by_key.clear();
        self.path.clear();
        self.shapes.clear();
        self.oldest_shape = 0;
        self.left_path = false;
        (self.last, self.step) = (0, 0);
        self.add(None, b"", None, projection);
    }

    /// An event begins.
    pub(super) fn begin_event(&mut self) {
        if self.left_path {
            self.learn_shape();
        }
        (self.last, self.step) = (0, 0);
    }

    /// Remembers the members of the event before, which came in another order than expected.
    fn learn_shape(&mut self) {
        self.left_path = false;
        self.path.truncate(self.step);
        if self.shapes.contains(&self.path) {
            return;
        }
        if let Some(oldest) = self.shapes.get_mut(self.oldest_shape) {
            oldest.clone_from(&self.path);
            self.oldest_shape = (self.oldest_shape + 1) % SHAPES_MAX;
        } else {
            self.shapes.push(self.path.clone());
        }
    }

    /// Notes that a member was passed.
    #[inline]
    fn pass(&mut self, member: u16) {
        if self.path.get(self.step) != Some(&member) {
            self.leave_path(member);
        }
        (self.last, self.step) = (member, self.step + 1);
    }

    /// Goes on as an event did that had this member here, or else one step at a time.
    fn leave_path(&mut self, member: u16) {
        let step = self.step;
        if step >= PATH_MAX {
            return;
        }
        self.left_path = true;
        self.path.truncate(step);
        self.path.push(member);
        let is_like = |shape: &&Vec<u16>| {
            shape.get(step) == Some(&member)
                && step
                    .checked_sub(1)
                    .is_none_or(|before| shape.get(before) == self.path.get(before))
        };
        if let Some(shape) = self.shapes.iter().find(is_like) {
            self.path
                .extend_from_slice(shape.get(step + 1..).unwrap_or_default());
        }
    }

    /// The member that begins `text`, if it was expected here.
    #[expect(clippy::inline_always, reason = "measured: once a member")]
    #[inline(always)]
    pub(super) fn expected(&mut self, parent: Place, text: &[u8]) -> Option<Expected> {
        let [first, second] = self.members.get(usize::from(self.last))?.next;
        let member = self.members.get(usize::from(first))?;
        if self.begins(member, parent, text) {
            let expected = Expected {
                written_len: member.written_len as usize,
                child: member.child,
            };
            self.pass(first);
            return Some(expected);
        }
        self.second_choice([first, second], parent, text)
    }

    #[inline(never)]
    fn second_choice(
        &mut self,
        [first, second]: [u16; 2],
        parent: Place,
        text: &[u8],
    ) -> Option<Expected> {
        let member = self.members.get(usize::from(second))?;
        if !self.begins(member, parent, text) {
            return None;
        }
        let expected = Expected {
            written_len: member.written_len as usize,
            child: member.child,
        };
        self.members.get_mut(usize::from(self.last))?.next = [second, first];
        self.pass(second);
        Some(expected)
    }

    /// The same for a reader that counts the steps itself: the member that came at this step of
    /// the last event, or else one that was expected. To be taken by [`KeyMemory::go_on`].
    ///
    /// The step is known before the member that comes at it. By the member before, the processor
    /// would have to wait for that one each time.
    #[expect(clippy::inline_always, reason = "measured: once a member")]
    #[inline(always)]
    pub(super) fn at_step(&mut self, step: usize, parent: Place, text: &[u8]) -> Option<&Member> {
        let member = self.path.get(step).copied().unwrap_or_default();
        if self.begins(self.members.get(usize::from(member))?, parent, text) {
            return self.members.get(usize::from(member));
        }
        self.off_path(step, parent, text)
    }

    #[cold]
    #[inline(never)]
    fn off_path(&mut self, step: usize, parent: Place, text: &[u8]) -> Option<&Member> {
        self.go_on(step);
        self.expected(parent, text)?;
        // Passed by whoever asked, if the rest of the member is as it should be.
        let member = self.last;
        self.go_on(step);
        self.members.get(usize::from(member))
    }

    /// How many members of the event were passed, in the order of [`KeyMemory::at_step`].
    #[inline]
    pub(super) fn step(&self) -> usize {
        self.step.min(PATH_MAX)
    }

    /// So many members were passed, all of them as they came in the last event, or as
    /// [`KeyMemory::at_step`] told.
    #[inline]
    pub(super) fn go_on(&mut self, step: usize) {
        let before = step.checked_sub(1).and_then(|before| self.path.get(before));
        (self.last, self.step) = (before.copied().unwrap_or_default(), step);
    }

    /// Whether `text` begins with a member that lies at `parent`.
    #[expect(clippy::inline_always, reason = "measured: once a member")]
    #[inline(always)]
    fn begins(&self, member: &Member, parent: Place, text: &[u8]) -> bool {
        if member.parent != parent || member.written_len == 0 {
            return false;
        }
        let mask = MASKS.get(member.written_len as usize);
        let (Some(head), Some(mask)) = (text.first_chunk::<HEAD_BYTES>(), mask) else {
            return self.begins_slowly(member, text);
        };
        let [low, high] = words(head);
        (low ^ member.head[0]) & mask[0] | (high ^ member.head[1]) & mask[1] == 0
    }

    /// For long members, and texts that are short.
    #[inline(never)]
    fn begins_slowly(&self, member: &Member, text: &[u8]) -> bool {
        text.starts_with(self.written(member))
    }

    fn written(&self, member: &Member) -> &[u8] {
        let start = member.start as usize;
        let end = start + member.written_len as usize;
        self.written.get(start..end).unwrap_or_default()
    }

    /// Looks up a key without escapes that was not expected, and expects it from now on.
    pub(super) fn look_up(&mut self, parent: Place, key: &[u8], projection: &Projection) -> Place {
        let child = |parent: Place| parent.and_then(|parent| projection.child(parent, key));
        if key.len() > KEY_BYTES_MAX || key.contains(&b'\n') {
            return child(parent);
        }
        let hash = self.hasher.hash_one((parent, key));
        let known = self.by_key.find(hash, |member| {
            self.members
                .get(usize::from(*member))
                .is_some_and(|m| m.parent == parent && inside(self.written(m)) == key)
        });
        let member = if let Some(member) = known.copied() {
            member
        } else {
            if self.members.len() >= MEMBERS_MAX {
                self.forget(projection);
            }
            let member = self.add(parent, key, child(parent), projection);
            let (members, written, hasher) = (&self.members, &self.written, &self.hasher);
            self.by_key.insert_unique(hash, member, |member| {
                let member = &members[usize::from(*member)];
                let start = member.start as usize;
                let text = &written[start..start + member.written_len as usize];
                hasher.hash_one((member.parent, inside(text)))
            });
            member
        };
        if let Some(last) = self.members.get_mut(usize::from(self.last)) {
            last.next = [member, last.next[0]];
        }
        self.pass(member);
        self.members.get(usize::from(member)).and_then(|m| m.child)
    }

    fn add(&mut self, parent: Place, key: &[u8], child: Place, projection: &Projection) -> u16 {
        let member = self.members.len() as u16;
        let start = self.written.len();
        if member > 0 {
            self.written.push(b'"');
            self.written.extend_from_slice(key);
            self.written.extend_from_slice(b"\":");
        }
        let text = self.written.get(start..).unwrap_or_default();
        let mut head = [0; HEAD_BYTES];
        for (byte, head) in text.iter().zip(&mut head) {
            *head = *byte;
        }
        self.members.push(Member {
            head: words(&head),
            start: start as u32,
            written_len: text.len() as u32,
            parent,
            usage: usage(key, child, projection),
            child,
            next: [0; 2],
        });
        member
    }
}

fn usage(key: &[u8], child: Place, projection: &Projection) -> Use {
    if walk::is_special(key) {
        return Use::Special;
    }
    match child.map_or(&[][..], |child| projection.targets(child)) {
        [] => Use::Skip,
        [target] if target.field == fields::TIME => Use::Time(target.rank),
        [target] => Use::Store(*target),
        _ => Use::StoreEach,
    }
}

#[inline]
fn words(bytes: &[u8; HEAD_BYTES]) -> [u128; 2] {
    let [low, high] = *bytes.as_chunks::<16>().0 else {
        return [0; 2];
    };
    [u128::from_le_bytes(low), u128::from_le_bytes(high)]
}

/// A key between its quotes.
fn inside(written: &[u8]) -> &[u8] {
    written
        .get(1..written.len().saturating_sub(2))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::{Extent, ProjectionBuilder};

    fn projection() -> Projection {
        let mut builder = ProjectionBuilder::new(Extent::Projected);
        builder.field("Image").unwrap();
        builder.field("a.b").unwrap();
        builder.build()
    }

    #[test]
    fn what_came_behind_a_key_is_expected_there() {
        let projection = projection();
        let mut keys = KeyMemory::default();
        keys.begin(&projection);
        let root = Some(Projection::ROOT);
        let image = projection.child(Projection::ROOT, b"Image");
        assert!(keys.expected(root, b"\"Image\":1").is_none());
        assert_eq!(keys.look_up(root, b"Image", &projection), image);
        assert_eq!(keys.look_up(root, b"other", &projection), None);
        keys.begin_event();
        let member = keys.expected(root, b"\"Image\":1").expect("expected");
        assert_eq!((member.child, member.written_len), (image, 8));
        assert!(keys.expected(image, b"\"other\":1").is_none());
        assert!(keys.expected(root, b"\"other\" :1").is_none());
        let long = b"\"other\":1, and so on for more than 32 bytes";
        assert!(keys.expected(root, long).is_some());
    }

    #[test]
    fn keys_of_any_length_are_told_apart() {
        let projection = projection();
        let root = Some(Projection::ROOT);
        for len in 1..200 {
            let mut keys = KeyMemory::default();
            keys.begin(&projection);
            let key = "k".repeat(len);
            keys.look_up(root, key.as_bytes(), &projection);
            for behind in ["", "1", "1                                          "] {
                let mut expects = |text: &str| {
                    keys.begin_event();
                    keys.expected(root, text.as_bytes()).is_some()
                };
                assert_eq!(
                    expects(&format!("\"{key}\":{behind}")),
                    len <= KEY_BYTES_MAX
                );
                assert!(!expects(&format!("\"{key}k\":{behind}")));
                assert!(!expects(&format!("\"{}x\":{behind}", &key[1..])));
            }
        }
    }

    #[test]
    fn memory_is_bounded() {
        let projection = projection();
        let root = Some(Projection::ROOT);
        let mut keys = KeyMemory::default();
        keys.begin(&projection);
        let image = projection.child(Projection::ROOT, b"Image");
        for i in 0..3 * MEMBERS_MAX {
            assert_eq!(
                keys.look_up(root, format!("k{i}").as_bytes(), &projection),
                None
            );
            assert_eq!(keys.look_up(root, b"Image", &projection), image);
            assert!(keys.members.len() <= MEMBERS_MAX);
        }
    }
}
