//! Text within markup, and sections.

use std::fmt::Write;

use crate::render::escape::visible;

/// Text that stays text in HTML and in attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A heading, a note below it, and content that is markup already.
pub fn section(out: &mut String, heading: &str, note: &str, content: &str) {
    let _ = writeln!(out, "<section>\n<h2>{}</h2>", escape(heading));
    if !note.is_empty() {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(note));
    }
    let _ = writeln!(out, "{content}</section>");
}
