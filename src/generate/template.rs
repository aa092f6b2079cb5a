//! Texts with places to fill in: `C:\Users\{user}\Documents\{word}-{d4}.txt`.
//!
//! | place | filled with |
//! |---|---|
//! | `{d4}` | so many decimal digits |
//! | `{h8}`, `{H8}` | so many hexadecimal digits |
//! | `{guid}`, `{word}` | a GUID, a word of a list |
//! | `{user}`, `{host}` | who and where |
//! | `{line}` | a line break |
//!
//! Anything else in braces stays as it is.

use super::random::Random;
use super::text::{self, Case};

/// Who and where a text is about.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Name of an account.
    pub user: &'a [u8],
    /// Name of a machine.
    pub host: &'a [u8],
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(Box<[u8]>),
    Digits(u8),
    Hexadecimal(u8, Case),
    Guid,
    Word,
    User,
    Host,
}

/// A text with places.
#[derive(Clone, Debug)]
pub struct Template {
    pieces: Box<[Piece]>,
}

impl Template {
    /// Reads a template. There are no wrong ones: what is no place is text.
    pub fn new(source: &str) -> Self {
        let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), source);
        while let Some(start) = rest.find('{') {
            let place = rest[start..].find('}').map(|len| start + len);
            let piece = place.and_then(|end| Piece::named(&rest[start + 1..end]));
            let (Some(end), Some(piece)) = (place, piece) else {
                literal.push_str(&rest[..=start]);
                rest = &rest[start + 1..];
                continue;
            };
            literal.push_str(&rest[..start]);
            pieces.push(Piece::Literal(literal.as_bytes().into()));
            literal.clear();
            pieces.push(piece);
            rest = &rest[end + 1..];
        }
        literal.push_str(rest);
        pieces.push(Piece::Literal(literal.as_bytes().into()));
        Self {
            pieces: pieces.into(),
        }
    }

    /// Whether no two fillings are the same, but by a rare chance.
    pub fn is_varied(&self) -> bool {
        let variety = |piece: &Piece| match piece {
            Piece::Digits(count) => u32::from(*count) * 3,
            Piece::Hexadecimal(count, _) => u32::from(*count) * 4,
            Piece::Guid => 128,
            _ => 0,
        };
        self.pieces.iter().map(variety).sum::<u32>() >= 24
    }

    /// Appends the text with all places filled.
    pub fn fill(&self, out: &mut Vec<u8>, scene: Scene<'_>, words: &[&str], random: &mut Random) {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => out.extend_from_slice(literal),
                Piece::Digits(count) => text::digits(out, *count, random),
                Piece::Hexadecimal(count, case) => text::hexadecimal(out, *count, *case, random),
                Piece::Guid => text::guid(out, [random.next(), random.next()], Case::Lower),
                Piece::Word => {
                    let word = words.get(random.index(words.len()));
                    out.extend_from_slice(word.map_or(b"word", |word| word.as_bytes()));
                }
                Piece::User => out.extend_from_slice(scene.user),
                Piece::Host => out.extend_from_slice(scene.host),
            }
        }
    }
}

impl Piece {
    fn named(name: &str) -> Option<Self> {
        match name {
            "line" => return Some(Self::Literal((*b"\n").into())),
            "guid" => return Some(Self::Guid),
            "word" => return Some(Self::Word),
            "user" => return Some(Self::User),
            "host" => return Some(Self::Host),
            _ => {}
        }
        let count = name.get(1..)?.parse().ok()?;
        match name.as_bytes().first()? {
            b'd' => Some(Self::Digits(count)),
            b'h' => Some(Self::Hexadecimal(count, Case::Lower)),
            b'H' => Some(Self::Hexadecimal(count, Case::Upper)),
            _ => None,
        }
    }
}

/// The lines of a list of texts, without comments.
pub fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_places_and_keeps_the_rest() {
        let template = Template::new(r"{user}@{host}{line}{d3}:{word} { $_ } {x}");
        let scene = Scene {
            user: b"mira",
            host: b"ws-1",
        };
        let mut out = Vec::new();
        template.fill(&mut out, scene, &["cedar"], &mut Random::new(1));
        let text = String::from_utf8(out).expect("ASCII");
        let (before, after) = text.split_once('\n').expect("a line break");
        assert_eq!(before, "mira@ws-1");
        assert!(after.ends_with(":cedar { $_ } {x}"), "{after}");
    }
}
