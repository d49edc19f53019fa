//! Where the cluster config comes from: found, read and watched here, checked by the crate `first-boot-config`.
//!
//! That crate's items are handed on, so that the rest of the agent knows one place. Must not judge what a config holds.

mod changes;
mod error;
mod load;
mod source;

pub use changes::Changes;
pub use error::ConfigError;
pub use first_boot_config::*;
pub use load::{
    ENCRYPTED_STORES, FILE, HAND_OVER, InitrdFindings, Loaded, Options, Permissions, Reading, SECRETS, credentials,
    examine, load, places, read_at,
};
pub use source::{CREDENTIAL, Source};

/// A configuration that is right, for the tests of other modules.
#[cfg(test)]
pub(crate) fn of(json: &str) -> Config {
    let context =
        Context { given: Origin::Default, host_name: None, secrets: "/etc/nixos/secrets".into(), strict: true };
    check(&parse(json.as_bytes()).unwrap(), &context).unwrap().config
}

/// The default services, for the tests of other modules.
#[cfg(test)]
pub(crate) trait DefaultServices {
    fn chainfire(&self) -> &MemberService;

    fn member_service_mut(&mut self, name: ServiceName) -> &mut MemberService;
}

#[cfg(test)]
impl DefaultServices for Config {
    fn chainfire(&self) -> &MemberService {
        self.member_service(ServiceName::CHAINFIRE).unwrap()
    }

    fn member_service_mut(&mut self, name: ServiceName) -> &mut MemberService {
        let mut found = self.services.iter_mut().filter_map(|service| match service {
            Service::Members(service) if service.name == name => Some(service),
            _ => None,
        });
        found.next().unwrap()
    }
}
