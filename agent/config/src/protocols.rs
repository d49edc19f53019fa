//! The protocols that services speak, as a table. A further one is a line in it, a module here with its fields and what they
//! make, and a module in the agent with its calls. Must not make a call.

pub(crate) mod admin_v1;
mod etcd_v3;

use std::fmt::Debug;
use std::path::Path;

pub use admin_v1::ApiPaths;
pub use etcd_v3::Etcd;

use super::{
    fields::Fields,
    group::Group,
    model::TlsPaths,
    table::{
        Field, joined,
        services::{FURTHER, HTTP_SETUP},
    },
    value::{ApiPath, Endpoint, ServiceName, named_set},
};

/// Gives a macro the protocols whose services have members, after what else it is given: the name of each in Rust, its
/// modules, its name in the configuration, what only its services have, and what it is.
#[macro_export]
macro_rules! protocols_with_members {
    ($use:ident! { $($argument:tt)* }) => {
        $use! {
            $($argument)*
            AdminV1 admin_v1 "admin-v1" ApiPaths "The admin API of chainfire and flaredb.";
            EtcdV3 etcd_v3 "etcd-v3" Etcd "etcd's API, version 3.";
        }
    };
}

macro_rules! declare {
    ($($protocol:ident $module:ident $name:literal $own:ident $about:literal;)+) => {
        named_set! {
            /// The API that a service speaks: a closed set, and what is done for a service follows from it.
            Protocol {
                $(#[doc = $about] $protocol = $name,)+
                /// A service that is set up once, over HTTP, as IAM is.
                HttpSetup = "http-setup",
            }
        }

        impl Protocol {
            /// The fields of a service that is none of the platform's own.
            pub(crate) fn fields(self) -> &'static [Field] {
                match self {
                    $(Self::$protocol => joined!(FURTHER, $module::OWN),)+
                    Self::HttpSetup => HTTP_SETUP,
                }
            }
        }

        /// The protocol of a service that has members, with what only such a service has.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Api {
            $(#[doc = $about] $protocol($own),)+
        }

        impl Api {
            /// Of a service; `None` where a field that must have a value has none, or where it has no members.
            pub(crate) fn read(fields: &mut Fields, group: &Group) -> Option<Self> {
                match group.row.protocol {
                    $(Protocol::$protocol => $module::read(fields, group).map(Self::$protocol),)+
                    Protocol::HttpSetup => None,
                }
            }
        }

        impl std::ops::Deref for Api {
            type Target = dyn Traits;

            fn deref(&self) -> &Self::Target {
                match self { $(Self::$protocol(own) => own,)+ }
            }
        }
    };
}

protocols_with_members!(declare! {});

impl Protocol {
    /// Whether the nodes of a service that speaks it are members of a cluster.
    #[must_use]
    pub fn has_members(self) -> bool {
        self != Self::HttpSetup
    }
}

/// What is known without a call of a service that has members.
pub trait Traits: Debug {
    /// The path of its health endpoint.
    fn health_path(&self) -> &ApiPath;

    /// Whether a node is added to its cluster first and started then, as a member of that.
    fn is_added_first(&self) -> bool {
        false
    }

    /// The environment of its unit, where the agent writes it.
    fn environment_file(&self) -> Option<&Path> {
        None
    }

    /// The command with which an operator removes an entry, or what to do where there can be none. What is the cluster's word
    /// must not become a command of the shell that this is pasted into.
    fn removal_by_hand(&self, entry: &Entry<'_>) -> String;
}

/// An entry in the member list of a service.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The service.
    pub service: ServiceName,
    /// Whose member it is.
    pub id: &'a str,
    /// What calls name it by.
    pub key: &'a str,
    /// The same, fit to be shown.
    pub shown: &'a str,
    /// Whom to ask.
    pub at: &'a Endpoint,
    /// The files to ask with.
    pub tls: &'a TlsPaths,
}
