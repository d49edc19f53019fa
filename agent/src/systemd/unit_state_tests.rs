//! Properties as systemd sends them, and what becomes of them.

use super::{ActiveState, LoadState, Properties, UnitState};
use zbus::Variant;

fn text(value: &'static str) -> Variant<'static> {
    Variant::from(value)
}

#[test]
fn a_change_keeps_what_it_does_not_name() {
    let mut state = UnitState::default();
    state.apply(&Properties::from([
        ("Id", text("chainfire.service")),
        ("LoadState", text("loaded")),
        ("ActiveState", text("activating")),
        ("UnitFileState", text("enabled")),
        ("ConditionResult", Variant::from(true)),
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
        name: "chainfire.service".to_owned(),
        load: LoadState::Loaded,
        active: ActiveState::Failed,
        unit_file_state: "enabled".to_owned(),
        condition_result: true,
        restart_delay_us: 100_000,
        result: "exit-code".to_owned(),
        exec_main_status: 3,
        ..UnitState::default()
    };
    assert_eq!(state, expected);
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
        ("MainPID", text("not a number")),
        ("Fresh", Variant::from(1_u8)),
    ]));
    assert_eq!(state.active, ActiveState::Other);
    assert_eq!(state.load, LoadState::Other("stub".to_owned()));
    assert_eq!(state.main_pid, 0);
}
