//! From checked fields to the config: fills in what follows from other fields,
//! and notes from which. Must not judge: what can be wrong was said before.

use super::{
    Context,
    expectations::Expectations,
    fields::{Fields, Row},
    group::Group,
    model::{Config, Limits, MemberService, Node, Policies, Request, Retry, Service, SetupService},
    raft::{own_host, own_url, service_config},
    service_table::SERVICE,
    services::needs,
    table::{
        HEALTH_CHECK, INITRD, TLS, WHOLE,
        expect::EXPECT,
        policies::{BLOCKED, CLOCK, HEALTH, IAM_SETUP, JOIN, LINK, PROMOTION, REQUEST, Wait},
    },
    value::{NodeId, ServiceName, TlsPaths},
};

/// Builds the config; `None` only where a field that must have a value has
/// none, which means that the fields have problems.
pub(crate) fn assemble(fields: &mut Fields, context: &Context) -> Option<Config> {
    let node =
        Node { id: fields.get(WHOLE.node_id)?, ip: fields.get(WHOLE.node_ip), fqdn: fields.get(WHOLE.node_fqdn) };
    let services = services(fields, &node)?;
    Some(Config {
        expect: expectations(fields)?,
        tls: tls(fields, &node.id, context)?,
        policies: policies(fields)?,
        initrd_required: fields.get(INITRD.required)?,
        health_check_probes: fields.get(HEALTH_CHECK.probe)?,
        networks: fields.get(WHOLE.network).unwrap_or_default(),
        cluster_name: fields.get(WHOLE.cluster_name),
        replace: fields.get(WHOLE.replace)?,
        node,
        services,
    })
}

fn services(fields: &mut Fields, node: &Node) -> Option<Vec<Service>> {
    let mut services = Vec::new();
    let mut first: Option<(Group, Option<MemberService>)> = None;
    for row in fields.rows.clone() {
        services.push(if row.protocol.has_members() {
            let group = Group::of(fields, row, first.as_ref().map(|(group, _)| group))?;
            let service = service_config(fields, &group, node);
            first.get_or_insert((group, service.clone()));
            service.map(Service::Members)
        } else {
            setup(fields, row, node, first.as_ref()).map(Service::Setup)
        });
    }
    // One that is wrong hides no problem of the others.
    apart(fields, services.iter().flatten());
    services.into_iter().collect()
}

/// Two services with members on one port would be asked, and joined, in each other's place. The platform's own are left as
/// configured.
fn apart<'a>(fields: &mut Fields, services: impl Iterator<Item = &'a Service>) {
    let mut seen: Vec<&MemberService> = Vec::new();
    for service in services.filter_map(Service::members).filter(|service| service.enable) {
        for other in &seen {
            let is_known = [service, other].iter().all(|one| ServiceName::DEFAULT.contains(&one.name));
            let shared = [
                (SERVICE.api_port.place, service.url == other.url),
                (SERVICE.raft_port.place, service.raft_addr().is_some() && service.raft_addr() == other.raft_addr()),
                (
                    SERVICE.environment_file.place,
                    service.api.environment_file().is_some()
                        && service.api.environment_file() == other.api.environment_file(),
                ),
            ];
            for (key, _) in shared.into_iter().filter(|(_, is_shared)| *is_shared && !is_known) {
                let found = format!("the same as {}", other.name);
                let hint = format!("give {} another {}", service.name, key.name);
                fields.problem(&key.of(service.name).to_string(), found, "a value of its own", Some(hint));
            }
        }
        seen.push(service);
    }
}

fn setup(
    fields: &mut Fields,
    row: Row,
    node: &Node,
    first: Option<&(Group, Option<MemberService>)>,
) -> Option<SetupService> {
    let first = match first {
        Some((group, service)) => Some((group, service.as_ref()?)),
        None => None,
    };
    let port = fields.get(SERVICE.api_port.of(row.name))?;
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
        enable: fields.get(SERVICE.enable.of(row.name))?,
        unit: fields.get(SERVICE.unit.of(row.name))?,
        url,
        admin_user: fields.get(SERVICE.admin_user.of(row.name))?,
        admin_password_file: fields.get(SERVICE.admin_password_file.of(row.name)),
        generates_password: first_is_own,
        health_path: fields.get(SERVICE.health_path.of(row.name))?,
        setup_path: fields.get(SERVICE.setup_path.of(row.name))?,
    })
}

fn expectations(fields: &Fields) -> Option<Expectations> {
    Some(Expectations {
        memory: fields.get(EXPECT.memory),
        cpus: fields.get(EXPECT.cpus),
        disks: fields.get(EXPECT.disks),
        partitions: fields.get(EXPECT.partitions).unwrap_or_default(),
        links: fields.get(EXPECT.links).unwrap_or_default(),
        clock: fields.get(EXPECT.clock)?,
    })
}

fn tls(fields: &mut Fields, id: &NodeId, context: &Context) -> Option<TlsPaths> {
    let identity_required = fields.is_given(&TLS.cert);
    let own = |ending| context.secrets.join(format!("{id}.{ending}"));
    for (key, file, from) in [
        (TLS.ca, context.secrets.join("ca.crt"), "the default path"),
        (TLS.cert, own("crt"), "the default path, node_id"),
        (TLS.key, own("key"), "the default path, node_id"),
    ] {
        if !fields.is_given(&key) {
            fields.derive(key, file, from);
        }
    }
    Some(TlsPaths {
        ca: fields.get(TLS.ca)?,
        certificate: fields.get(TLS.cert)?,
        key: fields.get(TLS.key)?,
        identity_required,
    })
}

fn policies(fields: &Fields) -> Option<Policies> {
    Some(Policies {
        health: limits(fields, &HEALTH)?,
        promotion: limits(fields, &PROMOTION)?,
        iam_setup: limits(fields, &IAM_SETUP)?,
        link: limits(fields, &LINK)?,
        blocked: limits(fields, &BLOCKED)?,
        join: Retry {
            attempts: fields.get(JOIN.attempts)?,
            scale: fields.get(JOIN.scale)?,
            max_delay: fields.get(JOIN.max_delay)?,
        },
        clock_limit: fields.get(CLOCK.limit)?,
        request: Request {
            connect: fields.get(REQUEST.connect)?,
            total: fields.get(REQUEST.total)?,
            max_body: fields.get(REQUEST.max_body)?,
        },
    })
}

fn limits(fields: &Fields, wait: &Wait) -> Option<Limits> {
    Some(Limits {
        limit: fields.get(wait.limit)?,
        first_delay: fields.get(wait.first_delay)?,
        max_delay: fields.get(wait.max_delay)?,
    })
}
