//! From checked fields to the config: fills in what follows from other fields,
//! and notes from which. Must not judge: what can be wrong was said before.

use super::{
    Context,
    expectations::Expectations,
    fields::Fields,
    group::Group,
    kind::Value,
    model::{
        Config, HealthCheckConfig, IamConfig, InitrdConfig, Limits, Network, Node, Policies, RaftServiceConfig,
        Request, Retry, TlsPaths,
    },
    raft::{derived_url, service_config},
    value::{BaseUrl, Cidr, Label, NodeId},
};
use std::path::PathBuf;

/// Builds the config; `None` only where a field that must have a value has
/// none, which means that the fields have problems.
pub(crate) fn assemble(fields: &mut Fields, context: &Context) -> Option<Config> {
    let node = node(fields)?;
    let group = Group::chainfire(fields)?;
    let chainfire = service_config(fields, &group, &node)?;
    let first_is_own = group.members.first().is_some_and(|first| chainfire.is_own(first));
    let group = Group::flaredb(fields, &group)?;
    let flaredb = service_config(fields, &group, &node)?;
    Some(Config {
        iam: iam(fields, &chainfire, first_is_own)?,
        expect: Expectations::assemble(fields)?,
        tls: tls(fields, &node.id, context)?,
        policies: policies(fields)?,
        initrd: InitrdConfig { required: fields.get("$.initrd.required")? },
        health_check: HealthCheckConfig { probe: fields.get("$.health_check.probe")? },
        networks: networks(fields)?,
        cluster_name: fields.get("$.cluster_name"),
        replace: fields.get("$.replace")?,
        node,
        chainfire,
        flaredb,
    })
}

fn node(fields: &Fields) -> Option<Node> {
    Some(Node {
        id: fields.get("$.node_id")?,
        role: fields.get("$.node_role")?,
        ip: fields.get("$.node_ip"),
        fqdn: fields.get("$.node_fqdn"),
        datacenter: fields.get("$.datacenter"),
        rack: fields.get("$.rack"),
    })
}

fn iam(fields: &mut Fields, chainfire: &RaftServiceConfig, first_is_own: bool) -> Option<IamConfig> {
    let port = fields.get("$.services.iam.api_port")?;
    let path = "$.services.iam.url";
    let url = match fields.get::<BaseUrl>(path) {
        Some(url) => url.endpoint(port).ok()?,
        None => derived_url(fields, path, chainfire.url.host().clone(), port, "chainfire's url, api_port")?,
    };
    Some(IamConfig {
        enable: fields.get("$.services.iam.enable")?,
        unit: fields.get("$.services.iam.unit")?,
        url,
        admin_user: fields.get("$.services.iam.admin_user")?,
        admin_password_file: fields.get("$.services.iam.admin_password_file"),
        generates_password: first_is_own,
        health_path: fields.get("$.services.iam.health_path")?,
        setup_path: fields.get("$.services.iam.setup_path")?,
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

fn networks(fields: &Fields) -> Option<Vec<Network>> {
    let given = fields.get::<Vec<(Label, Value)>>("$.network").unwrap_or_default();
    let network = |(name, range)| Some(Network { name, range: Cidr::try_from(range).ok()? });
    given.into_iter().map(network).collect()
}
