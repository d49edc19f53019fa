//! The URL of a configuration, with places that the hardware fills in: one kernel command line serves a whole fleet.
//!
//! What can be read by everyone on the machine must not carry a secret: user names, passwords and queries are refused.

use std::fmt;
use std::str::FromStr;

use crate::config::Endpoint;
use crate::config::value::{BaseUrl, ValueError};

use super::Hardware;

/// The port of `https://` where the URL has none (RFC 9110, 4.2.2).
const HTTPS_PORT: u16 = 443;

/// What may stand between `${` and `}`: iPXE's words for the same.
const PLACES: [&str; 4] = ["uuid", "serial", "mac", "mac:hexhyp"];

/// Such a URL: `https://boot.example.com/configs/${uuid}.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlTemplate {
    /// The server.
    pub server: Endpoint,
    path: String,
}

impl FromStr for UrlTemplate {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let refused = |why: &str| Err(ValueError::new(why));
        let Some((_, rest)) = text.split_once("://").filter(|(scheme, _)| scheme.eq_ignore_ascii_case("https")) else {
            return refused("begin with `https://`: a configuration is taken from a server that proves who it is");
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') || path.contains(['?', '#']) {
            return refused(
                "use a host and a path alone: everybody on the machine can read the kernel's command line, so it must \
                 hold no user, password or query",
            );
        }
        if path.len() < 2 {
            return refused("put the path of the configuration after the host, as in `/configs/${uuid}.json`");
        }
        let server = format!("https://{authority}").parse::<BaseUrl>()?.endpoint(HTTPS_PORT)?;
        let template = Self { server, path: path.to_owned() };
        if let Some(unknown) = template.places().find(|place| !PLACES.contains(place)) {
            let known = PLACES.join("}, ${");
            return refused(&format!("`${{{unknown}}}` is not filled in; these are: ${{{known}}}"));
        }
        if !template.is_plain() {
            return refused(
                "in the path, write anything but letters, digits and `-._~!$&()*+,;=:@/` as `%` and two hexadecimal digits",
            );
        }
        Ok(template)
    }
}

impl UrlTemplate {
    /// The path for this machine.
    ///
    /// # Errors
    /// The hardware does not report what is asked for, or not yet.
    pub fn path(&self, hardware: &Hardware) -> Result<String, String> {
        let mut path = self.path.clone();
        for place in PLACES {
            let pattern = format!("${{{place}}}");
            if !path.contains(&pattern) {
                continue;
            }
            let value = match place {
                "uuid" => hardware.uuid.clone(),
                "serial" => hardware.serial.clone(),
                "mac" => hardware.mac.clone(),
                _ => hardware.mac.as_ref().map(|mac| mac.replace(':', "-")),
            };
            // A segment of dots would lead to another folder.
            let value = value.filter(|value| !matches!(value.as_str(), "." | ".."));
            let value = value.ok_or_else(|| {
                let why = hardware.missing.get(place.split(':').next().unwrap_or(place));
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                format!("this machine has no {place} for {pattern}{why}")
            })?;
            path = path.replace(&pattern, &escaped(&value));
        }
        Ok(path)
    }

    /// Whether its path is one of RFC 3986, 3.3, but for the places and for `'`, which is a quote on the kernel's command
    /// line. The PXE server's settings hold it to the same rule (`nixos-module/lib/pxe/problems/config-url.nix`).
    fn is_plain(&self) -> bool {
        let open = PLACES.iter().fold(self.path.clone(), |path, place| path.replace(&format!("${{{place}}}"), ""));
        let mut escapes = open.split('%');
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~!$&()*+,;=:@/".contains(c);
        let is_escape = |text: &str| text.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
        escapes.next().is_some_and(|first| first.chars().all(is_plain))
            && escapes.all(|text| is_escape(text) && text.chars().all(is_plain))
    }

    /// Whether it asks for the address of a network interface.
    pub(crate) fn names_the_interface(&self) -> bool {
        self.places().any(|place| place.starts_with("mac"))
    }

    fn places(&self) -> impl Iterator<Item = &str> {
        self.path.split("${").skip(1).map(|rest| rest.split_once('}').map_or("", |(place, _)| place))
    }
}

/// As it was written, with the places still open.
impl fmt::Display for UrlTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.server, self.path)
    }
}

/// A vendor's serial number holds whatever the vendor liked: only what a path segment may hold is kept (RFC 3986, 3.3).
fn escaped(value: &str) -> String {
    let shown = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    value.bytes().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::{Hardware, UrlTemplate};
    use crate::delivery::Parameters;

    fn hardware() -> Hardware {
        Hardware {
            uuid: Some("4c4c4544-0042".to_owned()),
            serial: Some("A/B 1".to_owned()),
            mac: Some("52:54:00:00:00:01".to_owned()),
            ..Hardware::default()
        }
    }

    fn path(template: &str) -> Result<String, String> {
        template.parse::<UrlTemplate>().unwrap().path(&hardware())
    }

    #[test]
    fn the_hardware_is_filled_in() {
        let server = "https://boot.example.com";
        assert_eq!(path(&format!("{server}/${{uuid}}.json")), Ok("/4c4c4544-0042.json".to_owned()));
        assert_eq!(path(&format!("{server}/${{serial}}")), Ok("/A%2FB%201".to_owned()));
        assert_eq!(
            path(&format!("{server}:8443/${{mac}}/${{mac:hexhyp}}")),
            Ok("/52:54:00:00:00:01/52-54-00-00-00-01".to_owned())
        );
        let template: UrlTemplate = format!("{server}/${{serial}}").parse().unwrap();
        assert!(template.path(&Hardware::default()).unwrap_err().contains("no serial"));
    }

    #[derive(serde::Deserialize)]
    struct Cases {
        accepted: Vec<String>,
        accepted_by_the_agent_alone: Vec<String>,
        refused: Vec<String>,
    }

    #[test]
    fn x3_f19_no_secret_and_no_clear_text_and_what_the_pxe_server_takes() {
        let cases: Cases = serde_json::from_str(include_str!("../../../nixos-module/tests/config-urls.json")).unwrap();
        for right in cases.accepted.iter().chain(&cases.accepted_by_the_agent_alone) {
            let template = right.parse::<UrlTemplate>().unwrap_or_else(|error| panic!("{right}: {error}"));
            assert!(template.path(&hardware()).is_ok(), "{right}");
            let line = format!("a=1 first_boot.config_url={right} first_boot.required");
            let (read, problems) = Parameters::read(&line);
            assert_eq!((read.url, read.required, problems), (Some(template), true, Vec::new()), "{line}");
        }
        for wrong in &cases.refused {
            let Err(error) = wrong.parse::<UrlTemplate>() else { panic!("{wrong:?} is taken") };
            assert!(!error.to_string().contains("hunter2"), "{wrong}: {error}");
        }
    }
}
