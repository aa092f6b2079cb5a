//! Regular expressions: from the PCRE notation that rules use to that of the `regex` crate.
//!
//! What is only spelt differently is translated. What the crate cannot do in linear time
//! (look-around, back-references, recursion) is refused by name: such a rule could be made to
//! stall the engine by an event.

use std::iter::Peekable;
use std::str::CharIndices;

use regex::RegexBuilder;

use crate::pattern::Case;
use crate::predicate::Regex;

/// Limit of the compiled size; SigmaHQ stays below a hundredth of it.
const COMPILED_BYTES_MAX: usize = 4 << 20;
/// Limit of the nesting of groups.
const NESTING_MAX: u32 = 100;

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) message: String,
    /// Byte offset in the expression, where it is known.
    pub(crate) at: Option<usize>,
}

impl Regex {
    /// Translates and checks an expression by compiling it.
    pub(crate) fn parse(mut self) -> Result<Self, Refused> {
        self.pattern = translate(&self.pattern)?;
        let compiled = RegexBuilder::new(&self.pattern)
            .case_insensitive(self.case == Case::Insensitive)
            .multi_line(self.multi_line)
            .dot_matches_new_line(self.dot_all)
            .size_limit(COMPILED_BYTES_MAX)
            .nest_limit(NESTING_MAX)
            .build();
        match compiled {
            Ok(_) => Ok(self),
            Err(regex::Error::CompiledTooBig(_)) => Err(Refused {
                message:
                    "the regular expression is too large once compiled: lower its repetition counts"
                        .to_owned(),
                at: None,
            }),
            Err(error) => Err(Refused {
                message: format!("the regular expression is not valid: {}", last_line(&error)),
                at: None,
            }),
        }
    }
}

/// The crate draws the place over several lines and says what is wrong in the last.
fn last_line(error: &regex::Error) -> String {
    let shown = error.to_string();
    let line = shown.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// Walks an expression once and copies it to `out`, changing what needs to be changed.
struct Translator<'p> {
    pattern: &'p str,
    rest: Peekable<CharIndices<'p>>,
    out: String,
    /// Whether what was copied last can be repeated.
    after_quantifier: bool,
}

fn translate(pattern: &str) -> Result<String, Refused> {
    let mut translator = Translator {
        pattern,
        rest: pattern.char_indices().peekable(),
        out: String::with_capacity(pattern.len()),
        after_quantifier: false,
    };
    while let Some((at, c)) = translator.rest.next() {
        translator.step(at, c)?;
    }
    Ok(translator.out)
}

impl Translator<'_> {
    fn step(&mut self, at: usize, c: char) -> Result<(), Refused> {
        let was_quantifier = std::mem::take(&mut self.after_quantifier);
        match c {
            '\\' => self.escape(at)?,
            '[' => self.class(),
            '(' => self.group(at)?,
            '{' => {
                if is_quantifier(&self.pattern[at..]) {
                    self.out.push('{');
                    for (_, c) in self.rest.by_ref() {
                        self.out.push(c);
                        if c == '}' {
                            break;
                        }
                    }
                    self.after_quantifier = true;
                } else {
                    self.out.push_str("\\{");
                }
            }
            '}' => self.out.push_str("\\}"),
            // A possessive quantifier matches the same texts or fewer, faster in engines that
            // backtrack. This one never does.
            '+' if was_quantifier => {}
            '*' | '+' | '?' => {
                self.out.push(c);
                self.after_quantifier = !was_quantifier;
            }
            c => self.out.push(c),
        }
        Ok(())
    }

    /// After a backslash, outside of classes.
    fn escape(&mut self, at: usize) -> Result<(), Refused> {
        let Some((_, c)) = self.rest.next() else {
            return Err(refuse(
                at,
                "the regular expression ends in a single backslash",
            ));
        };
        match c {
            '0' => self.out.push_str("\\x00"),
            '1'..='9' => return Err(unsupported(at, "back-references (`\\1`)")),
            'k' | 'g' => return Err(unsupported(at, "back-references and calls (`\\k`, `\\g`)")),
            'G' | 'K' | 'C' | 'X' => return Err(unsupported(at, &format!("`\\{c}`"))),
            'Q' => self.quotation(),
            'E' => {}
            'Z' => self.out.push_str("(?:\\n?\\z)"),
            'R' => self
                .out
                .push_str("(?:\\r\\n|[\\n\\x0B\\f\\r\\x{85}\\x{2028}\\x{2029}])"),
            'N' => self.out.push_str("[^\\n]"),
            'h' => self.out.push_str("[ \\t]"),
            'H' => self.out.push_str("[^ \\t]"),
            'V' => self.out.push_str("[^\\n\\x0B\\f\\r]"),
            'e' => self.out.push_str("\\x1B"),
            c => self.plain_escape(c),
        }
        Ok(())
    }

    /// Escapes that mean the same in and out of classes.
    fn plain_escape(&mut self, c: char) {
        // The crate takes `\<` and `\>` for word boundaries, and escapes of other letters than
        // its own for errors.
        if matches!(c, '<' | '>') || !c.is_ascii() {
            self.out.push(c);
        } else {
            self.out.push('\\');
            self.out.push(c);
        }
    }

    /// `\Q…\E`: everything between is literal.
    fn quotation(&mut self) {
        while let Some((at, c)) = self.rest.next() {
            if self.pattern[at..].starts_with("\\E") {
                self.rest.next();
                return;
            }
            self.out
                .push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
        }
    }

    /// A class. The crate knows nested classes and set operations there, PCRE does not.
    fn class(&mut self) {
        self.out.push('[');
        if self.rest.next_if(|(_, c)| *c == '^').is_some() {
            self.out.push('^');
        }
        if self.rest.next_if(|(_, c)| *c == ']').is_some() {
            self.out.push_str("\\]");
        }
        while let Some((at, c)) = self.rest.next() {
            match c {
                ']' => {
                    self.out.push(']');
                    return;
                }
                '[' if self.pattern[at..].starts_with("[:") => self.posix_class(at),
                '[' | '&' | '~' => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                '-' if self.pattern[at + 1..].starts_with('-') => self.out.push_str("\\-"),
                '\\' => match self.rest.next().map(|(_, c)| c) {
                    Some('b') => self.out.push_str("\\x08"),
                    Some('e') => self.out.push_str("\\x1B"),
                    Some('0') => self.out.push_str("\\x00"),
                    Some('h') => self.out.push_str(" \\t"),
                    Some(c) => self.plain_escape(c),
                    None => self.out.push('\\'),
                },
                c => self.out.push(c),
            }
        }
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

    /// After an opening parenthesis.
    fn group(&mut self, at: usize) -> Result<(), Refused> {
        let group = &self.pattern[at..];
        let unsupported_kinds = [
            ("(?=", "look-ahead (`(?=…)`)"),
            ("(?!", "look-ahead (`(?!…)`)"),
            ("(?<=", "look-behind (`(?<=…)`)"),
            ("(?<!", "look-behind (`(?<!…)`)"),
            ("(?(", "conditional groups (`(?(…)…)`)"),
            ("(?R", "recursion (`(?R)`)"),
            ("(?P=", "back-references (`(?P=…)`)"),
            ("(?P>", "recursion (`(?P>…)`)"),
            ("(?&", "recursion (`(?&…)`)"),
            ("(?|", "branch reset groups (`(?|…)`)"),
            ("(*", "control verbs (`(*…)`)"),
        ];
        for (start, what) in unsupported_kinds {
            if group.starts_with(start) {
                return Err(unsupported(at, what));
            }
        }
        if group.as_bytes().get(..2) == Some(b"(?")
            && group.as_bytes().get(2).is_some_and(u8::is_ascii_digit)
        {
            return Err(unsupported(at, "recursion (`(?1)`)"));
        }
        if group.starts_with("(?#") {
            for (_, c) in self.rest.by_ref() {
                if c == ')' {
                    break;
                }
            }
            return Ok(());
        }
        if group.starts_with("(?>") {
            // An atomic group is a possessive quantifier in another coat.
            self.rest.next();
            self.rest.next();
            self.out.push_str("(?:");
            return Ok(());
        }
        self.out.push('(');
        if self.rest.next_if(|(_, c)| *c == '?').is_some() {
            self.out.push('?');
        }
        Ok(())
    }
}

/// Whether a text begins with `{n}`, `{n,}` or `{n,m}`. PCRE takes any other brace as itself.
fn is_quantifier(text: &str) -> bool {
    let Some((inside, _)) = text.strip_prefix('{').and_then(|t| t.split_once('}')) else {
        return false;
    };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

fn refuse(at: usize, message: &str) -> Refused {
    Refused {
        message: message.to_owned(),
        at: Some(at),
    }
}

fn unsupported(at: usize, what: &str) -> Refused {
    refuse(
        at,
        &format!("the regular expression uses {what}, which cannot be matched in linear time"),
    )
}

#[cfg(test)]
mod tests {
    use super::{Refused, translate};
    use crate::pattern::Case;
    use crate::predicate::Regex;

    fn parse(pattern: &str) -> Result<Regex, Refused> {
        Regex {
            pattern: pattern.to_owned(),
            case: Case::Sensitive,
            multi_line: false,
            dot_all: false,
        }
        .parse()
    }

    #[test]
    fn spellings_of_pcre() {
        let cases = [
            (r#"\/a\"\-\_\'\ b"#, r#"/a"-_' b"#),
            (r"\<a\>", "<a>"),
            (r"a++b*+c?+d{2}+", "aabcdd"),
            (r"(?>a|b)c", "bc"),
            (r"a{b}{,3}", "a{b}{,3}"),
            (r"[[a&&b]+", "[&&"),
            (r"^[]a]+$", "]a"),
            (r"[a--]+", "a-"),
            (r"[[:alpha:]_]+", "x_"),
            (r"\Qa.b\E.", "a.bc"),
            (r"a(?#note)b", "ab"),
            (r"a\h\Rb\Z", "a \r\nb"),
            (r"\é", "é"),
            (r"(?i)ABC(?<name>x)(?P<other>y)", "abcxy"),
        ];
        for (pattern, text) in cases {
            let parsed = parse(pattern).unwrap_or_else(|e| panic!("{pattern}: {e:?}"));
            let found = regex::Regex::new(&parsed.pattern).unwrap();
            assert!(
                found.is_match(text),
                "{pattern} → {} on {text}",
                parsed.pattern
            );
        }
    }

    #[test]
    fn expressions_without_peculiarities_stay_as_they_are() {
        for pattern in [
            r"^C:\\Users\\[^\\]{1,9}\\.*\.exe$",
            r"(?:a|b)+?x{2,}?",
            r"\bw\d\p{L}\x41",
        ] {
            assert_eq!(translate(pattern).unwrap(), pattern);
        }
    }

    #[test]
    fn what_is_refused_is_named() {
        let cases = [
            ("a(?=b)", "look-ahead"),
            ("(?<!a)b", "look-behind"),
            (r"(a)\1", "back-references"),
            ("(?R)", "recursion"),
            ("(?(1)a)", "conditional"),
            ("a\\", "single backslash"),
            ("(a", "unclosed group"),
            ("(?:a{1000}){1000}", "too large"),
            ("[b-a]", "range"),
        ];
        for (pattern, part) in cases {
            let message = parse(pattern).unwrap_err().message;
            assert!(message.contains(part), "{pattern}: {message}");
        }
    }
}
