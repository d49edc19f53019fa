//! What the kernel's command line asks of the initrd stage: `first_boot.…` (kernel-command-line(7)).
//!
//! Everybody on the machine can read that line, so nothing secret is taken from it: a URL and a digest at most.

use std::time::Duration;

use crate::config::value::parse_duration;

use super::{Digest, UrlTemplate};

/// How long the boot is held for what was asked for, once the root file system is there.
const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);
/// The most that may be asked for: the unit's own bound is longer.
const LONGEST_TIMEOUT: Duration = Duration::from_mins(10);

/// The parameters, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// `first_boot.config_url=`: where a configuration may be fetched.
    pub url: Option<UrlTemplate>,
    /// Why the URL that was given is not used: it cannot be, or its digest cannot be read.
    pub url_problem: Option<String>,
    /// `first_boot.config_sha256=`: the digest that it must have.
    pub sha256: Option<Digest>,
    /// `first_boot.required`: the boot must not go on without a configuration.
    pub required: bool,
    /// `first_boot.timeout=`: how long the boot may be held, from 1 s to 10 min.
    pub timeout: Duration,
    /// `BOOTIF=`, as boot loaders give it: the card that the machine was booted from, with colons.
    pub boot_card: Option<String>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { url: None, url_problem: None, sha256: None, required: false, timeout: DEFAULT_TIMEOUT, boot_card: None }
    }
}

impl Parameters {
    /// Reads `/proc/cmdline`. What cannot be used is told, in words, and leaves the default.
    #[must_use]
    pub fn read(command_line: &str) -> (Self, Vec<String>) {
        let mut parameters = Self::default();
        let mut problems = Vec::new();
        for word in words(command_line) {
            let (name, value) = word.split_once('=').unwrap_or((&word, ""));
            if let Err(advice) = parameters.take(name, value) {
                let problem = format!("{name}: {advice}");
                // A digest that cannot be read is no permission to do without.
                if ["first_boot.config_url", "first_boot.config_sha256"].contains(&name) {
                    parameters.url_problem = Some(problem.clone());
                }
                problems.push(problem);
            }
        }
        if parameters.url_problem.is_some() {
            parameters.url = None;
        }
        (parameters, problems)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "first_boot.config_url" => {
                self.url = Some(value.parse::<UrlTemplate>().map_err(|error| error.to_string())?);
            }
            "first_boot.config_sha256" => self.sha256 = Some(value.parse()?),
            "first_boot.required" => self.required = flag(value)?,
            "first_boot.timeout" => {
                let timeout = parse_duration(value).map_err(|error| error.to_string())?;
                if !(Duration::from_secs(1)..=LONGEST_TIMEOUT).contains(&timeout) {
                    return Err("write a duration from 1s to 10min".to_owned());
                }
                self.timeout = timeout;
            }
            // `01-` is ARP's hardware type of Ethernet.
            "BOOTIF" => {
                self.boot_card = value.strip_prefix("01-").map(|mac| mac.replace('-', ":").to_ascii_lowercase());
            }
            // The unit's own condition goes by it: who reads this was started.
            "first_boot.initrd" if value != "1" => return Err("write 0 to leave the stage out".to_owned()),
            "first_boot.initrd" => {}
            other if other.starts_with("first_boot.") => return Err("no such parameter; it is ignored".to_owned()),
            _ => {}
        }
        Ok(())
    }
}

/// A flag as systemd takes it; the bare name means yes.
fn flag(value: &str) -> Result<bool, String> {
    match value {
        "" | "1" | "yes" | "true" | "on" => Ok(true),
        "0" | "no" | "false" | "off" => Ok(false),
        _ => Err("write 1 or 0".to_owned()),
    }
}

/// The words of a command line; a blank within double quotes parts none.
fn words(command_line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in command_line.trim().chars() {
        match character {
            '"' => quoted = !quoted,
            blank if blank.is_whitespace() && !quoted => words.push(String::new()),
            other => words.last_mut().into_iter().for_each(|word| word.push(other)),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::{Duration, Parameters};

    const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn what_is_asked_for_is_taken_and_the_rest_is_not_ours() {
        let line = format!(
            "root=/dev/vda quiet first_boot.config_url=https://boot/${{uuid}}.json first_boot.config_sha256={DIGEST} \
             first_boot.required first_boot.timeout=90s first_boot.initrd=1 BOOTIF=01-52-54-00-00-00-0A \"x=a b\"\n"
        );
        let (parameters, problems) = Parameters::read(&line);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(parameters.url.unwrap().to_string(), "https://boot:443/${uuid}.json");
        assert_eq!(parameters.sha256.unwrap().to_string(), format!("sha256:{DIGEST}"));
        assert!(parameters.required);
        assert_eq!(parameters.timeout, Duration::from_secs(90));
        assert_eq!(parameters.boot_card.unwrap(), "52:54:00:00:00:0a");
    }

    #[test]
    fn nothing_asked_for_is_the_default() {
        assert_eq!(Parameters::read("").0, Parameters::default());
        assert_eq!(Parameters::read("root=/dev/vda init=/sbin/init").0, Parameters::default());
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_name() {
        for wrong in [
            "first_boot.required=perhaps",
            "first_boot.timeout=0s",
            "first_boot.timeout=1h",
            "first_boot.timeout=soon",
            "first_boot.initrd=no",
            "first_boot.configurl=https://boot/c.json",
        ] {
            let (parameters, problems) = Parameters::read(wrong);
            assert_eq!(parameters, Parameters::default(), "{wrong}");
            let name = wrong.split('=').next().unwrap();
            assert!(problems.len() == 1 && problems[0].starts_with(name), "{wrong}: {problems:?}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_used_was_given_all_the_same() {
        let (parameters, problems) = Parameters::read("first_boot.config_url=http://boot/c.json");
        assert!(parameters.url.is_none() && parameters.url_problem.is_some(), "{parameters:?}");
        assert!(problems[0].starts_with("first_boot.config_url: "), "{problems:?}");
    }

    #[test]
    fn a_digest_that_cannot_be_read_is_no_permission_to_do_without() {
        for line in [
            "first_boot.config_url=https://boot/c.json first_boot.config_sha256=abc",
            "first_boot.config_sha256= first_boot.config_url=https://boot/c.json",
        ] {
            let (parameters, problems) = Parameters::read(line);
            assert_eq!((parameters.url, problems.len()), (None, 1), "{line}");
        }
    }
}
