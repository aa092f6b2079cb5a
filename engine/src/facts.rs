//! What a match takes along for correlations and incidents: the values that they ask of its
//! rule, the entities of its event.
//!
//! Facts are gathered where the event is at hand, by any thread, and travel as bytes to where
//! matches come together in order.

use yagura_parsers::{Event, FieldId, ProjectionBuilder, Value, ValueKind};

use crate::engine::{CompileError, RuleIndex};
use crate::matcher::plan::Source;
use crate::number::parse_hexadecimal;

/// What matches have to take along.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// By rule: names of fields as the rule writes them. Rules beyond the end want nothing.
    pub by_rule: Vec<Vec<String>>,
    /// By kind of entity: the fields that hold it, the best first.
    pub entities: Vec<Vec<String>>,
}

/// Where an entity is.
#[derive(Clone, Debug)]
struct EntityField {
    field: FieldId,
    kind: u8,
    /// The lowest that is present counts.
    rank: u8,
    /// `Hashes.SHA256`: what stands behind `SHA256=` in `Hashes`.
    part: Option<Box<[u8]>>,
}

/// [`Wanted`], compiled.
#[derive(Debug, Default)]
pub(crate) struct FactFields {
    /// By rule, by wanted field: where it may be, in the order of the rule's routes.
    by_rule: Vec<Vec<Vec<Source>>>,
    /// By field id: its entries among `entities`.
    of_field: Vec<(u16, u16)>,
    entities: Vec<EntityField>,
    kinds: usize,
    /// What says whose address is the source's, which is that, and which the destination's.
    initiated: Option<[FieldId; 3]>,
}

/// Sysmon's network connections tell both addresses, and which of them is the host's.
const INITIATED: [&str; 3] = ["Initiated", "SourceIp", "DestinationIp"];

/// The facts of one match. Kept and filled again.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// A value follows another in here.
    room: Vec<u8>,
    values: Vec<Option<(u32, u32)>>,
    entities: Vec<(u8, (u32, u32))>,
    /// The address that the event calls its host's own.
    own_address: Option<(u32, u32)>,
}

/// Longer values are cut: nothing that identifies anything is as long.
pub const FACT_BYTES_MAX: usize = 1_024;

impl FactFields {
    /// Asks the parsers for all of them.
    pub(crate) fn request(
        builder: &mut ProjectionBuilder,
        wanted: &Wanted,
    ) -> Result<(), CompileError> {
        let mut want = |name: &str| {
            let asked = builder.field(name).map(|_| ());
            asked.map_err(|_| CompileError::TooManyFields)
        };
        for name in wanted.by_rule.iter().flatten() {
            want(name)?;
        }
        for name in wanted.entities.iter().flatten() {
            want(name)?;
            if let Some((whole, _)) = name.rsplit_once('.') {
                want(whole)?;
            }
        }
        if !wanted.entities.is_empty() {
            INITIATED.iter().try_for_each(|name| want(name))?;
        }
        Ok(())
    }

    pub(crate) fn new(names: &ProjectionBuilder, wanted: &Wanted) -> Self {
        let mut fields = Self {
            kinds: wanted.entities.len(),
            ..Self::default()
        };
        for (kind, of_kind) in (0u8..).zip(&wanted.entities) {
            for (rank, name) in (0u8..).zip(of_kind) {
                let mut add = |name: &str, part: Option<Box<[u8]>>| {
                    fields
                        .entities
                        .extend(names.wanted(name).map(|field| EntityField {
                            field,
                            kind,
                            rank,
                            part,
                        }));
                };
                add(name, None);
                if let Some((whole, part)) = name.rsplit_once('.') {
                    add(whole, Some(part.as_bytes().into()));
                }
            }
        }
        fields.entities.sort_by_key(|entity| entity.field);
        fields.of_field = vec![(0, 0); names.ids()];
        for (at, entity) in (0u16..).zip(&fields.entities) {
            if let Some(range) = fields.of_field.get_mut(entity.field.index()) {
                if range.1 == 0 {
                    range.0 = at;
                }
                range.1 = at + 1;
            }
        }
        if fields.kinds > 0 {
            let [a, b, c] = INITIATED.map(|name| names.wanted(name));
            fields.initiated = a.zip(b).zip(c).map(|((a, b), c)| [a, b, c]);
        }
        fields
    }

    /// Notes where a rule's fields are on one of its routes.
    pub(crate) fn add_route(&mut self, rule: RuleIndex, sources: Vec<Vec<Source>>) {
        let place = rule.0 as usize;
        if self.by_rule.len() <= place {
            self.by_rule.resize_with(place + 1, Vec::new);
        }
        let Some(known) = self.by_rule.get_mut(place) else {
            return;
        };
        known.resize_with(sources.len().max(known.len()), Vec::new);
        for (known, of_route) in known.iter_mut().zip(sources) {
            for source in of_route {
                if !known.contains(&source) {
                    known.push(source);
                }
            }
        }
    }

    /// Gathers the facts of a match.
    pub(crate) fn gather(&self, rule: RuleIndex, event: Event<'_>, into: &mut Facts) {
        into.clear();
        for sources in self.by_rule.get(rule.0 as usize).into_iter().flatten() {
            into.add_value(sources, event);
        }
        if self.kinds > 0 {
            self.gather_entities(event, into);
        }
    }

    fn gather_entities(&self, event: Event<'_>, into: &mut Facts) {
        const KINDS_MAX: usize = 16;
        let mut best: [Option<(u8, u32, u16)>; KINDS_MAX] = [None; KINDS_MAX];
        for (at, field) in (0u32..).zip(event.fields()) {
            let Some((start, end)) = self.of_field.get(field.index()) else {
                continue;
            };
            for number in *start..*end {
                let entity = &self.entities[usize::from(number)];
                let Some(best) = best.get_mut(usize::from(entity.kind)) else {
                    continue;
                };
                let better = best.is_none_or(|(rank, ..)| entity.rank < rank);
                if better && says_something(event.value(at), entity.part.as_deref()) {
                    *best = Some((entity.rank, at, number));
                }
            }
        }
        for (kind, best) in (0u8..).zip(best) {
            let Some((_, at, number)) = best else {
                continue;
            };
            let part = self.entities[usize::from(number)].part.as_deref();
            into.add_entity(kind, event.value(at), part);
        }
        if let Some([initiated, source, destination]) = self.initiated
            && let Some(value) = event.first(initiated)
        {
            let mut room = Vec::new();
            let own = if value.text(&mut room).eq_ignore_ascii_case(b"true") {
                source
            } else {
                destination
            };
            into.own_address = event.first(own).map(|value| into.room.add(value));
        }
    }
}

/// Whether a value names anything.
fn says_something(value: Value<'_>, part: Option<&[u8]>) -> bool {
    let (_, written) = value.written();
    let named = value.kind != ValueKind::Null && !matches!(written, b"" | b"-");
    named && part.is_none_or(|part| part_of(written, part).is_some())
}

/// What stands behind `PART=`, up to a comma.
fn part_of<'t>(text: &'t [u8], part: &[u8]) -> Option<&'t [u8]> {
    let mut parts = text.split(|byte| *byte == b',');
    parts.find_map(|one| {
        let (name, value) = one.split_at_checked(part.len())?;
        let value = value.strip_prefix(b"=")?;
        (name.eq_ignore_ascii_case(part) && !value.is_empty()).then_some(value)
    })
}

trait Room {
    fn add(&mut self, value: Value<'_>) -> (u32, u32);
}

impl Room for Vec<u8> {
    fn add(&mut self, value: Value<'_>) -> (u32, u32) {
        let start = self.len();
        value.append_to(self);
        self.truncate(start + FACT_BYTES_MAX);
        (start as u32, self.len() as u32)
    }
}

impl Facts {
    fn clear(&mut self) {
        self.room.clear();
        self.values.clear();
        self.entities.clear();
        self.own_address = None;
    }

    fn add_value(&mut self, sources: &[Source], event: Event<'_>) {
        let found = sources.iter().find_map(|source| {
            let value = event.first(source.field)?;
            (value.kind != ValueKind::Null).then_some((source, value))
        });
        let span = found.map(|(source, value)| {
            let span = self.room.add(value);
            let text = &self.room[span.0 as usize..];
            match parse_hexadecimal(text).filter(|_| source.hexadecimal) {
                Some(number) => {
                    self.room.truncate(span.0 as usize);
                    self.room.extend_from_slice(number.to_string().as_bytes());
                    (span.0, self.room.len() as u32)
                }
                None => span,
            }
        });
        self.values.push(span);
    }

    fn add_entity(&mut self, kind: u8, value: Value<'_>, part: Option<&[u8]>) {
        let (start, end) = self.room.add(value);
        let text = &self.room[start as usize..end as usize];
        let span = match part.and_then(|part| part_of(text, part)) {
            Some(found) => {
                let offset = found.as_ptr().addr() - text.as_ptr().addr();
                let start = start + offset as u32;
                (start, start + found.len() as u32)
            }
            None => (start, end),
        };
        self.entities.push((kind, span));
    }

    fn text(&self, (start, end): (u32, u32)) -> &[u8] {
        self.room
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// The values that were wanted of the rule, in their order; `None` where the event lacks
    /// the field.
    pub fn values(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> {
        self.values
            .iter()
            .map(|span| span.map(|span| self.text(span)))
    }

    /// The entities of the event: kind and value.
    pub fn entities(&self) -> impl ExactSizeIterator<Item = (u8, &[u8])> {
        self.entities
            .iter()
            .map(|(kind, span)| (*kind, self.text(*span)))
    }

    /// The address that the event calls its host's own.
    pub fn own_address(&self) -> Option<&[u8]> {
        self.own_address.map(|span| self.text(span))
    }

    /// Appends all of it.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut head = |spans: u32, len: usize| {
            out.extend_from_slice(&spans.to_le_bytes());
            out.extend_from_slice(&(len as u32).to_le_bytes());
        };
        for span in &self.values {
            head(VALUE, span.map_or(NONE, |span| self.text(span).len()));
        }
        for (kind, span) in &self.entities {
            head(ENTITY | u32::from(*kind), self.text(*span).len());
        }
        if let Some(span) = self.own_address {
            head(OWN_ADDRESS, self.text(span).len());
        }
        head(END, 0);
        let spans = self.values.iter().flatten();
        let spans = spans.chain(self.entities.iter().map(|(_, span)| span));
        for span in spans.chain(&self.own_address) {
            out.extend_from_slice(self.text(*span));
        }
    }

    /// As if they had been gathered of an event.
    #[cfg(test)]
    pub(crate) fn of(values: &[Option<&[u8]>], entities: &[(u8, &[u8])]) -> Self {
        let mut facts = Self::default();
        for value in values {
            let span = value.map(|value| facts.store(value));
            facts.values.push(span);
        }
        for (kind, value) in entities {
            let span = facts.store(value);
            facts.entities.push((*kind, span));
        }
        facts
    }

    #[cfg(test)]
    fn store(&mut self, value: &[u8]) -> (u32, u32) {
        let start = self.room.len() as u32;
        self.room.extend_from_slice(value);
        (start, self.room.len() as u32)
    }

    /// Reads what [`Facts::encode`] wrote; what is not that comes out as no facts.
    pub fn decode(&mut self, bytes: &[u8]) {
        self.clear();
        let mut lengths = bytes.chunks_exact(8).map(|head| {
            let four = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| head[at + i]));
            (four(0), four(4))
        });
        let mut heads = 0;
        let mut at = 0u32;
        for (what, len) in lengths.by_ref() {
            heads += 8;
            if what == END {
                break;
            }
            let absent = what == VALUE && len as usize == NONE;
            let span = (at, at.saturating_add(if absent { 0 } else { len }));
            match what {
                VALUE => self.values.push((!absent).then_some(span)),
                OWN_ADDRESS => self.own_address = Some(span),
                entity => self.entities.push((entity as u8, span)),
            }
            at = span.1;
        }
        self.room
            .extend_from_slice(bytes.get(heads..).unwrap_or_default());
    }
}

const END: u32 = 0;
const VALUE: u32 = 1;
const OWN_ADDRESS: u32 = 2;
const ENTITY: u32 = 1 << 8;
/// The length of a value that is not there.
const NONE: usize = u32::MAX as usize;

#[cfg(test)]
mod tests {
    use super::{Facts, part_of};

    #[test]
    fn what_travels_comes_back() {
        let mut facts = Facts::default();
        facts.room.extend_from_slice(b"web01alice10.0.0.7");
        facts.values = vec![Some((5, 10)), None];
        facts.entities = vec![(0, (0, 5)), (2, (10, 18))];
        facts.own_address = Some((10, 18));
        let mut bytes = Vec::new();
        facts.encode(&mut bytes);
        let mut back = Facts::default();
        back.decode(&bytes);
        assert_eq!(
            back.values().collect::<Vec<_>>(),
            [Some(&b"alice"[..]), None]
        );
        let entities: Vec<_> = back.entities().collect();
        assert_eq!(entities, [(0, &b"web01"[..]), (2, b"10.0.0.7")]);
        assert_eq!(back.own_address(), Some(&b"10.0.0.7"[..]));
    }

    #[test]
    fn a_damaged_text_has_no_facts_and_is_no_panic() {
        let mut facts = Facts::default();
        for len in 0..40 {
            facts.decode(&vec![0xff; len]);
            assert!(facts.entities().all(|(_, value)| value.is_empty()));
        }
    }

    #[test]
    fn parts_of_hashes() {
        let text = b"SHA1=ab,MD5=cd,SHA256=ef,IMPHASH=";
        assert_eq!(part_of(text, b"SHA256"), Some(&b"ef"[..]));
        assert_eq!(part_of(text, b"sha1"), Some(&b"ab"[..]));
        assert_eq!(part_of(text, b"IMPHASH"), None);
        assert_eq!(part_of(text, b"SHA"), None);
    }
}
