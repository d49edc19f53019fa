//! One node by itself: its problems, and what its options mean. Must not look at other nodes.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::address::{self, Range};
use super::findings::{Findings, Place, listed, shown};
use super::rules::Rules;
use super::shape::{self, Fields};
use super::{extra, names};

/// What a node needs to know of its cluster.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a, 'b> {
    pub(super) cluster: &'a str,
    pub(super) site: Option<&'a str>,
    /// The networks, as they are written and as they are meant.
    pub(super) ranges: &'b [(&'a str, Range)],
}

/// One node.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) name: &'a str,
    pub(super) cluster: &'a str,
    /// Where it is one of those that there are.
    pub(super) role: Option<&'a str>,
    /// What runs on it, where that can be known.
    pub(super) services: Option<Vec<&'a str>>,
    pub(super) bootstrap: Option<bool>,
    /// The address as it is written.
    pub(super) ip: Option<&'a str>,
    /// The address, where others can reach it.
    pub(super) address: Option<IpAddr>,
    /// In lower case; one that is none is not compared with others.
    pub(super) mac: Option<String>,
    /// What identifies its disk.
    pub(super) disk: Option<String>,
    /// The disk as it is written.
    pub(super) disk_name: Option<&'a str>,
    pub(super) site: Option<&'a str>,
    pub(super) rack: Option<&'a str>,
    pub(super) extra: Option<&'a Map<String, Value>>,
}

impl<'a> Node<'a> {
    /// Reads a node, and notes what is wrong with it.
    pub(super) fn read(
        findings: &mut Findings<'a>,
        around: Surroundings<'a, '_>,
        name: &'a str,
        given: &'a Value,
    ) -> Self {
        let place = Place::node(around.cluster, name);
        let in_cluster = Place::cluster(around.cluster);
        let fields = shape::checked(findings, "node", in_cluster, place, &format!("nodes.{name}"), given);
        let role = fields.text("role").filter(|role| findings.rules.roles.contains_key(*role));
        let address = fields.text("ip").and_then(address::parse).filter(|ip| address::is_reachable(*ip));
        let node = Self {
            name,
            cluster: around.cluster,
            role,
            services: services(findings.rules, &fields, role, given),
            bootstrap: fields.flag("bootstrap"),
            ip: fields.text("ip"),
            address,
            mac: fields.text("mac").filter(|mac| names::is_hardware_address(mac)).map(str::to_ascii_lowercase),
            disk: fields.text("disk").and_then(names::disk_identity),
            disk_name: fields.text("disk"),
            site: fields.text("site").or(around.site),
            rack: fields.text("rack"),
            extra: fields.object("extraConfig"),
        };
        node.check(findings, &fields, around.ranges);
        node
    }

    pub(super) fn place(&self) -> Place<'a> {
        Place::node(self.cluster, self.name)
    }

    pub(super) fn whole_name(&self) -> String {
        format!("{}/{}", shown(self.cluster), shown(self.name))
    }

    pub(super) fn runs(&self, service: &str) -> bool {
        self.services.as_ref().is_some_and(|services| services.contains(&service))
    }

    fn check(&self, findings: &mut Findings<'_>, fields: &Fields<'a>, ranges: &[(&str, Range)]) {
        let place = self.place();
        if !names::is_node_name(self.name) {
            findings.problem("node-name", place, &[("found", &shown(self.name))]);
        }
        if names::is_number(self.name) {
            findings.problem("node-name-number", place, &[("found", self.name)]);
        }
        if let Some(why) = findings.rules.taken.nodes.get(self.name) {
            findings.problem("node-name-reserved", place, &[("found", self.name), ("why", why)]);
        }
        shape::text_rule(findings, place, fields, "role", "role", |_| self.role.is_some());
        shape::text_rule(findings, place, fields, "ip", "address", |_| self.address.is_some());
        if let (Some(ip), Some(address)) = (self.ip, self.address)
            && !ranges.is_empty()
            && !ranges.iter().any(|(_, range)| range.contains(address))
        {
            let known = listed(ranges.iter().map(|(text, _)| *text));
            findings.problem("address-outside-network", place, &[("found", &shown(ip)), ("known", &known)]);
        }
        let reserved = |address| ranges.iter().find_map(|(text, range)| Some((range.reserved(address)?, *text)));
        if let (Some(ip), Some((kind, range))) = (self.ip, self.address.and_then(reserved)) {
            let words = [("found", ip), ("kind", kind), ("known", range)];
            findings.problem("address-of-network", place, &words);
        }
        shape::text_rule(findings, place, fields, "mac", "mac", names::is_hardware_address);
        shape::text_rule(findings, place, fields, "disk", "disk", names::is_stable_disk);
        shape::text_rule(findings, place, fields, "site", "place", names::is_place);
        shape::text_rule(findings, place, fields, "rack", "place", names::is_place);
        self.check_services(findings, &fields.texts("services").unwrap_or_default());
        if let Some(extra) = self.extra {
            extra::check_node(findings, place, extra);
        }
    }

    fn check_services(&self, findings: &mut Findings<'_>, services: &[&str]) {
        let (place, rules) = (self.place(), findings.rules);
        for service in services {
            let Some(row) = rules.services.get(*service) else {
                let known = listed(rules.services.keys().map(String::as_str));
                findings.problem("service-unknown", place, &[("found", &shown(service)), ("known", &known)]);
                continue;
            };
            if let Some(role) = self.role.filter(|role| !row.roles.iter().any(|fit| fit == role)) {
                let known = listed(row.roles.iter().map(String::as_str));
                findings.problem("service-role", place, &[("found", service), ("role", role), ("known", &known)]);
            }
            for needs in row.needs.iter().filter(|needed| !services.contains(&needed.as_str())) {
                findings.problem("service-needs", place, &[("found", service), ("needs", needs)]);
            }
        }
    }
}

/// What runs on a node: what it says, else what its role usually runs.
fn services<'a>(rules: &'a Rules, fields: &Fields<'a>, role: Option<&str>, given: &Value) -> Option<Vec<&'a str>> {
    let says = given.get("services").is_some_and(|value| !value.is_null());
    let usual = || rules.roles.get(role.filter(|_| !says)?);
    fields.texts("services").or_else(|| usual().map(|role| role.services.iter().map(String::as_str).collect()))
}
