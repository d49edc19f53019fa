//! The list of events. Each is defined once: fields, message, MESSAGE_ID and catalog text. A MESSAGE_ID never changes and is
//! never reused.
//!
//! Where the first-boot specification shows a message, the message here begins with it. A field becomes a journal field of the
//! same name in upper case.

use std::fmt;

use super::field::{Field, Value};
use super::meaning::{Meaning, Severity};

impl Event {
    /// What is wrong, where the event reports trouble: its `REASON` or `ERROR`, else its message.
    #[must_use]
    pub fn reason(&self) -> String {
        self.text_of("REASON").or_else(|| self.text_of("ERROR")).unwrap_or_else(|| self.to_string())
    }

    /// What to do about it: its `REMEDY`, else where to read more.
    #[must_use]
    pub fn remedy(&self) -> String {
        self.text_of("REMEDY")
            .unwrap_or_else(|| format!("read more: journalctl -b -x MESSAGE_ID={}", self.meaning().message_id))
    }

    fn text_of(&self, name: &str) -> Option<String> {
        self.fields().into_iter().find(|(field, _)| *field == name).map(|(_, value)| value.to_string())
    }
}

macro_rules! events {
    ($(
        $name:ident { $($field:ident: $type:ty),* $(,)? }
        $severity:ident $message_id:literal
        message $message:literal
        subject $subject:literal
        explanation $explanation:literal
    )+) => {
        /// Something that happened, with what an operator needs to know about it.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[expect(missing_docs, reason = "a field is named after the journal field that it becomes")]
        #[expect(clippy::doc_markdown, reason = "the texts are the catalog's")]
        pub enum Event {
            $( #[doc = $subject] #[doc = ""] #[doc = $explanation] $name { $($field: $type),* }, )+
        }

        impl Event {
            /// What kind of event it is: MESSAGE_ID, severity, catalog text.
            #[must_use]
            pub fn meaning(&self) -> &'static Meaning {
                match self {
                    $( Self::$name { .. } => &meaning::$name, )+
                }
            }

            /// The event's own fields, in the order of the list.
            #[must_use]
            pub fn fields(&self) -> Vec<Field> {
                match self {
                    $( Self::$name { $($field),* } => vec![
                        $( (journal_name!($field), Value::from($field.clone())) ),*
                    ], )+
                }
            }
        }

        impl fmt::Display for Event {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( #[allow(unused_variables, reason = "not every field is in the message")]
                       Self::$name { $($field),* } => write!(formatter, $message), )+
                }
            }
        }

        #[expect(non_upper_case_globals, reason = "named after the events")]
        mod meaning {
            use super::{Meaning, Severity, in_upper_case};
            $( pub(super) const $name: Meaning = Meaning {
                name: stringify!($name),
                message_id: $message_id,
                severity: Severity::$severity,
                subject: $subject,
                explanation: $explanation,
                fields: &[$(journal_name!($field)),*],
            }; )+
        }

        /// The meaning of every event, in the order of the list.
        pub const MEANINGS: &[Meaning] = &[$(meaning::$name),+];
    };
}

/// The journal's name of a field: its own in upper case.
macro_rules! journal_name {
    ($field:ident) => {{
        const NAME: [u8; stringify!($field).len()] = in_upper_case(stringify!($field));
        // Whatever is ASCII is UTF-8.
        const { if let Ok(name) = std::str::from_utf8(&NAME) { name } else { "" } }
    }};
}

const fn in_upper_case<const LENGTH: usize>(name: &str) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes.copy_from_slice(name.as_bytes());
    bytes.make_ascii_uppercase();
    bytes
}

events! {
    ConfigurationLoaded { source: String }
        Info "62f746b484e64ceb95bd447e7184d454"
        message "Configuration loaded from {source}"
        subject "Configuration loaded"
        explanation "The cluster configuration was read from @SOURCE@ and is valid. `first-boot-agent config show` prints \
            every value and its origin."

    ConfigurationWarning { warning: String }
        Warning "b61e6ba536824dd6b80469b84b2d451c"
        message "Configuration warning: {warning}"
        subject "The cluster configuration contains a likely mistake"
        explanation "The cluster configuration is used, but something in it is probably not what was meant: @WARNING@. An \
            unknown key is ignored: harmless if it belongs to a newer version, a mistake if it is misspelt. A doubtful value \
            is used as it is: for example an address that other nodes cannot reach, a port that belongs to something else, or \
            a data directory that the service shares. `first-boot-agent config validate --strict` lists and refuses all of \
            these."

    ConfigurationPassedOver { error: String }
        Warning "ded4f0dc2d0f4fbeb2639b150d101dd6"
        message "Configuration passed over: {error}"
        subject "A broken cluster configuration was passed over"
        explanation "There are several cluster configurations, and the one with the highest priority is broken: @ERROR@. The \
            initrd used the next valid one, and so does this step; the next event names it. Fix or remove the broken one. \
            Until then this node may not do what you configured."

    ConfigurationChanged { source: String }
        Notice "c2b6a0f3d7e14a8c9f05e1b4a6d39c72"
        message "Configuration changed, starting over with {source}"
        subject "The cluster configuration has changed"
        explanation "@SOURCE@, or a TLS file beside it, changed while this step was waiting. The step starts over with the \
            new files. What it did before is in the member list and is not repeated."

    ConfigurationNotFound { error: String }
        Error "ec7ac8ad1b2b406baae12c972399d29d"
        message "{error}"
        subject "Configuration file not found"
        explanation "There is no cluster configuration, so the agent cannot do anything on this node. Write it to \
            /etc/nixos/secrets/cluster-config.json with mode 0600 (`first-boot-agent config example` prints one), or pass it \
            as the systemd credential `cluster-config`. The agent starts again by itself when the file appears."

    ConfigurationInvalid { error: String }
        Error "dc36fc9022484d70aca4a1a9f5b19f71"
        message "{error}"
        subject "Invalid cluster configuration"
        explanation "The cluster configuration cannot be used. The message lists every problem with its JSON path, what was \
            found and what was expected. Check the corrected file with `first-boot-agent config validate FILE`. The \
            agent starts again by itself when the file changes."

    ConfigurationWouldBootstrap { error: String }
        Error "2f0f6c1d9be947b3a1a0c6d2e4f75b18"
        message "{error}"
        subject "A configuration that bootstraps follows a broken one"
        explanation "The source with the higher priority is broken, and it may have said to join a cluster. If a \
            higher-priority source is broken, a lower one may only join, never bootstrap: @ERROR@. Fix or remove the broken \
            source, and reboot if the initrd refused it. If this node is meant to join, you can instead set `bootstrap` to \
            false and a `leader_url` in the valid configuration; the agent then starts again by itself."

    ServiceNotConfigured { error: String }
        Error "8f4f0f6b7a5e4ab8a6d1b1f0c93d27e5"
        message "{error}"
        subject "This service is not configured on this node"
        explanation "A command, a unit or a marker names a service that is missing under `services` in this node's cluster \
            configuration: @ERROR@. Correct the name, or add the service; `first-boot-agent config show` lists them. A unit \
            starts again by itself when the file changes."

    RootNotAwaited { error: String }
        Warning "5ed56e18d5934949910f2ada4187718f"
        message "Not waiting for the root file system: {error}"
        subject "systemd did not answer in the initrd"
        explanation "PID 1 did not answer for 30 s, so the initrd stage uses what is mounted now: @ERROR@. It may not see the \
            installed configuration; the join units will."

    HardwareSilent { error: String }
        Warning "6717a50486d3450bb4c303c7ab5380a1"
        message "The hardware does not answer: {error}"
        subject "A disk delays the initrd"
        explanation "The initrd stage waited 5 s for a read that did not finish: @ERROR@. The boot continues without it. A \
            disk may be failing: check its errors with `journalctl -b -k`."

    BootRecognised { kind: String }
        Info "5cda06d22d6c4f2cafcd8cede69ee827"
        message "This is {kind}"
        subject "The kind of this boot"
        explanation "The initrd stage has seen the root file system: this is @KIND@. A boot from memory needs no \
            configuration of its own; on a first boot there is no marker yet."

    ConfigurationDelivered { source: String, digest: String, node: String }
        Notice "79b8241b2d664c32831241ce8a0c5bf3"
        message "Configuration of {node} found: {source} ({digest})"
        subject "The initrd found the cluster configuration"
        explanation "The configuration from @SOURCE@ is the first valid one in the order of the sources. Its SHA-256 digest \
            is @DIGEST@, as `sha256sum` prints it. Unless it is the installed file, the initrd copies it to \
            /run/first-boot-agent/cluster-config.json for the units of the system."

    ConfigurationRefused { source: String, digest: String, error: String }
        Error "e823b109511c4afab4b4c66f9eec2563"
        message "Configuration refused: {source} ({digest}): {error}"
        subject "The initrd refused a cluster configuration"
        explanation "A source holds a configuration that cannot be used: @SOURCE@, digest @DIGEST@. The initrd tries the next \
            source. @ERROR@. Check the corrected file with `first-boot-agent config validate --strict FILE` before \
            you put it there."

    PartitionWithoutConfiguration { source: String, error: String }
        Warning "217883e79ede484f8557b586746ba395"
        message "No configuration: {source}: {error}"
        subject "A configuration partition holds no configuration"
        explanation "A partition has the agent's type or label, or an EFI system partition has its directory, but the file is \
            missing: @SOURCE@. @ERROR@. The initrd tries the next source. Write the file there as cluster-config.json, or \
            remove the partition's type and label."

    ConfigurationFetchFailed { source: String, error: String }
        Warning "8e246ab43024488ba007904cb8c29318"
        message "Cannot fetch {source} yet: {error}"
        subject "The configuration cannot be fetched yet"
        explanation "The kernel command line names @SOURCE@ (first_boot.config_url=), and it cannot be fetched: @ERROR@. The \
            initrd retries, at most once a second, until first_boot.timeout= (60 s) after the root file system is there. A \
            link that is down or a name that does not resolve may recover; check the network of the initrd, and the server."

    AddressDoubtful { error: String }
        Warning "b0c0820b9512428db067c072a14845e9"
        message "The network address in first_boot.config_url= may not be unique: {error}"
        subject "Another machine may have the same network address"
        explanation "The URL in first_boot.config_url= contains ${mac}, no BOOTIF= names the interface that the machine \
            booted from, and the best address found may also belong to another machine: @ERROR@. Two machines would then \
            fetch the same configuration. Let the boot loader add BOOTIF= (IPAPPEND 2 in pxelinux, \
            BOOTIF=01-${netX/mac:hexhyp} in iPXE), or use ${uuid} or ${serial}. `first-boot-agent inventory` shows what each \
            interface is."

    ConfigurationMissing { kind: String, tried: String }
        Error "70865777c6a74787b1e952f029abd7a0"
        message "No cluster configuration for {kind}; looked at {tried}"
        subject "The initrd found no cluster configuration"
        explanation "This is @KIND@, which needs a cluster configuration, and no source has a valid one: @TRIED@. Unless one \
            is required, the boot continues, and the join units stay blocked until there is one. Write it to \
            /etc/nixos/secrets/cluster-config.json on the node, or deliver it through one of the sources."

    ConfigurationNotNeeded { tried: String }
        Info "98beb1d0e65f4f3c8a384e352b9b0e3f"
        message "No cluster configuration, and a boot from memory needs none; looked at {tried}"
        subject "No cluster configuration in this installer"
        explanation "The machine booted into memory, as an installer does, and has no cluster configuration: @TRIED@. The \
            installed system needs one. To make this an error, add first_boot.required to the kernel command line."

    KernelParameterIgnored { error: String }
        Error "b355001474c44846806b1a46dadb0254"
        message "Kernel parameter ignored: {error}"
        subject "A first_boot. kernel parameter cannot be used"
        explanation "The kernel command line has a parameter of the agent that cannot be used: @ERROR@. Correct it in the \
            boot loader or in the iPXE script; the reference lists the parameters."

    HandOverFailed { path: String, error: String }
        Error "9b8d638dcce54a01b20849ec68d54a62"
        message "Cannot hand over {path}: {error}"
        subject "The initrd could not hand over its findings"
        explanation "The initrd could not write @PATH@: @ERROR@. The units of the system use the installed configuration \
            only. The directory is in memory: check what has filled /run."

    BootHalted { }
        Error "2cc4313433724201bbfdd16c80041231"
        message "The boot stops here, as required: starting emergency.target"
        subject "The boot was stopped by the initrd stage"
        explanation "Something is missing (see the event before this one) that the configuration (`initrd.required`) or the \
            kernel command line (first_boot.required) requires. Fix it and reboot. To boot once without it, add \
            first_boot.initrd=0 to the kernel command line."

    BootNotHalted { error: String }
        Error "a344e6a9789d4e8e833c5f669e3d2a61"
        message "The boot continues though something required is missing: {error}"
        subject "The boot could not be stopped"
        explanation "Something required is missing (see the event before this one), and systemd did not stop the boot when \
            asked: @ERROR@. The join units will be blocked; add what is missing."

    SystemdUnreachable { error: String }
        Warning "e500bddf37b043078f0f4c3c2052e52b"
        message "Using health endpoints only: {error}"
        subject "systemd cannot be reached"
        explanation "Neither the system bus nor systemd's private socket answered, so the agent cannot watch units. It asks \
            the health endpoints of the services instead, and notices a service that failed to start only when the time limit \
            is over. Check `systemctl status dbus.service`."

    WaitingForService { awaited_unit: String, state: String }
        Info "54a5054cda2e40039e0e14ca778e6176"
        message "Waiting for {awaited_unit} to become healthy (now {state})"
        subject "Waiting for a service"
        explanation "The agent waits for @AWAITED_UNIT@ on this node. It watches the unit through systemd and, once it is \
            active, asks its health endpoint."

    ServiceFailed { awaited_unit: String, result: String, last_lines: String, remedy: String }
        Error "8c0a70a7a84547f9953a5154281fa6f5"
        message "{awaited_unit} failed ({result}){last_lines}; {remedy}"
        subject "A service on this node failed to start"
        explanation "@AWAITED_UNIT@ is in the failed state with the result @RESULT@. The agent keeps watching it and \
            continues as soon as it is active. To see why it failed, run `systemctl status @AWAITED_UNIT@` and `journalctl -u \
            @AWAITED_UNIT@`; after the repair run `systemctl restart --no-block @AWAITED_UNIT@`."

    ServiceLost { awaited_unit: String, state: String }
        Error "9e67d88843894f31b28b414af866e2ff"
        message "{awaited_unit} stopped running before this node was a member (now {state})"
        subject "A service on this node stopped during the join"
        explanation "@AWAITED_UNIT@ was healthy and no longer runs (@STATE@). A stopped service that is added to the cluster \
            is a dead voter, so the agent asks nothing of the cluster until the service is healthy again. To see why it \
            stopped, run `journalctl -b -u @AWAITED_UNIT@`. The agent continues by itself when the service is back."

    ServiceStarted { awaited_unit: String }
        Notice "e1f5a2c47d8b4b6f90c3d7a816f24b5e"
        message "Starting {awaited_unit}"
        subject "A service on this node is being started"
        explanation "@AWAITED_UNIT@ is started as a member of its cluster: by a join with the member list that the cluster \
            has just returned, by a bootstrap with the initial peers. If it has data, it goes on with the membership in it."

    ServiceNotStarted { error: String, remedy: String }
        Error "5c9d3e7f1a2048b6bd4e6f80a7c1d293"
        message "{error}; {remedy}"
        subject "A service on this node was not started"
        explanation "The agent starts this service itself: in a join after the cluster has added this node, in a bootstrap \
            with the initial peers. It could not, or the service runs and was started by something else: @ERROR@. systemd \
            starts the agent again by itself."

    ServiceUnknown { awaited_unit: String, state: String }
        Warning "0db317d94c8e4fa3969a73bf4c83cf3b"
        message "{awaited_unit} is {state}; using its health endpoint only"
        subject "No such unit"
        explanation "systemd has no unit @AWAITED_UNIT@ to watch (@STATE@), so the agent asks only the service's health \
            endpoint. If the unit has another name, set `services.NAME.unit` in the cluster configuration. If the service \
            does not run on this node, set `services.NAME.enable` to false."

    ServiceHealthy { endpoint: String, duration_ms: u64 }
        Info "939ae232588e4bceb71ed78a1dc02e27"
        message "Service is healthy at {endpoint} after {duration_ms} ms"
        subject "A service is healthy"
        explanation "The service on this node answered its health endpoint @ENDPOINT@ with 200."

    HealthTimeout { limit_s: u64, error: String, remedy: String }
        Error "5e571eaa66c144e7885990d2e844c762"
        message "Health check timeout after {limit_s}s: {error}; {remedy}"
        subject "A service on this node did not become healthy in time"
        explanation "The service on this node was not healthy within @LIMIT_S@ seconds. Last finding: @ERROR@. systemd starts \
            this step again. Common causes: the service does not start, another process uses its port, its TLS files do not \
            match. On a node that has left its cluster or was removed from it, a service that answers 503 still has the data \
            of that membership and never becomes healthy: `first-boot-agent reset SERVICE` moves the data aside, and its last \
            line says how the node joins again. The limit is `policies.health.limit` in the cluster configuration."

    JoinStarted { raft_addr: String, endpoint: String }
        Info "5df6f817b0994bcfa0ec6db25097c040"
        message "Joining cluster as {raft_addr} through {endpoint}"
        subject "Joining a cluster"
        explanation "The agent asks the cluster's leader at @ENDPOINT@ to add this node as a member \
            with the Raft address @RAFT_ADDR@."

    MemberAdded { endpoint: String, duration_ms: u64 }
        Info "8c3f846cc6a942d383f84c485e5c4176"
        message "Member add accepted by {endpoint} after {duration_ms} ms"
        subject "The leader accepted this node"
        explanation "The leader at @ENDPOINT@ accepted this node. The join is complete when the member \
            list shows it as a full member."

    AlreadyMember { endpoint: String }
        Warning "3af9f30c5a664477bda9d8c096d38ff5"
        message "Already member of cluster (HTTP 409) according to {endpoint}"
        subject "Already a member"
        explanation "The cluster answered the add with 409: an entry with this id or address exists. The agent lists the \
            members again and counts this as success only if id and address are both this node's. This is normal after a lost \
            answer or a new marker directory."

    AwaitingPromotion { role: String }
        Info "baa2919c0ded47bbbec0c9226ed91f2e"
        message "Waiting to become a full member (now {role})"
        subject "Waiting for promotion to voter"
        explanation "This node is in the member list as @ROLE@. It becomes a voter when it has caught up with the leader."

    Joined { members: u64, duration_ms: u64 }
        Notice "9ce4aa5f0b4742d29e05c9906be994f2"
        message "Successfully joined cluster, now {members} members, in {duration_ms} ms"
        subject "Joined the cluster"
        explanation "The live member list shows this node as a full member, and the marker was written after that. Later \
            boots skip this step."

    Bootstrapped { members: u64, duration_ms: u64 }
        Notice "50d00787862a43db851bec1ede27387c"
        message "Successfully bootstrapped cluster with {members} members in {duration_ms} ms"
        subject "Bootstrapped the cluster"
        explanation "The local service is healthy and its own member list contains this node; the marker was written after \
            that. Later boots skip this step."

    RequestFailed { error: String, attempt: u64, attempts: u64, next_retry_ms: u64 }
        Error "7a8d9ccd7582429fbac526d3d4381551"
        message "Join request failed: {error}; attempt {attempt} of {attempts}, next in \
            {next_retry_ms} ms"
        subject "A request to the cluster failed"
        explanation "The cluster could not be reached or was not ready: @ERROR@. The agent retries after @NEXT_RETRY_MS@ ms. \
            If this continues, check the network (`ping`, the firewall for the API ports), the leader, and `leader_url` in \
            the cluster configuration."

    ClusterBusy { error: String, next_retry_ms: u64 }
        Info "7604de66d6d64b4c840cacbf1a7e49b8"
        message "The cluster is busy: {error}; next in {next_retry_ms} ms"
        subject "The cluster is busy"
        explanation "The leader makes one membership change at a time, and others come first: @ERROR@. The agent asks again \
            after @NEXT_RETRY_MS@ ms. This uses up no attempts and is normal when many nodes join at once. If it continues \
            although no other node joins, check the leader."

    AttemptsExhausted { error: String, attempts: u64, remedy: String }
        Error "670c589145d24c06a20602e0fc80fa6f"
        message "Failed to join cluster after {attempts} attempts: {error}; {remedy}"
        subject "All attempts of this run failed"
        explanation "All @ATTEMPTS@ attempts of this run failed; the last error was: @ERROR@. The unit fails, and systemd \
            starts it again without limit. Check the leader (`journalctl -u chainfire.service` there) and the member list. \
            Attempts and delays are `policies.join` in the cluster configuration."

    AwaitingPeers { error: String, remedy: String }
        Info "2457217cc7144cf896026a6af8c94dad"
        message "Waiting for initial peers: {error}; {remedy}"
        subject "Initial peers do not answer yet"
        explanation "This node forms a cluster together with the other hosts of `initial_peers`, and a majority of them is \
            needed: @ERROR@. It waits for them, and they are reported again when others do not answer. What to do: @REMEDY@"

    ClusterNotFormed { limit_s: u64, error: String, remedy: String }
        Error "bce1cb3400e247d79eda7e46a386c4a7"
        message "Cluster not formed after {limit_s}s: {error}; {remedy}"
        subject "The new cluster did not form in time"
        explanation "The local service is healthy, but its member list does not yet show a formed cluster with this node: \
            @ERROR@. Check that the other hosts of `initial_peers` are up and reach each other on the Raft port. systemd \
            starts this step again."

    PromotionTimeout { limit_s: u64, error: String, remedy: String }
        Error "7592b89ff910468abaeebb48936b7ac2"
        message "Not a full member after {limit_s}s: {error}; {remedy}"
        subject "Promotion to full member takes too long"
        explanation "The member list contains this node, but not as a full member: @ERROR@. The leader may not reach this \
            node's Raft address, or this node falls behind because the log is large. Check the Raft port between leader and \
            node. systemd starts this step again; the entry is kept and reused."

    QuorumNotRegained { limit_s: u64, reason: String, remedy: String }
        Error "b2426f64d16f4b7db613ffb3e2992b91"
        message "Not joined after {limit_s}s: {reason}; {remedy}"
        subject "The cluster still has dead voters"
        explanation "Some voters of the cluster do not answer: @REASON@. The agent waited @LIMIT_S@ seconds \
            (`policies.promotion.limit`) for them and added nobody. systemd starts this step again. What to do: @REMEDY@."

    RemovalNotSeen { limit_s: u64, error: String, remedy: String }
        Error "fdd84f3f2b1243aa90bcf2ca3a76e34b"
        message "Not joined after {limit_s}s: {error}; {remedy}"
        subject "A removed member is still in the member list"
        explanation "The old entry of this node's id was removed, but member lists still show it: @ERROR@. The agent removed \
            it once and does not repeat that: the members of the cluster may disagree, or one of them may be cut off from its \
            leader. systemd starts this step again."

    WaitingForLock { holder: String }
        Notice "4420afd826b948b6b1f8dfceaab15e50"
        message "Waiting for another agent: {holder}"
        subject "Another agent is working on this service"
        explanation "Only one agent at a time changes a service's membership and markers: @HOLDER@. This one continues when \
            the other is done, and then usually finds nothing left to do."

    WaitingForNeeded { reason: String }
        Notice "0d9c6a7e5b1f4c2e9a3d8f7160b4e2a5"
        message "Waiting: {reason}"
        subject "A service that this one needs is not done"
        explanation "Services come up in the order of `needs` under `services` in the cluster configuration: @REASON@. This \
            one continues as soon as the marker of the other is written."

    NeededNotDone { reason: String, remedy: String }
        Error "4b7e1d2c9f804e36a5c7d1b80f2e6394"
        message "Not started: {reason}; {remedy}"
        subject "A service that this one needs is not done"
        explanation "Services come up in the order of `needs` under `services` in the cluster configuration: @REASON@. \
            systemd starts a unit again, and it waits again."

    TakingOver { holder: String, awaited_unit: String }
        Notice "33af729a6f4c4f959a53d45095e2dadc"
        message "Stopping {awaited_unit}: {holder}"
        subject "A waiting unit gives way to a command"
        explanation "The unit @AWAITED_UNIT@ was working on this service: @HOLDER@. An operator runs `leave` or `reset` for \
            the service, so the unit and its path unit are stopped and the command continues. The unit starts again at the \
            next boot, or with `systemctl start --no-block @AWAITED_UNIT@`."

    LockHeld { holder: String, remedy: String }
        Error "c2d470c70efa4d56b6140f3d4d982669"
        message "Nothing was changed: {holder}; {remedy}"
        subject "Another agent is working on this service"
        explanation "Only one agent at a time changes a service's membership and markers: @HOLDER@. `leave` and `reset` do \
            not wait, because what the other agent does may change what you want. Check it, wait for it or stop it, and try \
            again."

    NotStartedAgain { error: String, remedy: String }
        Error "134199c17c2e45bbb4a66181f416a130"
        message "A unit that this command stopped could not be started again: {error}; {remedy}"
        subject "A unit that the command stopped is not running"
        explanation "The command stopped a unit that was working on the same service, then failed, and could not start the \
            unit again: @ERROR@. The node does not join until the unit is started or the node reboots. What to do: @REMEDY@"

    MarkerNotRemoved { error: String }
        Error "180782d7cbc1449a83e5ff8a8690e62e"
        message "The marker could not be removed: {error}; then run the command again"
        subject "A marker could not be removed"
        explanation "A `leave` or `reset` could not remove the marker of a step, so the marker still says that the step is \
            done: @ERROR@. What the command did before, such as ending the membership, stays done. Remove the cause and run \
            the command again: it repeats nothing, and removes the marker."

    StateUnusable { error: String }
        Error "43510919ea1a48e1a4144605e4a9aaf4"
        message "The state directory cannot be used, nothing was done: {error}"
        subject "The state directory cannot be used"
        explanation "The state directory, its lock, or the place of a marker in it cannot be used: @ERROR@. The agent asked \
            the cluster for no change, because it could not have written or removed the marker. Fix what the message names. \
            systemd starts a unit again by itself; run a `leave` or `reset` again yourself."

    QuorumAtRisk { reason: String, remedy: String }
        Warning "059240b7ce4248b38178fe4bdc315679"
        message "Not joining yet: {reason}; {remedy}"
        subject "The cluster has dead voters"
        explanation "Some voters of the cluster do not answer: @REASON@. Adding one more now would raise the number of votes \
            needed before the new voter can be relied on. The agent waits until enough voters are healthy again or their \
            entries are removed, and then continues by itself."

    MemberReplaced { member: String, endpoint: String }
        Notice "8fdf1d2a63e24ed2b5d1f0988fe09750"
        message "Removed the old entry {member} through {endpoint}, to join in its place"
        subject "An old entry of this node was removed"
        explanation "The member list had this node's id as @MEMBER@: either with data that this node no longer has (it was \
            reset, or its disk was replaced), or, with `replace` set to true in the configuration, as a dead member at \
            another address. The old entry was removed, and this node joins as a new member. A voter that returns with an \
            empty log is never treated as the old one."

    BlockedIdTaken { reason: String, remedy: String }
        Error "a9cc2ff74eaf4d618434d99c09ff7f0c"
        message "blocked: {reason}; {remedy}"
        subject "This node's id is taken under another address"
        explanation "The cluster has a member with this node's id at another Raft address. Changing a member's address in \
            place can split the cluster, so nothing was changed. If the cluster reaches that member, it is alive and needed: \
            give this node an id of its own. If the old machine no longer exists and the cluster does not reach it, the \
            message has the command that removes its entry. The unit continues by itself: at once after a change of the \
            configuration, otherwise at its next check."

    BlockedAddressTaken { reason: String, remedy: String }
        Error "944782d7341842c59b2410a6f0ae1284"
        message "blocked: {reason}; {remedy}"
        subject "This node's Raft address is taken by another id"
        explanation "The cluster has a member with this node's Raft address under another id. If that entry is a leftover \
            that the cluster does not reach, the message has the command that removes it. If something answers at this \
            address, it is probably this node's own service under another id: then correct `raft_addr` or `node_id`, and \
            remove nothing. The unit continues by itself: at once after a change of the configuration, otherwise at its next \
            check."

    BlockedAnotherCluster { reason: String, remedy: String }
        Error "d3f4f05c9ceb49a8bc7f2bd283f62907"
        message "blocked: {reason}; {remedy}"
        subject "This node belongs to another cluster"
        explanation "The cluster that answered is not the one that this node's service, or its marker, belongs to: @REASON@. \
            If this node joined one while the other still counts it as a member, the other would lose a voter, so nothing was \
            changed. Correct `leader_url`, or leave the other cluster first, as the message says."

    BlockedWiped { reason: String, remedy: String }
        Error "0fd3f9e4384b41929d8b244f07a61c40"
        message "blocked: {reason}; {remedy}"
        subject "A bootstrapping node has lost the data of its membership"
        explanation "This node is configured to bootstrap, but its peers' cluster already has it as a member, with data that \
            this node no longer has. A voter that returns with an empty log may vote twice and lose committed data, so it is \
            not treated as the old one. The message says how it joins again."

    BlockedQuorum { reason: String, remedy: String }
        Error "1d9e738c5d78454086bebb546addfeed"
        message "blocked: {reason}; {remedy}"
        subject "The cluster would lose its quorum"
        explanation "Without this node the cluster would lose its quorum: @REASON@. Nothing was changed. Bring other voters \
            back first. If the cluster is to end, run the command again with `--accept-quorum-loss`."

    BlockedSecondCluster { reason: String, remedy: String }
        Error "101379c7d2ab4d678074a6442ba33d67"
        message "blocked: {reason}; {remedy}"
        subject "A cluster without this node exists already"
        explanation "This node is configured to bootstrap, but a peer is in a cluster that does not contain this node. Two \
            clusters of one name lose data. To join the existing cluster, set `bootstrap` to false and a `leader_url`, and \
            move this service's data aside (`first-boot-agent reset SERVICE`); delete nothing."

    BlockedForeignMarker { reason: String, remedy: String }
        Error "543bcfbbc9f24a8a9ecf958027801375"
        message "blocked: {reason}; {remedy}"
        subject "A marker belongs to another node"
        explanation "A marker file carries the identity of another node, cluster or machine, for example after copying a \
            disk. The agent ignores what it says. Remove the marker (the message has the command) and restart the unit of the \
            step (`systemctl restart --no-block`); the agent then asks the live member list."

    BlockedTrust { reason: String, remedy: String }
        Error "6d84cc7956364be9b85993a74865d3ee"
        message "blocked: {reason}; {remedy}"
        subject "A certificate was not accepted, or a file of this node cannot be used"
        explanation "The message names it. Correct a unit, or the file of its environment, as the message says. TLS is always \
            verified; there is no switch to turn that off. Check the issuer of the certificate, the names in it and its \
            dates: `openssl x509 -in FILE -noout -issuer -subject -dates -ext subjectAltName`."

    BlockedSecret { reason: String, remedy: String }
        Error "fe2fbd720bdc45d3860bed79214119cf"
        message "blocked: {reason}; {remedy}"
        subject "A secret cannot be used"
        explanation "The agent did not use a file or credential that holds a secret (a key, the admin password): others can \
            read it, it is empty, it is not a regular file, or systemd has not decrypted it. The message names it and has the \
            fix. It never quotes the secret."

    BlockedRefused { reason: String, remedy: String }
        Error "0494868242334b55bff959b7c7fda173"
        message "blocked: {reason}; {remedy}"
        subject "The cluster refused the request"
        explanation "The service answered with an error that a retry will not change. The message has the answer; compare \
            this node's configuration with what the service expects."

    BlockedContradiction { reason: String, remedy: String }
        Error "a8aea52801564e0fbe9541f06eac1d05"
        message "blocked: {reason}; {remedy}"
        subject "A member list contradicts itself"
        explanation "A service answered with a member list in which two entries have the same id, or the same address in any \
            spelling: @REASON@. Such a list confirms nothing and leads to no change: counting a node twice can fake a \
            majority. A unit checks again every few minutes."

    BlockedNotThisNode { reason: String, remedy: String }
        Error "624fb5ac23694d9f9c9dc19e25c337f1"
        message "blocked: {reason}; {remedy}"
        subject "This node's service belongs to another node"
        explanation "The service at this node's own address says that it belongs to another node: @REASON@. The agent makes \
            no change based on its answers. A unit checks again every few minutes."

    BlockedRemoved { reason: String, remedy: String }
        Error "802e990a31ea40df8aab64ce7d400988"
        message "blocked: {reason}; {remedy}"
        subject "The service has the data of another membership"
        explanation "The cluster does not list this node, and the service has data: of before a `leave` or a removal by \
            others, or of another cluster, which its package or an operator may have started: @REASON@. With that data it \
            does not become a member, and a restart does not help. If the data may go, a reset moves it aside, and the node \
            joins; if it is to stay out, disable its units. A unit checks again every few minutes. What to do: @REMEDY@"

    BlockedHardware { reason: String, remedy: String }
        Error "077c38a69a3049f6889d01a7b0fd632d"
        message "blocked: {reason}; {remedy}"
        subject "The machine is not what the configuration expects"
        explanation "The configuration's `expect` requires something that this machine does not have, so the agent joined \
            nothing and asked nobody. The message lists all of it, with what was found. `first-boot-agent inventory` shows \
            the machine. The agent starts again by itself when the configuration changes, and at the next boot after a \
            hardware change."

    WaitingForLink { reason: String, limit_s: u64 }
        Warning "f5c7bfc09754431ca9b337f8db7fd78d"
        message "Waiting up to {limit_s} s for the network: {reason}"
        subject "Waiting for a network link"
        explanation "The configuration's `expect.links` names a network link that is not up: @REASON@. The agent waits at \
            most @LIMIT_S@ seconds (`policies.link.limit`); then systemd starts the step again. Check the cable, the switch, \
            and `networkctl status`."

    LinksUp { duration_ms: u64 }
        Notice "566088314b524c9da1c09ced51b99882"
        message "The network links are up after {duration_ms} ms"
        subject "The network links are up"
        explanation "Every network link that the configuration expects is up."

    ExpectationNotMet { reason: String, remedy: String }
        Error "f9dfd63eec70493f90c132516f7df074"
        message "Not ready to join: {reason}; {remedy}"
        subject "The machine is not ready"
        explanation "The configuration's `expect` requires something that could have become true by itself, and did not in \
            time: @REASON@. systemd starts the step again. What to do: @REMEDY@."

    ExpectationUnjudged { reason: String, remedy: String }
        Warning "dddb753126de4cd39c98da9ace880656"
        message "Cannot check whether the machine fits: {reason}; {remedy}"
        subject "An expectation cannot be checked"
        explanation "This process cannot see whether the machine has what the configuration's `expect` requires: @REASON@. \
            The unit's sandbox hides disks; their tables are known from the initrd stage, otherwise from udev. The step \
            continues."

    Left { cluster: String, endpoint: String, members: u64 }
        Notice "a10de235a2b54b8a8f21bcaac3ce0b15"
        message "Left the {cluster} cluster, {members} members remain according to {endpoint}"
        subject "This node has left the cluster"
        explanation "This node's entry was removed from @CLUSTER@ and the live member list confirms it. Its service still has \
            the data of the ended membership: it looks for its old cluster and is not healthy, so the join units, which start \
            again at the next boot, would wait for ever. If the node is to come back, run `first-boot-agent reset @CLUSTER@`: \
            it moves that data aside, and its last line says how the node joins again. If not, disable the units, and the \
            services' own units too."

    NoMember { cluster: String, endpoint: String }
        Info "5591c5c4323f41f7b9b96908bde9f9f2"
        message "Not a member of the {cluster} cluster according to {endpoint}"
        subject "This node is not a member"
        explanation "The live member list of @CLUSTER@ has no entry for this node, so there is nothing to remove."

    LeaveFailed { error: String, attempts: u64, remedy: String }
        Error "70377b5dee144bda852ba7251ab277d2"
        message "Failed to leave the cluster after {attempts} attempts: {error}; {remedy}"
        subject "This node could not leave the cluster"
        explanation "All @ATTEMPTS@ attempts to remove this node's entry, or to confirm its removal, failed; the last error \
            was: @ERROR@. Markers were not touched. Run the command again: it repeats nothing that is done."

    LeaveDelayed { error: String, attempt: u64, attempts: u64, next_retry_ms: u64, remedy: String }
        Info "1de6bb5d9d25416195002fd98d1cbe76"
        message "Not out of the cluster yet: {error}; attempt {attempt} of {attempts}, next in {next_retry_ms} ms; {remedy}"
        subject "Waiting for a cluster that is to let this node go"
        explanation "This node is to leave a cluster, and its members could not be asked or did not confirm it: @ERROR@. The \
            command tries again after @NEXT_RETRY_MS@ ms. Ctrl-C ends it and changes nothing in the cluster; a unit that it has \
            taken over stays stopped until it is started, or until the next boot. What to do: @REMEDY@"

    MembershipUnknown { error: String, remedy: String }
        Error "84aedb890cba4ff4b0b7c2d598dab22c"
        message "Nothing was changed: {error}; {remedy}"
        subject "It is unknown whether this node is a member"
        explanation "A node is to leave a cluster that it has no marker of, and nobody in a cluster answers: @ERROR@. Either it \
            never joined, or its state was lost, and then it may be a member still. If a voter is reset without leaving, it may \
            vote twice when it comes back. What to do: @REMEDY@"

    LeftBehind { error: String }
        Warning "b60baddc70b646e69db61e7364d14b07"
        message "Resetting although the cluster may still count this node: {error}"
        subject "An entry of this node may remain"
        explanation "This node could not be removed from the cluster (@ERROR@), and the operator accepted the loss of the \
            quorum. If the cluster continues, remove this node's entry there before the node joins again."

    ServiceNotStopped { error: String, remedy: String }
        Error "096772ed1f1f4a02b758321b910d4427"
        message "A unit was not stopped, so nothing more was done: {error}; {remedy}"
        subject "A unit could not be stopped"
        explanation "The agent moves a service's data aside only while the service is stopped, and removes markers only while \
            no unit would make the node join again: @ERROR@. Stop the unit and run the command again: it repeats nothing that \
            is done."

    DataNotMoved { error: String }
        Error "8acab0854fac4e909e073c5a00144df4"
        message "The data was not moved aside: {error}"
        subject "A service's data could not be moved aside"
        explanation "A reset moves a service's data aside and never deletes it, and that failed: @ERROR@. Fix it and run the \
            reset again: it repeats nothing that is done."

    DataMovedAside { path: String, backup: String }
        Notice "25b37e558f3a4484b5dee54ecaf7f312"
        message "Data moved from {path} to {backup}"
        subject "A service's data was moved aside"
        explanation "The data in @PATH@ is now in @BACKUP@, complete; an empty directory took its place. Remove the backup \
            when you are sure that nobody needs it."

    MarkerRemoved { path: String }
        Info "dc319ccd1040411a98bb4174e5e33881"
        message "Marker removed: {path}"
        subject "Marker removed"
        explanation "The marker @PATH@ was removed; the unit of its step does its work again when it is started."

    ServiceReset { remedy: String }
        Notice "0f0a901c6bb1419aa58878561fce6502"
        message "Reset; {remedy}"
        subject "A service was reset"
        explanation "The service is stopped, has left its cluster, and has no data or markers here. After `reset all`, the \
            last of these events (SERVICE=cluster) covers all services. Next: @REMEDY@"

    MarkerWritten { path: String }
        Info "2ccd5f7112fc4e59b1e9f4fd46b1f9d2"
        message "Marker written: {path}"
        subject "Marker written"
        explanation "The marker @PATH@ is on disk; later boots skip this step."

    MarkerFailed { error: String }
        Error "1404cd3aec324b3b837b1bf3b938eca4"
        message "The step is done, but its marker is not written: {error}"
        subject "A marker could not be written"
        explanation "The membership is confirmed and is not repeated, but its marker could not be written: @ERROR@. systemd \
            starts the step again; it then only confirms the membership and writes the marker."

    MarkerDamaged { path: String, reason: String }
        Warning "603ae5da46634a99a910fc8d0f06e36b"
        message "Marker {path} is damaged ({reason}), asking the cluster instead"
        subject "A marker is damaged"
        explanation "The marker @PATH@ cannot be used (@REASON@). If you run the agent by hand, it asks the live member list \
            and writes the marker again; the unit itself is skipped as long as a file of that name exists. Remove it and \
            start the unit of the step with `systemctl start --no-block`."

    AlreadyDone { since: String }
        Info "d4ae6af5fb684b68bda039233dde8fcb"
        message "Nothing to do, done at {since}"
        subject "Nothing to do"
        explanation "A marker says that this step was done at @SINCE@."

    StepDisabled { reason: String }
        Info "5b3916640d9742c18fba675d9f6d26b2"
        message "Nothing to do: {reason}"
        subject "Step disabled"
        explanation "The cluster configuration disables this step: @REASON@."

    IamSetUp { duration_ms: u64 }
        Notice "e8948dc322aa46fe8d5feb548d301caf"
        message "Successfully set up IAM in {duration_ms} ms"
        subject "IAM is set up"
        explanation "IAM has its admin user. Later boots skip this step."

    IamAlreadySetUp { endpoint: String }
        Info "5d0991e0082248e7adeed7391ee6db62"
        message "IAM is already set up according to {endpoint}"
        subject "IAM was set up already"
        explanation "IAM was set up by another node or on an earlier run."

    IamNotReady { error: String }
        Warning "4d1f0b6e93c84c7fa2d5083be7a1c640"
        message "IAM is not ready: {error}"
        subject "IAM is not ready to be set up"
        explanation "The agent asked IAM whether it is set up, or to set itself up, and IAM answered: @ERROR@. The agent asks \
            again, with growing delays. IAM needs a working flaredb; check `journalctl -u iam.service`."

    IamAwaitingSetup { reason: String }
        Info "8b21ea852a844829b7c3de4c02228d48"
        message "Waiting for IAM to be set up: {reason}"
        subject "Waiting for IAM to be set up"
        explanation "This node has no admin password, so it waits until the node that has it sets IAM up: the first host of \
            `initial_peers`, or a node with the credential `iam-admin-password`."

    IamPasswordGenerated { path: String }
        Notice "c199c0a98a624ac1bac0cddb0346ce06"
        message "IAM admin password generated into {path} (mode 0600)"
        subject "IAM admin password generated"
        explanation "No admin password was configured, so the agent generated one into @PATH@, readable by root only, and IAM \
            accepted it. Store it in your password manager and remove the file."

    IamPasswordUncertain { path: String }
        Warning "7e024d12b2364046b84aca6248883cbe"
        message "IAM was already set up; the password in {path} may not be the valid one"
        subject "A generated password may not be the valid one"
        explanation "This node generated an admin password and asked IAM to set itself up. The answer was lost, and IAM now \
            says that it is set up: either with the password in @PATH@, or with that of another node that was faster. Try it."

    IamSetupFailed { error: String, remedy: String }
        Error "4ca8c324a8eb42f1a27d239fdf8adf39"
        message "IAM setup failed: {error}; {remedy}"
        subject "IAM could not be set up"
        explanation "IAM could not be set up in this run: @ERROR@. systemd starts the step again. IAM needs a working \
            flaredb; check `journalctl -u iam.service`."

    ClusterHealthy { table: String }
        Notice "d9fb18e8eef64ac488b6350eedd03c87"
        message "Cluster is healthy\n{table}"
        subject "The cluster is healthy"
        explanation "Every Raft group of this node's services has quorum, services that are set up once answer, and the live \
            membership agrees with this node's markers."

    ClusterDegraded { reason: String, table: String }
        Warning "b57c3f0d0a9e4c36a52d2b6d5d0f6e11"
        message "Cluster is degraded: {reason}\n{table}"
        subject "The cluster works, but part of it does not"
        explanation "Every Raft group of this node's services has quorum and this node is a healthy member, but the health \
            check found: @REASON@. Check the endpoints in the message that are not healthy. The step counts as done; the \
            cluster has less redundancy than it should."

    ClusterUnhealthy { reason: String, table: String }
        Error "f7572dd88f184e53a895bc4380f485ea"
        message "Cluster is not healthy: {reason}\n{table}"
        subject "The cluster is not healthy"
        explanation "The health check found: @REASON@. The message has the verdict on every endpoint. The check only reads, \
            and repeats until the cluster is healthy."

    MembershipDrift { reason: String, remedy: String }
        Error "9581467552604ba993623b53b93e295f"
        message "Membership drift: {reason}; {remedy}"
        subject "A marker and the live membership disagree"
        explanation "This node's marker says that it is a member, and the live member list says otherwise: @REASON@. Live \
            membership is the truth. If the node was removed on purpose, `first-boot-agent leave` removes what is left of it \
            here. If not, the message has the commands that bring it back: its data belongs to a membership that has ended, \
            so reset it first."

    WaitingForClock { clock: String, limit_s: u64 }
        Warning "3f1c6a2b7d5e4a0c8e9b14d27f60c3a5"
        message "Waiting up to {limit_s} s for the clock to be set, it says {clock}"
        subject "Waiting for the clock to be set"
        explanation "The system clock shows a date before this agent was built (no RTC battery?). The agent waits at most \
            @LIMIT_S@ seconds (`policies.clock.limit`) until it is set, because certificates are checked against it. Check \
            `systemctl status systemd-timesyncd.service`, or the time service you use."

    ClockSet { clock: String }
        Notice "6be0f5d1c2a94c3f9a7d80e1b35f4c92"
        message "The clock is set, it says {clock}"
        subject "The clock is set"
        explanation "The system clock was set and no longer shows a date before this agent was built."

    ClockBeforeBuild { clock: String, floor: String }
        Warning "dde5a8811aaf43668999f49576886726"
        message "The clock says {clock}, before this agent was built; certificates are verified as \
            of {floor}"
        subject "The clock is wrong"
        explanation "The system clock shows a date before this agent was built (no RTC battery?). Certificate dates are \
            verified against the build date instead, until the clock is set. Set the clock: `timedatectl`."

    SandboxUnfiltered {}
        Warning "818f1fc3ba5e40a792f0616bd3bef41b"
        message "The system call filters of this unit are not active: install libseccomp (on Debian the package libseccomp2)"
        subject "Part of the sandbox is missing"
        explanation "The unit asks for system call filters, and the kernel shows none for this process. systemd 259 and later \
            load libseccomp when they start a unit, and continue without filters if it is not installed; a kernel without \
            seccomp has the same effect. The step still does its work. Install libseccomp: the next start of the unit is \
            filtered. This is reported once per run, and cannot be detected in a container."

    Internal { error: String }
        Error "1007e910f9a84ab899b343bb8a01f57a"
        message "Internal error: {error}"
        subject "Internal error of the agent"
        explanation "The agent reached a state that should be impossible. Please report the message together with the journal \
            of this unit."
}
