//! What the kernel's command line asks of the initrd stage: `first_boot.…` (kernel-command-line(7)).
//!
//! Everybody on the machine can read that line, so nothing secret is taken from it: a URL and a digest at most.

use std::time::Duration;

use crate::config::value::parse_duration;
use crate::hardware_address::HardwareAddress;

use super::command_line::{compared, flag, words};
use super::{Digest, UrlTemplate};

/// The most that may be asked for: the unit's own bound is longer.
const LONGEST_TIMEOUT: Duration = Duration::from_mins(10);

/// The parameters, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `first_boot.config_url=`: where a configuration may be fetched.
    pub url: Option<UrlTemplate>,
    /// Why the URL that was given is not used: it cannot be, or what it depends on cannot be read.
    pub url_problem: Option<String>,
    /// `first_boot.config_sha256=`: the digest that it must have.
    pub sha256: Option<Digest>,
    /// `first_boot.required`: the boot must not go on without a configuration.
    pub required: bool,
    /// `first_boot.timeout=`: how long the boot may be held, from 1 s to 10 min, where that is given.
    pub timeout: Option<Duration>,
    /// `BOOTIF=`, as boot loaders give it: the interface that the machine was booted from, with colons.
    pub boot_card: Option<String>,
    /// `first_boot.initrd=0`: the stage is left out.
    pub left_out: bool,
}

impl Parameters {
    /// Reads `/proc/cmdline`. What cannot be used is reported, in words, and leaves the default.
    pub(crate) fn read(command_line: &str) -> (Self, Vec<String>) {
        let mut read = Self::default();
        let mut problems = Vec::new();
        let mut address_problem = None;
        for word in words(command_line) {
            let (written, value) = word.split_once('=').map_or((&*word, None), |(name, value)| (name, Some(value)));
            let name = compared(written);
            if let Err(advice) = read.take(&name, value) {
                let problem = format!("{written}: {advice}");
                match name.as_str() {
                    // A digest that cannot be read is no permission to do without.
                    URL | SHA256 => read.url_problem = Some(problem.clone()),
                    BOOTIF => address_problem = Some(problem.clone()),
                    _ => {}
                }
                problems.push(problem);
            }
        }
        // Nor is an address, to take that of another interface.
        if address_problem.is_some() && read.url.as_ref().is_some_and(UrlTemplate::names_the_interface) {
            read.url_problem = read.url_problem.or(address_problem);
        }
        if read.url_problem.is_some() {
            read.url = None;
        }
        (read, problems)
    }

    fn take(&mut self, name: &str, value: Option<&str>) -> Result<(), String> {
        let text = value.unwrap_or_default();
        match name {
            URL => self.url = Some(text.parse::<UrlTemplate>().map_err(|error| error.to_string())?),
            SHA256 => self.sha256 = Some(text.parse()?),
            "first_boot.required" => self.required = flag(value)?,
            "first_boot.timeout" => {
                let timeout = parse_duration(text).map_err(|error| error.to_string())?;
                if !(Duration::from_secs(1)..=LONGEST_TIMEOUT).contains(&timeout) {
                    return Err("write a duration from 1s to 10min".to_owned());
                }
                self.timeout = Some(timeout);
            }
            BOOTIF => {
                let address = HardwareAddress::of_boot_loader(text)?.to_string();
                if self.boot_card.as_ref().is_some_and(|other| *other != address) {
                    return Err(format!("there is another one, {}", self.boot_card.take().unwrap_or_default()));
                }
                self.boot_card = Some(address);
            }
            // The unit's own condition knows the usual spelling alone.
            "first_boot.initrd" => {
                self.left_out = !flag(value).map_err(|_| "write 0 to leave the stage out".to_owned())?;
            }
            other if other.to_ascii_lowercase().starts_with("first_boot") => {
                return Err("no such parameter; it is ignored".to_owned());
            }
            _ => {}
        }
        Ok(())
    }
}

const URL: &str = "first_boot.config_url";
const SHA256: &str = "first_boot.config_sha256";
const BOOTIF: &str = "BOOTIF";

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
        assert_eq!(parameters.timeout, Some(Duration::from_secs(90)));
        assert_eq!(parameters.boot_card.unwrap(), "52:54:00:00:00:0a");
    }

    #[test]
    fn nothing_asked_for_is_the_default() {
        assert_eq!(Parameters::read("").0, Parameters::default());
        assert_eq!(Parameters::read("root=/dev/vda init=/sbin/init").0, Parameters::default());
    }

    #[test]
    fn what_cannot_be_used_is_reported_with_its_name() {
        for wrong in [
            "first_boot.required=perhaps",
            "first_boot.timeout=0s",
            "first_boot.timeout=1h",
            "first_boot.timeout=soon",
            "first_boot.initrd=perhaps",
            "first_boot.configurl=https://boot/c.json",
            "first-boot.configurl=https://boot/c.json",
            "first-boot=1",
            "First_Boot.required",
            "BOOTIF=eth0",
            "BOOTIF",
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
    fn f37_dashes_underscores_and_quotes_are_read_as_systemd_reads_them() {
        let usual = format!(
            "first_boot.config_url=https://boot/c.json first_boot.config_sha256={DIGEST} first_boot.required \
             first_boot.timeout=90s"
        );
        let expected = Parameters::read(&usual).0;
        assert!(expected.required && expected.url.is_some());
        for line in [
            usual.replace("first_boot", "first-boot"),
            usual.replace("config_", "config-"),
            usual.replace("first_boot", "rd.first-boot"),
            usual.replace("https", "HTTPS").replace("//boot", "//BOOT"),
            usual.replace("=https://boot/c.json", "=\"https://boot/c.json\"").replace("=90s", "='90s'"),
            usual.replace(".required", ".required=Yes"),
        ] {
            assert_eq!(Parameters::read(&line), (expected.clone(), Vec::new()), "{line}");
        }
        for off in
            ["first_boot.initrd=0", "first-boot.initrd=no", "rd.first_boot.initrd=off", "\"first_boot.initrd=0\""]
        {
            assert_eq!(
                Parameters::read(off),
                (Parameters { left_out: true, ..Parameters::default() }, Vec::new()),
                "{off}"
            );
        }
    }

    #[test]
    fn f11_an_address_that_cannot_be_read_is_no_permission_to_take_another() {
        let url = "first_boot.config_url=https://boot/${mac:hexhyp}.json";
        for address in
            ["garbage", "", "01-52-54-00-00-00", "20-80-00-02-08-fe-80-00-00-00-00-00-00-f4-52-14-03-00-7b-cb-a1"]
        {
            for line in [format!("{url} BOOTIF={address}"), format!("BOOTIF={address} {url}")] {
                let (parameters, problems) = Parameters::read(&line);
                assert_eq!((parameters.url, problems.len()), (None, 1), "{line}");
                assert!(parameters.url_problem.unwrap().starts_with("BOOTIF: "), "{line}");
            }
        }
        // What does not need the address goes on without.
        let (parameters, problems) = Parameters::read("first_boot.config_url=https://boot/${uuid} BOOTIF=garbage");
        assert!(parameters.url.is_some() && parameters.url_problem.is_none() && problems.len() == 1, "{problems:?}");
        for same in ["52-54-00-00-00-0A", "52:54:00:00:00:0a", "01:52:54:00:00:00:0a", "525400-00000a"] {
            let (parameters, problems) = Parameters::read(&format!("{url} BOOTIF=01-52-54-00-00-00-0a BOOTIF={same}"));
            assert_eq!((parameters.boot_card.as_deref(), problems), (Some("52:54:00:00:00:0a"), vec![]), "{same}");
        }
        let (parameters, problems) =
            Parameters::read(&format!("{url} BOOTIF=52:54:00:00:00:0a BOOTIF=52:54:00:00:00:0b"));
        assert_eq!((parameters.boot_card, parameters.url, problems.len()), (None, None, 1), "{problems:?}");
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

    proptest::proptest! {
        #[test]
        fn any_line_is_read(line in "([a-zA-Z_.-]{0,8}|first_boot.|BOOTIF=|rd.|[\"' =:-]|[0-9a-f]{2}|\\PC){0,40}") {
            let (parameters, problems) = Parameters::read(&line);
            // What is given and cannot be used is never passed over.
            let is_refused = parameters.url_problem.is_some();
            proptest::prop_assert!(!is_refused || parameters.url.is_none() && !problems.is_empty());
            let address = parameters.boot_card.unwrap_or_else(|| "00:00:00:00:00:01".to_owned());
            proptest::prop_assert_eq!(address.len(), 17);
        }
    }
}
