//! The protocols that services speak, as a table: a further one is a line in it, and its modules here and in the agent.

use super::named_set;

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
