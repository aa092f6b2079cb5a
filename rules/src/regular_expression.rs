//! Regular expressions: from the PCRE notation that rules use to that of the `regex` crate.
//!
//! What is only spelt differently is translated. What the crate cannot do in linear time
//! (look-around, back-references, recursion) is refused by name: such a rule could be made to
//! stall the engine by an event.

mod class;
mod escape;

use std::iter::Peekable;
use std::str::CharIndices;

use regex::RegexBuilder;

use crate::pattern::Case;
use crate::predicate::Regex;

/// Limit of the compiled size. The expressions of public rules stay far below.
const COMPILED_BYTES_MAX: usize = 4 << 20;
/// Limit of the nesting of groups.
const NESTING_MAX: u32 = 100;

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) message: String,
    pub(crate) help: &'static str,
    /// Byte offset in the expression, where it is known.
    pub(crate) at: Option<usize>,
}

/// A checked expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) regex: Regex,
    /// Where the first possessive quantifier or atomic group stands, which became an ordinary one.
    pub(crate) weakened_at: Option<usize>,
}

impl Regex {
    /// Translates and checks an expression by compiling it.
    pub(crate) fn parse(mut self) -> Result<Parsed, Refused> {
        let Translated {
            pattern,
            weakened_at,
        } = translate(&self.pattern)?;
        self.pattern = pattern;
        let compiled = RegexBuilder::new(&self.pattern)
            .case_insensitive(self.case == Case::Insensitive)
            .multi_line(self.multi_line)
            .dot_matches_new_line(self.dot_all)
            .size_limit(COMPILED_BYTES_MAX)
            .nest_limit(NESTING_MAX)
            .build();
        match compiled {
            Ok(_) => Ok(Parsed {
                regex: self,
                weakened_at,
            }),
            Err(regex::Error::CompiledTooBig(_)) => Err(Refused {
                message:
                    "the regular expression is too large once compiled: lower its repetition counts"
                        .to_owned(),
                help: "shorter counts, or `+` and `*`, mostly match the same",
                at: None,
            }),
            Err(error) => Err(Refused {
                message: format!("the regular expression is not valid: {}", last_line(&error)),
                help: "a bracket or parenthesis that is meant as text needs a backslash",
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
    weakened_at: Option<usize>,
}

struct Translated {
    pattern: String,
    weakened_at: Option<usize>,
}

fn translate(pattern: &str) -> Result<Translated, Refused> {
    let mut translator = Translator {
        pattern,
        rest: pattern.char_indices().peekable(),
        out: String::with_capacity(pattern.len()),
        after_quantifier: false,
        weakened_at: None,
    };
    while let Some((at, c)) = translator.rest.next() {
        translator.step(at, c)?;
    }
    Ok(Translated {
        pattern: translator.out,
        weakened_at: translator.weakened_at,
    })
}

impl Translator<'_> {
    fn step(&mut self, at: usize, c: char) -> Result<(), Refused> {
        let was_quantifier = std::mem::take(&mut self.after_quantifier);
        match c {
            '\\' => self.escape(at)?,
            '[' => self.class()?,
            '(' => self.group(at)?,
            '{' => {
                if is_quantifier(&self.pattern[at..]) {
                    self.out.push('{');
                    self.copy_through('}');
                    self.after_quantifier = true;
                } else {
                    self.out.push_str("\\{");
                }
            }
            '}' => self.out.push_str("\\}"),
            // A possessive quantifier gives nothing back, so that it matches the same texts as
            // the ordinary one or fewer. The crate has only the ordinary one, which may
            // therefore match more than was written.
            '+' if was_quantifier => self.weaken(at),
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
            '1'..='9' if !self.is_octal(at) => {
                return Err(unsupported(at, "back-references (`\\1`)"));
            }
            '0'..='9' => self.octal(c),
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
            'v' => self.out.push_str("[\\n\\x0B\\f\\r]"),
            'V' => self.out.push_str("[^\\n\\x0B\\f\\r]"),
            c => self.character(at, c)?,
        }
        Ok(())
    }

    /// Copies up to and with the first `end`.
    fn copy_through(&mut self, end: char) {
        for (_, c) in self.rest.by_ref() {
            self.out.push(c);
            if c == end {
                return;
            }
        }
    }

    fn weaken(&mut self, at: usize) {
        self.weakened_at.get_or_insert(at);
    }

    /// Escapes that stand for themselves or a character, or that the crate spells alike.
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
            self.weaken(at);
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
        help: "write it without, or exclude by a second search identifier and `and not`",
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
    use super::{Parsed, Refused, translate};
    use crate::pattern::Case;
    use crate::predicate::Regex;

    fn parse(pattern: &str) -> Result<Parsed, Refused> {
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
            (r"^[\w-.]+$", "a-."),
            (r"^[\s-x]+$", " -x"),
            (r"^[a-\d]+$", "a-1"),
            (r"^[[:alpha:]-_]+$", "x-_"),
            (r"^[\p{L}-x]+$", "é-"),
            (r"^[a-c-e]+$", "b-e"),
            (r"\101[\102]\0\x4[\x4]", "AB\0\u{4}\u{4}"),
            (r"\x{41}[\x{42}]\o{103}[\o{104}]", "ABCD"),
            (r"\cA[\cb]\c[", "\u{1}\u{2}\u{1b}"),
            (r"\v[\v]", "\n\r"),
            (r"(?i)ABC(?<name>x)(?P<other>y)", "abcxy"),
        ];
        for (pattern, text) in cases {
            let parsed = parse(pattern).unwrap_or_else(|e| panic!("{pattern}: {e:?}"));
            let found = regex::Regex::new(&parsed.regex.pattern).unwrap();
            assert!(
                found.is_match(text),
                "{pattern} → {} on {text}",
                parsed.regex.pattern
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
            assert_eq!(translate(pattern).unwrap().pattern, pattern);
        }
    }

    #[test]
    fn where_an_expression_is_weakened() {
        for (pattern, at) in [("ab++", Some(3)), ("a(?>b)", Some(1)), ("a+?b{2}", None)] {
            assert_eq!(parse(pattern).unwrap().weakened_at, at, "{pattern}");
        }
    }

    #[test]
    fn what_is_refused_is_named() {
        let cases = [
            ("a(?=b)", "look-ahead"),
            ("(?<!a)b", "look-behind"),
            (r"(a)\1", "back-references"),
            (r"\8", "back-references"),
            (r"\o17", "`\\o`"),
            (r"\c", "`\\c`"),
            (r"\o{77777777}", "`\\o`"),
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
