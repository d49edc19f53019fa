//! Logging in where etcd's authentication is on. Passwords come from a file or a credential, and go nowhere else.

use std::cell::RefCell;
use std::path::PathBuf;

use serde_json::json;

use crate::config::{Endpoint, Etcd, ServiceName};
use crate::plan::Cause;
use crate::regular_file::Links;
use crate::run::ports::Fault;
use crate::secret_file;

use super::super::Calls;

/// The tokens that were given, by service. None is shown.
pub(crate) struct Logins {
    tokens: RefCell<Vec<(ServiceName, String)>>,
    find_credential: fn(&str) -> Option<PathBuf>,
}

impl std::fmt::Debug for Logins {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} logins", self.tokens.borrow().len())
    }
}

impl Logins {
    /// None yet.
    pub(crate) fn finding(find: fn(&str) -> Option<PathBuf>) -> Self {
        Self { tokens: RefCell::default(), find_credential: find }
    }

    /// The token for a service, where the configuration names an account.
    pub(super) async fn token(&self, calls: &Calls<'_, Etcd>, at: &Endpoint) -> Result<Option<String>, Fault> {
        let Some(user) = &calls.own.user else { return Ok(None) };
        let name = calls.service.name;
        let known = self.tokens.borrow().iter().find(|(service, _)| *service == name).map(|(_, token)| token.clone());
        if known.is_some() {
            return Ok(known);
        }
        let password = self.password(calls.own, name);
        let (place, password) = password.map_err(|message| Fault::permanent(Cause::Secret, at.clone(), message))?;
        let body = json!({"name": user.as_str(), "password": password});
        let said = calls.send(None, at, "/v3/auth/authenticate", &body).await?;
        // Without a word of the answer: it holds the token, and might quote the password.
        let token = said.read("a token", |body| Some(body.get("token")?.as_str()?.to_owned()));
        let token = token.map_err(|fault| said.of_login(fault, &place))?;
        self.tokens.borrow_mut().push((name, token.clone()));
        Ok(Some(token))
    }

    /// The token is no longer good.
    pub(super) fn forget(&self, name: ServiceName) {
        self.tokens.borrow_mut().retain(|(service, _)| *service != name);
    }

    /// Where it is, and the password.
    fn password(&self, etcd: &Etcd, name: ServiceName) -> Result<(String, String), String> {
        let credential = format!("{name}-password");
        let (path, place) = if let Some(path) = &etcd.password_file {
            (path.clone(), path.display().to_string())
        } else {
            let path = (self.find_credential)(&credential).ok_or_else(|| {
                format!("services.{name}.user has no password: give password_file or the credential {credential}")
            })?;
            (path, format!("the credential {credential}"))
        };
        let read = secret_file::read(&path, Links::Follow).map_err(|error| format!("{error}; {}", error.remedy()))?;
        Ok((place, read.trim_end_matches(['\r', '\n']).to_owned()))
    }
}
