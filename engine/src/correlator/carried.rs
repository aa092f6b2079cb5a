//! The values that a match carries, owned, in buffers that are used again.

use super::extras::ExtraSet;

const NONE: u32 = u32::MAX;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried {
    bytes: Vec<u8>,
    /// Where each value asked for ends; [`NONE`] where there is none.
    values: Vec<(u32, u32)>,
    extras: Vec<(u8, u32, u32)>,
}

impl Carried {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.values.clear();
        self.extras.clear();
    }

    pub(crate) fn push_value(&mut self, value: Option<&[u8]>) {
        let place = value.map_or((NONE, NONE), |value| self.store(value));
        self.values.push(place);
    }

    pub(crate) fn push_extra(&mut self, kind: u8, value: &[u8]) {
        let (start, end) = self.store(value);
        self.extras.push((kind, start, end));
    }

    /// Puts the values into another order; `None`: a value that it does not carry.
    pub(crate) fn reorder(&mut self, order: &[Option<usize>]) {
        let before = std::mem::take(&mut self.values);
        let value = |from: &Option<usize>| from.and_then(|from| before.get(from).copied());
        let values = order.iter().map(|from| value(from).unwrap_or((NONE, NONE)));
        self.values.extend(values);
    }

    fn store(&mut self, value: &[u8]) -> (u32, u32) {
        let start = self.bytes.len();
        let end = start + value.len();
        // No event is that long; a value that begins behind 4 GiB is taken as empty.
        let Ok(end) = u32::try_from(end) else {
            return (0, 0);
        };
        self.bytes.extend_from_slice(value);
        (start as u32, end)
    }

    pub(crate) fn value(&self, place: u16) -> Option<&[u8]> {
        let (start, end) = *self.values.get(usize::from(place))?;
        self.bytes.get(start as usize..end as usize)
    }

    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> {
        let bytes = &self.bytes;
        self.values
            .iter()
            .map(|(start, end)| bytes.get(*start as usize..*end as usize))
    }

    pub(crate) fn extras(&self) -> impl ExactSizeIterator<Item = (u8, &[u8])> {
        self.extras.iter().map(|(kind, start, end)| {
            let value = self.bytes.get(*start as usize..*end as usize);
            (*kind, value.unwrap_or_default())
        })
    }

    /// Adds the extras to a set.
    pub(crate) fn extras_into(&self, set: &mut ExtraSet) {
        let bytes = self.extras.iter().map(|(_, start, end)| end - start);
        set.expect(self.extras.len(), bytes.sum::<u32>() as usize);
        for (kind, value) in self.extras() {
            set.add(kind, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Carried;

    #[test]
    fn tells_absent_from_empty() {
        let mut carried = Carried::default();
        carried.push_value(Some(b"a"));
        carried.push_value(None);
        carried.push_value(Some(b""));
        carried.push_extra(3, b"x");
        assert_eq!(carried.value(0), Some(&b"a"[..]));
        assert_eq!(carried.value(1), None);
        assert_eq!(carried.value(2), Some(&b""[..]));
        assert_eq!(carried.value(3), None);
        assert_eq!(carried.extras().next(), Some((3, &b"x"[..])));
    }
}
