//! Which date a build puts into the binary as the lower bound for a clock that is not set. Used by `build.rs`, and by the
//! test of it. Must not look at anything but what it is given.

/// 2026-11-20, when this was written: what is certain where a build gives no date. It needs no edits: such a build
/// reports that it has no date.
pub(crate) const LAST_RESORT: u64 = 1_795_132_800;

/// 1980-01-02. nixpkgs gives the day before to every build whose source has no date, since a zip file knows no earlier one.
const NO_DATE: u64 = 315_619_200;

/// The date of a build in seconds, and a warning where that is not the source's.
///
/// # Errors
/// When `SOURCE_DATE_EPOCH` is no number (<https://reproducible-builds.org/specs/source-date-epoch/>).
pub(crate) fn build_date(source_date: Option<&str>, now: Option<u64>) -> Result<(u64, Option<String>), String> {
    let Some(text) = source_date else { return Ok((now.unwrap_or_default().max(LAST_RESORT), None)) };
    let given = text.parse::<u64>().map_err(|cause| {
        format!("SOURCE_DATE_EPOCH is {text:?}: {cause}; set it to the seconds since 1970 of the source's last change")
    })?;
    if given < NO_DATE {
        let warning = format!(
            "SOURCE_DATE_EPOCH is {given}, which is no date of the source: a clock that nobody has set counts from \
             {LAST_RESORT}; in Nix, call package.nix with sourceDate, as the flake does"
        );
        return Ok((LAST_RESORT, Some(warning)));
    }
    Ok((given, None))
}
