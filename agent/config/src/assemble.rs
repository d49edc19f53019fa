//! From checked fields to the config: fills in what follows from other fields,
//! and notes from which. Must not judge: what can be wrong was said before.

use super::{
    Context,
    expectations::Expectations,
    fields::{Fields, Row},
    group::Group,
    kind::Value,
    model::{Config, Limits, MemberService, Node, Policies, Request, Retry, Service, SetupService, TlsPaths},
    raft::{own_host, own_url, service_config},
    services::needs,
    value::{NodeId, ServiceName},
};
use std::path::PathBuf;

/// Builds the config; `None` only where a field that must have a value has
/// none, which means that the fields have problems.
pub(crate) fn assemble(fields: &mut Fields, context: &Context) -> Option<Config> {
    let node = Node { id: fields.get("$.node_id")?, ip: fields.get("$.node_ip"), fqdn: fields.get("$.node_fqdn") };
    let services = services(fields, &node)?;
    Some(Config {
        expect: Expectations::assemble(fields)?,
        tls: tls(fields, &node.id, context)?,
        policies: policies(fields)?,
        initrd_required: fields.get("$.initrd.required")?,
        health_check_probes: fields.get("$.health_check.probe")?,
        networks: fields.map("$.network")?,
        cluster_name: fields.get("$.cluster_name"),
        replace: fields.get("$.replace")?,
        node,
        services,
    })
}

fn services(fields: &mut Fields, node: &Node) -> Option<Vec<Service>> {
    let mut services = Vec::new();
    let mut first: Option<(Group, MemberService)> = None;
    for row in fields.rows.clone() {
        services.push(if row.protocol.has_members() {
            let group = Group::of(fields, row, first.as_ref().map(|(group, _)| group))?;
            let service = service_config(fields, &group, node)?;
            first.get_or_insert((group, service.clone()));
            Service::Members(service)
        } else {
            Service::Setup(setup(fields, row, node, first.as_ref())?)
        });
    }
    apart(fields, &services);
    Some(services)
}

/// Two services with members on one port would be asked, and joined, in each other's place. The platform's own are left as
/// they are told.
fn apart(fields: &mut Fields, services: &[Service]) {
    let mut seen: Vec<&MemberService> = Vec::new();
    for service in services.iter().filter_map(Service::members).filter(|service| service.enable) {
        let path = |key: &str| format!("$.services.{}.{key}", service.name);
        for other in &seen {
            let is_known = [service, other].iter().all(|one| ServiceName::DEFAULT.contains(&one.name));
            let shared = [
                ("api_port", service.url == other.url),
                ("raft_port", service.raft_addr().is_some() && service.raft_addr() == other.raft_addr()),
                (
                    "environment_file",
                    service.api.environment_file().is_some()
                        && service.api.environment_file() == other.api.environment_file(),
                ),
            ];
            for (key, _) in shared.into_iter().filter(|(_, is_shared)| *is_shared && !is_known) {
                let found = format!("what {} has", other.name);
                let hint = format!("give {} another {key}", service.name);
                fields.problem(&path(key), found, "one of its own", Some(hint));
            }
        }
        seen.push(service);
    }
}

fn setup(fields: &mut Fields, row: Row, node: &Node, first: Option<&(Group, MemberService)>) -> Option<SetupService> {
    let port = fields.get(&row.path("api_port"))?;
    let host = match first {
        Some((_, service)) => Some((service.url.host().clone(), format!("{}'s url, api_port", service.name))),
        None => own_host(node).map(|(host, _)| (host, "this node's host, api_port".to_owned())),
    };
    let url = own_url(fields, row, port, host)?;
    let first_is_own =
        first.is_some_and(|(group, service)| group.members.first().is_some_and(|first| service.is_own(first)));
    Some(SetupService {
        name: row.name,
        needs: needs(fields, row),
        enable: fields.get(&row.path("enable"))?,
        unit: fields.get(&row.path("unit"))?,
        url,
        admin_user: fields.get(&row.path("admin_user"))?,
        admin_password_file: fields.get(&row.path("admin_password_file")),
        generates_password: first_is_own,
        health_path: fields.get(&row.path("health_path"))?,
        setup_path: fields.get(&row.path("setup_path"))?,
    })
}

fn tls(fields: &mut Fields, id: &NodeId, context: &Context) -> Option<TlsPaths> {
    let identity_required = fields.is_given("$.tls.cert");
    for (key, name) in [("ca", "ca.crt".to_owned()), ("cert", format!("{id}.crt")), ("key", format!("{id}.key"))] {
        let path = format!("$.tls.{key}");
        if !fields.is_given(&path) {
            let from = if key == "ca" { "the default place" } else { "the default place, node_id" };
            fields.derive(path, Value::File(context.secrets.join(name)), from);
        }
    }
    let file = |key: &str| fields.get::<PathBuf>(&format!("$.tls.{key}"));
    Some(TlsPaths { ca: file("ca")?, certificate: file("cert")?, key: file("key")?, identity_required })
}

fn policies(fields: &Fields) -> Option<Policies> {
    Some(Policies {
        health: limits(fields, "health")?,
        promotion: limits(fields, "promotion")?,
        iam_setup: limits(fields, "iam_setup")?,
        link: limits(fields, "link")?,
        blocked: limits(fields, "blocked")?,
        join: Retry {
            attempts: fields.get("$.policies.join.attempts")?,
            scale: fields.get("$.policies.join.scale")?,
            max_delay: fields.get("$.policies.join.max_delay")?,
        },
        clock_limit: fields.get("$.policies.clock.limit")?,
        request: Request {
            connect: fields.get("$.policies.request.connect")?,
            total: fields.get("$.policies.request.total")?,
            max_body: fields.get("$.policies.request.max_body")?,
        },
    })
}

fn limits(fields: &Fields, name: &str) -> Option<Limits> {
    let time = |key: &str| fields.get(&format!("$.policies.{name}.{key}"));
    Some(Limits { limit: time("limit")?, first_delay: time("first_delay")?, max_delay: time("max_delay")? })
}
