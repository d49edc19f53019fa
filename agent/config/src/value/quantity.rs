//! Durations and sizes as people write them: `120s`, `500ms`, `2min`, `1MiB`,
//! or a bare number of seconds or bytes. Must not accept what is ambiguous.

use super::ValueError;
use std::time::Duration;

const TIMES: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("min", 60_000), ("h", 3_600_000)];
const SIZES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// Reads a duration: a whole number and `ms`, `s`, `min` or `h`.
///
/// # Errors
/// When the unit is missing or unknown, or the number too large.
pub fn parse_duration(text: &str) -> Result<Duration, ValueError> {
    counted(text, &TIMES)
        .map(Duration::from_millis)
        .ok_or_else(|| ValueError::new("write a whole number and its unit: `500ms`, `120s`, `2min`, `1h`"))
}

/// Reads a size: a whole number and `B`, `KiB`, `MiB` or `GiB`.
///
/// # Errors
/// When the unit is missing or unknown, or the number too large.
pub fn parse_size(text: &str) -> Result<u64, ValueError> {
    counted(text, &SIZES).ok_or_else(|| ValueError::new("write a whole number and its unit: `64KiB`, `1MiB`"))
}

fn counted(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start_matches(' '))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
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
    use super::say_size;

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
