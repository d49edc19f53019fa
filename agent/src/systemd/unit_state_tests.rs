//! Properties as systemd sends them, and what becomes of them.

use super::{ActiveState, LoadState, Properties, UnitState};
use crate::data_directory::Owner;
use zbus::Variant;

fn text(value: &'static str) -> Variant<'static> {
    Variant::from(value)
}

#[test]
fn a_change_keeps_what_it_does_not_name() {
    let mut state = UnitState::default();
    state.apply(&Properties::from([
        ("LoadState", text("loaded")),
        ("ActiveState", text("activating")),
        ("InvocationID", Variant::from(vec![0x0b_u8, 0xa4, 0xff])),
        ("User", text("chainfire")),
        ("Job", Variant::from((7_u32, zbus::ObjectPath::from_static_str("/job/7").unwrap()))),
        ("RestartUSec", Variant::from(100_000_u64)),
    ]));
    assert!(state.job_pending);
    state.apply(&Properties::from([
        ("ActiveState", text("failed")),
        ("Result", text("exit-code")),
        ("ExecMainStatus", Variant::from(3_i32)),
        ("Job", Variant::from((0_u32, zbus::ObjectPath::from_static_str("/").unwrap()))),
    ]));
    let expected = UnitState {
        load: LoadState::Loaded,
        active: ActiveState::Failed,
        invocation_id: "0ba4ff".to_owned(),
        owner: Owner { user: "chainfire".to_owned(), ..Owner::default() },
        restart_delay_us: 100_000,
        result: "exit-code".to_owned(),
        exec_main_status: 3,
        ..UnitState::default()
    };
    assert_eq!(state, expected);
}

#[test]
fn an_environment_file_that_may_be_missing_is_not_needed() {
    let mut state = UnitState::default();
    let files = vec![("/needed", false), ("/may-be-missing", true)];
    state.apply(&Properties::from([("EnvironmentFiles", Variant::from(files))]));
    assert_eq!(state.needed_environment, ["/needed"]);
    state.apply(&Properties::from([("EnvironmentFiles", text("/needed"))]));
    assert!(state.needed_environment.is_empty(), "of another type");
}

#[test]
fn a_broken_unit_file_brings_its_reason() {
    let mut state = UnitState::default();
    state.apply(&Properties::from([
        ("LoadState", text("bad-setting")),
        (
            "LoadError",
            Variant::from(("org.freedesktop.systemd1.BadUnitSetting", "Unit x has a bad unit file setting.")),
        ),
    ]));
    assert_eq!(state.load, LoadState::BadSetting("Unit x has a bad unit file setting.".to_owned()));
    assert_eq!(state.load.to_string(), "bad-setting");
}

#[test]
fn unknown_words_and_changed_types_are_borne() {
    let mut state = UnitState::default();
    state.apply(&Properties::from([
        ("ActiveState", text("hibernating")),
        ("LoadState", text("stub")),
        ("NRestarts", text("not a number")),
        ("InvocationID", text("not bytes")),
        ("Fresh", Variant::from(1_u8)),
    ]));
    assert_eq!(state.active, ActiveState::Other);
    assert_eq!(state.load, LoadState::Other("stub".to_owned()));
    assert_eq!((state.n_restarts, state.invocation_id.as_str()), (0, ""));
}

#[test]
fn the_pause_before_a_restart_is_the_one_that_has_grown() {
    let mut state = UnitState::default();
    for next in [Some(300_000_000_u64), None] {
        let mut properties = Properties::from([("RestartUSec", Variant::from(10_000_000_u64))]);
        properties.extend(next.map(|next| ("RestartUSecNext", Variant::from(next))));
        state.apply(&properties);
        assert_eq!(state.restart_delay_us, next.unwrap_or(10_000_000));
    }
}

#[test]
fn a_service_that_ended_and_is_started_again_is_seen_in_each_of_its_pauses() {
    for (active, sub, expected) in [
        (ActiveState::Activating, "auto-restart", true),
        (ActiveState::Activating, "auto-restart-queued", true),
        (ActiveState::Activating, "start", false),
        (ActiveState::Failed, "failed-before-auto-restart", false),
    ] {
        let state = UnitState { active, sub: sub.to_owned(), ..UnitState::default() };
        assert_eq!(state.awaits_restart(), expected, "{sub}");
    }
}

#[test]
fn whose_files_a_service_has_is_read_as_systemd_says_it() {
    let mut state = UnitState::default();
    state.apply(&Properties::from([
        ("User", text("chainfire")),
        ("DynamicUser", Variant::from(true)),
        ("StateDirectory", Variant::from(vec!["chainfire", "chainfire/raft"])),
    ]));
    let directories = ["chainfire", "chainfire/raft"].map(str::to_owned).to_vec();
    let expected = Owner { user: "chainfire".to_owned(), is_dynamic: true, state_directories: directories };
    assert_eq!(state.owner, expected);
    state.apply(&Properties::from([("StateDirectory", text("chainfire"))]));
    assert_eq!(state.owner.state_directories, Vec::<String>::new(), "of another type: none is known");
}
