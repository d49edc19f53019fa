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
        let rest = text.strip_prefix("https://").ok_or_else(|| {
            ValueError::new("begin with `https://`: a configuration is taken from a server that proves who it is")
        })?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') || path.contains(['?', '#']) {
            return Err(ValueError::new(
                "use a host and a path alone: everybody on the machine can read the kernel's command line, so it must \
                 hold no user, password or query",
            ));
        }
        if path.len() < 2 || path.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err(ValueError::new(
                "put the path of the configuration after the host, as in `/configs/${uuid}.json`",
            ));
        }
        let server = format!("https://{authority}").parse::<BaseUrl>()?.endpoint(HTTPS_PORT)?;
        let template = Self { server, path: path.to_owned() };
        if let Some(unknown) = template.places().find(|place| !PLACES.contains(place)) {
            let known = PLACES.join("}, ${");
            return Err(ValueError::new(format!("`${{{unknown}}}` is not filled in; these are: ${{{known}}}")));
        }
        Ok(template)
    }
}

impl UrlTemplate {
    /// The path for this machine.
    ///
    /// # Errors
    /// The hardware does not tell what is asked for, or not yet.
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
            let value = value.ok_or_else(|| format!("this machine tells no {place} to fill in for {pattern}"))?;
            path = path.replace(&pattern, &escaped(&value));
        }
        Ok(path)
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

/// A vendor's serial number holds whatever the vendor liked: only what may stand in a path segment does (RFC 3986, 3.3).
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

    fn hardware() -> Hardware {
        Hardware {
            uuid: Some("4c4c4544-0042".to_owned()),
            serial: Some("A/B 1".to_owned()),
            mac: Some("52:54:00:00:00:01".to_owned()),
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

    #[test]
    fn x3_no_secret_and_no_clear_text() {
        for wrong in [
            "http://boot.example.com/c.json",
            "https://user:secret@boot.example.com/c.json",
            "https://boot.example.com/c.json?token=secret",
            "https://boot.example.com/c.json#secret",
            "https://boot.example.com",
            "https://boot.example.com/",
            "https:///c.json",
            "https://boot.example.com/${hostname}.json",
            "https://boot.example.com/${uuid",
            "https://boot.${uuid}.com/c.json",
            "",
        ] {
            let error = wrong.parse::<UrlTemplate>().unwrap_err().to_string();
            assert!(!error.contains("secret@") && !error.contains("token="), "{wrong}: {error}");
        }
    }
}
