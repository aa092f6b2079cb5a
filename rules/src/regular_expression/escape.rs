//! Escapes that stand for one character, in classes and out of them.

use std::fmt::Write as _;

use super::{Refused, Translator, refuse};

impl Translator<'_> {
    /// An escape of `c`, the character after the backslash at `at`.
    pub(super) fn character(&mut self, at: usize, c: char) -> Result<(), Refused> {
        match c {
            'e' => self.out.push_str("\\x1B"),
            'c' => {
                let control = self
                    .rest
                    .next_if(|(_, c)| c.is_ascii_graphic() || *c == ' ');
                let Some((_, letter)) = control else {
                    return Err(refuse(at, "`\\c` needs a character after it"));
                };
                self.push_code(u32::from(letter.to_ascii_uppercase()) ^ 0x40);
            }
            'o' => self.braced_octal(at)?,
            'x' => self.hexadecimal(),
            'p' | 'P' => {
                self.plain_escape(c);
                if self.rest.next_if(|(_, c)| *c == '{').is_some() {
                    self.out.push('{');
                    self.copy_through('}');
                }
            }
            c => self.plain_escape(c),
        }
        Ok(())
    }

    /// Up to three octal digits, the first of which has been read.
    pub(super) fn octal(&mut self, first: char) {
        let mut code = first.to_digit(8).unwrap_or(0);
        for _ in 0..2 {
            let Some(digit) = self.next_digit(8) else {
                break;
            };
            code = code * 8 + digit;
        }
        self.push_code(code);
    }

    /// Whether digits after a backslash are an octal code: two or more of them, and a greater
    /// number than the expression can have groups.
    pub(super) fn is_octal(&self, at: usize) -> bool {
        let digits = self.pattern.get(at + 1..).unwrap_or_default();
        let end = digits.bytes().take_while(u8::is_ascii_digit).count();
        let number = digits.get(..end).unwrap_or_default();
        let groups = self.pattern.bytes().filter(|b| *b == b'(').count();
        end >= 2
            && !number.starts_with(['8', '9'])
            && number.parse::<usize>().is_ok_and(|number| number > groups)
    }

    /// `\o{101}`
    fn braced_octal(&mut self, at: usize) -> Result<(), Refused> {
        let rest = self.pattern.get(at + 2..).unwrap_or_default();
        let inside = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'))
            .map(|(inside, _)| inside);
        let code = inside
            .filter(|inside| inside.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|inside| u32::from_str_radix(inside, 8).ok())
            .filter(|code| char::from_u32(*code).is_some());
        let (Some(inside), Some(code)) = (inside, code) else {
            return Err(refuse(
                at,
                "`\\o` needs the octal code of a character in braces",
            ));
        };
        for _ in 0..inside.len() + 2 {
            self.rest.next();
        }
        self.push_code(code);
        Ok(())
    }

    /// `\x`, up to two digits, or any number of them in braces.
    fn hexadecimal(&mut self) {
        if self.rest.next_if(|(_, c)| *c == '{').is_some() {
            self.out.push_str("\\x{");
            self.copy_through('}');
            return;
        }
        let first = self.next_digit(16);
        let second = first.and_then(|_| self.next_digit(16));
        let code = match (first, second) {
            (Some(first), Some(second)) => first * 16 + second,
            (first, _) => first.unwrap_or(0),
        };
        self.push_code(code);
    }

    fn next_digit(&mut self, radix: u32) -> Option<u32> {
        let (_, c) = self.rest.next_if(|(_, c)| c.is_digit(radix))?;
        c.to_digit(radix)
    }

    fn push_code(&mut self, code: u32) {
        // Writing to a string cannot fail.
        let _ = if code <= 0xFF {
            write!(self.out, "\\x{code:02X}")
        } else {
            write!(self.out, "\\x{{{code:X}}}")
        };
    }
}
