//! Classes (`[a-z]`). The crate knows nested classes and set operations there, PCRE does not.

use super::{Refused, Translator};

/// What stands last in a class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// A character, which may begin a range.
    Character,
    /// A set such as `\w`, which may not: PCRE takes a dash after it as text.
    Set,
}

impl Translator<'_> {
    /// After the opening bracket.
    pub(super) fn class(&mut self) -> Result<(), Refused> {
        self.out.push('[');
        if self.rest.next_if(|(_, c)| *c == '^').is_some() {
            self.out.push('^');
        }
        if self.rest.next_if(|(_, c)| *c == ']').is_some() {
            self.out.push_str("\\]");
        }
        let mut last = Last::Character;
        while let Some((at, c)) = self.rest.next() {
            let before = std::mem::replace(&mut last, Last::Character);
            match c {
                ']' => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' if self.pattern[at..].starts_with("[:") => {
                    self.posix_class(at);
                    last = Last::Set;
                }
                '[' | '&' | '~' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                '-' if before == Last::Set || self.is_text_dash(at) => self.out.push_str("\\-"),
                '\\' => last = self.class_escape(at)?,
                c => self.out.push(c),
            }
        }
        Ok(())
    }

    /// Whether what follows a dash cannot end a range.
    fn is_text_dash(&self, at: usize) -> bool {
        let after = self.pattern.get(at + 1..).unwrap_or_default();
        let mut chars = after.chars();
        match chars.next() {
            Some('-') => true,
            Some('[') => after.starts_with("[:"),
            Some('\\') => chars.next().is_some_and(is_set),
            _ => false,
        }
    }

    fn class_escape(&mut self, at: usize) -> Result<Last, Refused> {
        let Some((_, c)) = self.rest.next() else {
            self.out.push('\\');
            return Ok(Last::Character);
        };
        match c {
            'b' => self.out.push_str("\\x08"),
            'h' => self.out.push_str(" \\t"),
            'v' => self.out.push_str("\\n\\x0B\\f\\r"),
            '0'..='7' => self.octal(c),
            '8' | '9' => self.out.push(c),
            c => self.character(at, c)?,
        }
        Ok(if is_set(c) {
            Last::Set
        } else {
            Last::Character
        })
    }

    /// `[:alpha:]` within a class; a bracket of its own where no `:]` follows.
    fn posix_class(&mut self, at: usize) {
        let name = self.pattern[at + 2..]
            .split(":]")
            .next()
            .unwrap_or_default();
        let is_name = name.len() <= 8 && name.chars().all(|c| c.is_ascii_lowercase() || c == '^');
        let closed = self.pattern[at + 2 + name.len()..].starts_with(":]");
        if !(is_name && closed) {
            self.out.push_str("\\[");
            return;
        }
        self.out.push('[');
        for _ in 0..name.len() + 3 {
            if let Some((_, c)) = self.rest.next() {
                self.out.push(c);
            }
        }
    }
}

/// Whether an escape stands for a set of characters.
fn is_set(c: char) -> bool {
    matches!(
        c,
        'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'h' | 'H' | 'v' | 'V' | 'p' | 'P'
    )
}
