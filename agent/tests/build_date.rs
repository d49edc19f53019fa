//! The lower bound for a clock that is not set is the date of the source, where the build gives one.

#[path = "../build_date.rs"]
mod build_date;

use build_date::{LAST_RESORT, build_date};

const NOW: Option<u64> = Some(1_900_000_000);

#[test]
fn the_clocks_floor_follows_the_source() {
    // Even where the last resort is later: a build of an old source is an old source's.
    for date in ["1700000000", "1795132801", "1899999999"] {
        assert_eq!(build_date(Some(date), NOW), Ok((date.parse().unwrap_or_default(), None)));
    }
    assert_eq!(build_date(None, NOW), Ok((1_900_000_000, None)));
}

#[test]
fn a_build_without_a_date_says_so_and_never_counts_from_1980() {
    for date in ["0", "1", "315532800"] {
        let (floor, warning) = build_date(Some(date), NOW).unwrap_or_default();
        assert_eq!(floor, LAST_RESORT);
        assert!(warning.is_some_and(|text| text.contains(date) && text.contains("sourceDate")), "{date}");
    }
    // The builder's own clock is at 1970.
    assert_eq!(build_date(None, Some(0)), Ok((LAST_RESORT, None)));
    assert_eq!(build_date(None, None), Ok((LAST_RESORT, None)));
}

#[test]
fn what_is_no_date_fails_the_build() {
    for date in ["", "yesterday", "-1", "1.5"] {
        assert!(build_date(Some(date), NOW).is_err_and(|error| error.contains("SOURCE_DATE_EPOCH")), "{date}");
    }
}
