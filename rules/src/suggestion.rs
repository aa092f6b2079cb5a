//! Guesses what a misspelt name was meant to be.

/// The candidate nearest to `name`, where one is near enough to be a slip of the finger: at most
/// one edit in short names, two in those from five characters on, three in long ones.
pub(crate) fn nearest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let lower = name.to_lowercase();
    // Distances are quadratic in the length; nobody misspells a name of a thousand characters.
    if lower.len() > 100 {
        return None;
    }
    let allowed = match lower.chars().count() {
        0..=2 => return None,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .filter(|c| c.len() <= 100)
        .map(|c| (strsim::damerau_levenshtein(&lower, &c.to_lowercase()), c))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_found() {
        let known = ["contains", "startswith", "all", "detection"];
        assert_eq!(nearest("contain", known), Some("contains"));
        assert_eq!(nearest("StartWith", known), Some("startswith"));
        assert_eq!(nearest("detections", known), Some("detection"));
        assert_eq!(nearest("b64", known), None);
    }
}
