//! What a service has by its protocol: a module for each, with its fields and what they make. Must not make a call.

pub(crate) mod admin_v1;
pub(crate) mod etcd_v3;

use std::fmt::Debug;
use std::path::Path;

pub use admin_v1::ApiPaths;
pub use etcd_v3::Etcd;

use super::{
    fields::{Fields, Row},
    value::{ApiPath, Endpoint, Protocol, ServiceName, TlsPaths},
};

macro_rules! declare {
    ($($protocol:ident $module:ident $name:literal $own:ident $about:literal;)+) => {
        /// The protocol of a service that has members, with what only such a service has.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Api {
            $(#[doc = $about] $protocol($own),)+
        }

        impl Api {
            /// Of a service; `None` where a field that must have a value has none, or where it has no members.
            pub(crate) fn read(fields: &mut Fields, row: Row) -> Option<Self> {
                match row.protocol {
                    $(Protocol::$protocol => $module::read(fields, row).map(Self::$protocol),)+
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

crate::protocols_with_members!(declare! {});

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

    /// The file of the password that its calls need.
    fn password_file(&self) -> Option<&Path> {
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
    /// The files to ask with, as words of a shell.
    pub tls: &'a TlsPaths,
}
