//! Logins in URLs, which must not be shown. Must not change anything else in a text.

use std::borrow::Cow;

/// A text without what is before the host of a URL in it (RFC 3986, section 3.2.1): a service, or a text that may be
/// anything, may give away a password so. Up to the last `@` of a word, for a password may have any marks in it.
#[must_use]
pub fn without_logins(text: &str) -> Cow<'_, str> {
    if !text.contains("://") || !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || c == '"' || c == '\'').unwrap_or(part.len());
        let (word, rest) = part.split_at(end);
        let (login, host) = word.rsplit_once('@').map_or(("", word), |(_, host)| ("…@", host));
        shown.extend(["://", login, host, rest]);
    }
    Cow::Owned(shown)
}
