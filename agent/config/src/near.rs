//! Guesses which key a person meant. Must stay cheap: it runs once per unknown
//! key, and a broken generator makes many.

/// The known key that an unknown one was probably meant to be.
pub(crate) fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = plain(unknown);
    let scored = known.into_iter().filter_map(|key| Some((score(&wanted, &plain(key))?, key)));
    scored.min_by_key(|(score, _)| *score).map(|(_, key)| key)
}

/// `nodeId`, `node-id` and `node_id` are one word to a person.
fn plain(key: &str) -> Vec<char> {
    key.chars().filter(|c| !"-_ .".contains(*c)).map(|c| c.to_ascii_lowercase()).take(64).collect()
}

/// How far apart two keys are, where they are near at all. A key that continues
/// the other counts as near, but less so than a slip of the finger.
fn score(wanted: &[char], key: &[char]) -> Option<usize> {
    let longest = wanted.len().max(key.len());
    let shortest = wanted.len().min(key.len());
    let allowed = if longest <= 4 { 1 } else { 2 };
    if longest - shortest <= allowed {
        let distance = distance(wanted, key);
        return (distance <= allowed && distance < shortest).then_some(distance);
    }
    (shortest >= 4 && (key.starts_with(wanted) || wanted.starts_with(key))).then_some(3)
}

/// Edits that turn one into the other; two swapped neighbours count once.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let mut best = (last[column] + usize::from(a != b)).min(last[column + 1] + 1).min(line[column] + 1);
            if row > 0 && column > 0 && left[row - 1] == *b && *a == right[column - 1] {
                best = best.min(before[column - 1] + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut last, line);
    }
    last[right.len()]
}
