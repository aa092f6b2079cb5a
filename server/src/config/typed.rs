//! Maps whose key `type` says what else they hold.
//!
//! serde's own way for this keeps the whole map aside until the type is known, and with it the
//! places of errors are gone. So `type` has to come first, and the rest is read as it comes.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, Visitor};

/// Something of a type: what all types share, and what only this one has.
pub trait Typed<'de>: Sized {
    /// What all types share.
    type Common: Default;

    /// The names of the types.
    const TYPES: &'static [&'static str];

    /// Takes the value of a key that all types share. False, without asking for the value: it is
    /// none of those.
    ///
    /// # Errors
    /// Whatever is wrong with the value.
    fn common<A: MapAccess<'de>>(
        common: &mut Self::Common,
        key: &str,
        map: &mut A,
    ) -> Result<bool, A::Error>;

    /// Reads what a type has for its own.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    fn own<D: Deserializer<'de>>(
        kind: &str,
        rest: D,
        common: impl FnOnce() -> Self::Common,
    ) -> Result<Self, D::Error>;
}

/// Reads one.
///
/// # Errors
/// `type` is not first, is none of those there are, or the rest is wrong.
pub fn typed<'de, T: Typed<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(Reader(PhantomData))
}

struct Reader<T>(PhantomData<T>);

impl<'de, T: Typed<'de>> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map that begins with `type`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let first: Option<String> = map.next_key()?;
        if first.as_deref() != Some("type") {
            return Err(de::Error::custom("`type` has to stand first"));
        }
        let kind: String = map.next_value()?;
        let Some(kind) = T::TYPES.iter().find(|known| **known == kind) else {
            return Err(de::Error::unknown_variant(&kind, T::TYPES));
        };
        let common = std::cell::RefCell::new(T::Common::default());
        let rest = Rest::<T, A> {
            map,
            common: &common,
        };
        let rest = de::value::MapAccessDeserializer::new(rest);
        T::own(kind, rest, || common.take())
    }
}

/// A map without the keys that all types share.
struct Rest<'c, 'de, T: Typed<'de>, A> {
    map: A,
    common: &'c std::cell::RefCell<T::Common>,
}

impl<'de, T: Typed<'de>, A: MapAccess<'de>> MapAccess<'de> for Rest<'_, 'de, T, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        loop {
            let Some(key) = self.map.next_key::<String>()? else {
                return Ok(None);
            };
            if !T::common(&mut self.common.borrow_mut(), &key, &mut self.map)? {
                return seed.deserialize(key.into_deserializer()).map(Some);
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
