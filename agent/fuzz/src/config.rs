//! The cluster config: whatever is accepted means one thing, fits the published schema and reads back as it is shown;
//! whatever is refused is reported without a secret and without what a terminal would obey.

use first_boot_agent::config::{Checked, Context, Origin, Problem, Report, check, parse};

use crate::{assert_plain, reads_back, secrets};

/// Takes the bytes of a config file.
pub fn config(data: &[u8]) {
    match parse(data) {
        Err(error) => assert_plain(&error.to_string()),
        Ok(document) => {
            let lenient = check(&document, &context(false));
            let strict = check(&document, &context(true));
            assert_agree(&lenient, &strict);
            assert_presentable(&lenient);
            if let Ok(checked) = &lenient {
                reads_back::assert(checked, data);
            }
        }
    }
    secrets::assert_kept(data);
}

/// What the check uses here: a node with a usable hostname.
pub(crate) fn context(strict: bool) -> Context {
    Context {
        given: Origin::Credential,
        host_name: Some("node01".to_owned()),
        secrets: "/etc/nixos/secrets".into(),
        strict,
    }
}

/// Strictness turns warnings into problems, adds advice that refuses nothing, and changes nothing else.
fn assert_agree(lenient: &Result<Checked, Report>, strict: &Result<Checked, Report>) {
    match (lenient, strict) {
        (Ok(lenient), Ok(strict)) => {
            assert_eq!(lenient.config, strict.config);
            assert_eq!(lenient.warnings, []);
        }
        (Ok(lenient), Err(strict)) => assert_eq!(lenient.warnings.len().min(100), strict.problems.len()),
        (Err(lenient), Err(strict)) => assert!(lenient.problems.len() <= strict.problems.len()),
        (Err(report), Ok(_)) => assert!(report.problems.is_empty(), "strictness forgives {report}"),
    }
}

fn assert_presentable(outcome: &Result<Checked, Report>) {
    let problems: Vec<&Problem> = match outcome {
        Ok(checked) => {
            for shown in checked.provenance() {
                assert_plain(&format!("{} {} {}", shown.path, shown.value, shown.origin));
            }
            checked.warnings.iter().collect()
        }
        Err(report) => {
            assert!(!report.problems.is_empty(), "refused without a reason");
            report.problems.iter().chain(&report.warnings).collect()
        }
    };
    for problem in problems {
        assert_plain(&problem.to_string());
        assert!(!problem.to_string().contains("bug in the agent"), "{problem}");
        assert!(problem.found.chars().count() < 1000, "{problem}");
    }
}
