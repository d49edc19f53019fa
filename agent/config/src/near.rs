//! Guesses which key a person meant. Must stay cheap: it runs once per unknown
//! key, and a broken generator makes many.

/// The known key that an unknown one was probably meant to be.
pub(crate) fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = plain(unknown);
    let scored = known.into_iter().filter_map(|key| Some((score(&wanted, &plain(key))?, key)));
    scored.min_by_key(|(score, _)| *score).map(|(_, key)| key)
}

/// `nodeId`, `node-id` and `node_id` are one word to a person.
fn plain(key: &str) -> String {
    key.chars().filter(|c| !"-_ .".contains(*c)).map(|c| c.to_ascii_lowercase()).take(64).collect()
}

/// How far apart two keys are, where they are near at all. A key that continues
/// the other counts as near, but less so than a slip of the finger.
fn score(wanted: &str, key: &str) -> Option<usize> {
    let (here, there) = (wanted.chars().count(), key.chars().count());
    let (shortest, longest) = (here.min(there), here.max(there));
    let allowed = if longest <= 4 { 1 } else { 2 };
    if longest - shortest <= allowed {
        // Two swapped neighbours count once.
        let distance = strsim::osa_distance(wanted, key);
        return (distance <= allowed && distance < shortest).then_some(distance);
    }
    (shortest >= 4 && (key.starts_with(wanted) || wanted.starts_with(key))).then_some(3)
}
