//! Durations and sizes as people write them: `120s`, `500ms`, `2min`, `1MiB`,
//! or a bare number of seconds or bytes. Must not accept what is ambiguous.

use super::ValueError;
use std::time::Duration;

const TIMES: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("min", 60_000), ("h", 3_600_000)];
const SIZES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Other spellings of a unit, the unit to write, and how many of it one is.
type Spellings = [(&'static str, &'static str, u64)];
const SPELLINGS_OF_TIMES: &Spellings = &[
    ("msec msecs millisecond milliseconds", "ms", 1),
    ("sec secs second seconds", "s", 1),
    ("m mins minute minutes", "min", 1),
    ("hr hrs hour hours", "h", 1),
    ("d day days", "h", 24),
];
const SPELLINGS_OF_SIZES: &Spellings =
    &[("byte bytes", "B", 1), ("k kb kib", "KiB", 1), ("m mb mib", "MiB", 1), ("g gb gib", "GiB", 1)];

/// Reads a duration: a whole number and `ms`, `s`, `min` or `h`.
///
/// # Errors
/// When the unit is missing or unknown, or the number is too large.
pub fn parse_duration(text: &str) -> Result<Duration, ValueError> {
    counted(text, &TIMES).map(Duration::from_millis).ok_or_else(|| {
        advice(text, SPELLINGS_OF_TIMES, "write a whole number with its unit: `500ms`, `120s`, `2min`, `1h`")
    })
}

/// Reads a size: a whole number and `B`, `KiB`, `MiB` or `GiB`.
///
/// # Errors
/// When the unit is missing or unknown, or the number is too large.
pub fn parse_size(text: &str) -> Result<u64, ValueError> {
    counted(text, &SIZES)
        .ok_or_else(|| advice(text, SPELLINGS_OF_SIZES, "write a whole number with its unit: `64KiB`, `1MiB`, `4GiB`"))
}

fn counted(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, unit) = split(text)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*factor)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    Some((number.parse().ok()?, unit.trim_start_matches(' ')))
}

/// What to write instead of a unit in another spelling, else the general advice.
fn advice(text: &str, spellings: &Spellings, general: &str) -> ValueError {
    let meant = split(text).and_then(|(number, unit)| {
        let is_meant = |words: &str| words.split(' ').any(|word| word.eq_ignore_ascii_case(unit));
        let (_, unit, factor) = spellings.iter().find(|(words, ..)| is_meant(words))?;
        Some(format!("use `{}{unit}`", number.checked_mul(*factor)?))
    });
    ValueError::new(meant.unwrap_or_else(|| general.to_owned()))
}

/// Writes a duration in the largest unit that keeps it whole.
#[must_use]
pub fn show_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    shown(millis, &TIMES)
}

/// Writes a size in the largest unit that keeps it whole.
#[must_use]
pub fn show_size(bytes: u64) -> String {
    shown(bytes, &SIZES)
}

/// Says a size as people do: three digits or four of the largest unit that fits, the rest is cut off.
#[must_use]
pub fn say_size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let exponent = (bytes.max(1).ilog2() / 10).min(5);
    let unit = 1_u64 << (10 * exponent);
    let name = units.get(exponent as usize).copied().unwrap_or_default();
    match bytes % unit / unit.div_ceil(10) {
        0 => format!("{} {name}", bytes / unit),
        tenth => format!("{}.{tenth} {name}", bytes / unit),
    }
}

fn shown(count: u64, units: &[(&str, u64)]) -> String {
    let whole = units.iter().rev().find(|(_, factor)| count > 0 && count.is_multiple_of(*factor));
    let (unit, factor) = whole.or(units.first()).copied().unwrap_or(("", 1));
    format!("{}{unit}", count / factor)
}

#[cfg(test)]
mod tests {
    use super::{parse_duration, parse_size, say_size};

    #[test]
    fn a_unit_in_another_spelling_gets_the_one_to_write() {
        for (text, advice) in
            [("1m", "`1min`"), ("2 hours", "`2h`"), ("1d", "`24h`"), ("5SEC", "`5s`"), ("9msec", "`9ms`")]
        {
            assert_eq!(parse_duration(text).unwrap_err().to_string(), format!("use {advice}"));
        }
        for (text, advice) in [("64GB", "`64GiB`"), ("64 G", "`64GiB`"), ("10kb", "`10KiB`")] {
            assert_eq!(parse_size(text).unwrap_err().to_string(), format!("use {advice}"));
        }
        for text in ["1", "1.5h", "1month", "18446744073709551615d"] {
            assert!(parse_duration(text).unwrap_err().to_string().starts_with("write a whole number"), "{text}");
        }
    }

    #[test]
    fn sizes_are_as_people_say_them() {
        for (bytes, said) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (500_107_862_016, "465.7 GiB"),
            (1 << 40, "1 TiB"),
            (u64::MAX, "16383.9 PiB"),
        ] {
            assert_eq!(say_size(bytes), said);
        }
    }
}
