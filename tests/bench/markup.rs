//! Whether markup is well-formed, and needs nothing from elsewhere.

/// Panics where an element is not closed in its turn.
pub fn assert_well_formed(page: &str) {
    const VOID: [&str; 2] = ["!doctype", "meta"];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let (text, tail) = rest.split_at(start);
        assert!(!text.contains('>'), "a lone > in {text:?}");
        let end = tail.find('>').expect("a tag that ends");
        let tag = &tail[1..end];
        assert!(!tag.contains('<'), "a tag within a tag: {tag:?}");
        assert_eq!(tag.matches('"').count() % 2, 0, "odd quotes in {tag:?}");
        let name = tag
            .trim_matches('/')
            .split_whitespace()
            .next()
            .unwrap_or_default();
        rest = &tail[end + 1..];
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closed out of turn");
        } else if !tag.ends_with('/') && !VOID.contains(&name) {
            open.push(name);
        }
        if name == "style" && !tag.starts_with('/') {
            rest = &rest[rest.find("</style>").expect("the style ends")..];
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
}

/// Panics where a browser would fetch or run something.
pub fn assert_self_contained(page: &str) {
    for trace in [
        "http:", "https:", "src=", "href=", "url(", "@import", "<script", "<link", " on",
    ] {
        // Words of prose may begin like attributes.
        let found = page.match_indices(trace).find(|(at, _)| {
            trace != " on"
                || page[at + 3..].starts_with("click=")
                || page[at + 3..].starts_with("load=")
        });
        assert!(found.is_none(), "`{trace}` in the page");
    }
}
