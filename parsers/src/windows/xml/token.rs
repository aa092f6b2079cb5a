//! Tags and text of XML, one after the other. Comments and processing instructions are passed
//! over; a document type declaration is not understood.

use memchr::{memchr, memmem};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_till1, take_until, take_while, take_while1};
use nom::combinator::{opt, recognize};
use nom::multi::many0_count;
use nom::sequence::{delimited, preceded, separated_pair, terminated};
use nom::{IResult, Parser};

/// The text is not well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The tag that opens an element.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenTag<'a> {
    /// The name with its prefix.
    pub(super) name: &'a [u8],
    attributes: &'a [u8],
    /// Whether the element ends with its tag.
    pub(super) is_empty: bool,
}

impl<'a> OpenTag<'a> {
    /// The name without its prefix.
    pub(super) fn local_name(&self) -> &'a [u8] {
        local(self.name)
    }

    /// Attributes but for namespace declarations: local name and text as written.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let mut rest = self.attributes;
        std::iter::from_fn(move || {
            let (behind, pair) = attribute(rest).ok()?;
            rest = behind;
            Some(pair)
        })
        .filter(|(name, _)| *name != b"xmlns" && !name.starts_with(b"xmlns:"))
        .map(|(name, value)| (local(name), value))
    }
}

fn local(name: &[u8]) -> &[u8] {
    memchr(b':', name)
        .and_then(|colon| name.get(colon + 1..))
        .unwrap_or(name)
}

/// What XML is made of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Token<'a> {
    Open(OpenTag<'a>),
    /// A closing tag, by its name with prefix.
    Close(&'a [u8]),
    /// Text with references.
    Text(&'a [u8]),
    /// Text as it stands.
    CData(&'a [u8]),
}

/// Reads tokens from left to right.
#[derive(Clone, Debug)]
pub(super) struct Tokens<'a> {
    text: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, rest: text }
    }

    /// The offset of the next token.
    pub(super) fn position(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    pub(super) fn seek(&mut self, position: usize) {
        self.rest = self.text.get(position..).unwrap_or_default();
    }

    /// The next token; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Token<'a>>, Malformed> {
        while self.rest.first() == Some(&b'<') {
            let (rest, token) = match self.rest {
                [b'<', b'?', ..] => (behind(self.rest, b"?>")?, None),
                [b'<', b'!', b'-', b'-', rest @ ..] => (behind(rest, b"-->")?, None),
                [b'<', b'!', ..] => some(cdata, self.rest)?,
                [b'<', b'/', ..] => some(close_tag, self.rest)?,
                _ => some(open_tag, self.rest)?,
            };
            self.rest = rest;
            if token.is_some() {
                return Ok(token);
            }
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let end = memchr(b'<', self.rest).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(Some(Token::Text(text)))
    }
}

type Step<'a> = (&'a [u8], Option<Token<'a>>);

fn some<'a>(
    grammar: impl Fn(&'a [u8]) -> IResult<&'a [u8], Token<'a>>,
    text: &'a [u8],
) -> Result<Step<'a>, Malformed> {
    let (rest, token) = grammar(text).map_err(|_| Malformed)?;
    Ok((rest, Some(token)))
}

fn behind<'a>(text: &'a [u8], end: &[u8]) -> Result<&'a [u8], Malformed> {
    memmem::find(text, end)
        .and_then(|at| text.get(at + end.len()..))
        .ok_or(Malformed)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn name(input: &[u8]) -> IResult<&[u8], &[u8]> {
    take_till1(|b| is_space(b) || matches!(b, b'<' | b'>' | b'/' | b'=' | b'"' | b'\'' | b'&'))
        .parse(input)
}

fn quoted(input: &[u8]) -> IResult<&[u8], &[u8]> {
    alt((
        delimited(tag("\""), take_while(|b| b != b'"' && b != b'<'), tag("\"")),
        delimited(tag("'"), take_while(|b| b != b'\'' && b != b'<'), tag("'")),
    ))
    .parse(input)
}

fn attribute(input: &[u8]) -> IResult<&[u8], (&[u8], &[u8])> {
    let equals = delimited(take_while(is_space), tag("="), take_while(is_space));
    preceded(take_while1(is_space), separated_pair(name, equals, quoted)).parse(input)
}

fn open_tag(input: &[u8]) -> IResult<&[u8], Token<'_>> {
    let (input, name) = preceded(tag("<"), name).parse(input)?;
    let (input, attributes) =
        terminated(recognize(many0_count(attribute)), take_while(is_space)).parse(input)?;
    let (input, slash) = terminated(opt(tag("/")), tag(">")).parse(input)?;
    let open = OpenTag {
        name,
        attributes,
        is_empty: slash.is_some(),
    };
    Ok((input, Token::Open(open)))
}

fn close_tag(input: &[u8]) -> IResult<&[u8], Token<'_>> {
    let end = preceded(take_while(is_space), tag(">"));
    let (rest, name) = delimited(tag("</"), name, end).parse(input)?;
    Ok((rest, Token::Close(name)))
}

fn cdata(input: &[u8]) -> IResult<&[u8], Token<'_>> {
    let (rest, text) = delimited(tag("<![CDATA["), take_until("]]>"), tag("]]>")).parse(input)?;
    Ok((rest, Token::CData(text)))
}
