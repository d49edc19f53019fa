//! Several lanes play the cases beside each other, each with servers of its own: most of the time is etcd's.
//!
//! A lane is this very test in a process of its own. A process that starts others, as one with servers does all the time, hands
//! its open files on for a moment, and with them the locks that other tests have just given back.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use super::{Lane, Place, What, until};

const LANES: usize = 3;
/// The places that the first lane has found.
const FOUND: &str = "places";
/// Which lane a process is, and the folder of all: `0 /tmp/…`.
const LANE: &str = "FIRST_BOOT_TEST_LANE";

/// One at a time: the servers of two would hardly find the time to elect leaders.
static TURN: Mutex<()> = Mutex::new(());

/// Plays each kind, which has at least so many places, everywhere.
pub(super) fn play(kinds: &[(What, usize)]) {
    if let Ok(text) = std::env::var(LANE) {
        let (number, folder) = text.split_once(' ').unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(lane(kinds, number.parse().unwrap(), Path::new(folder)));
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let log = |number| folder.path().join(format!("{number}.log"));
    let (program, test) = (std::env::current_exe().unwrap(), std::thread::current());
    let lanes: Vec<_> = (0..LANES)
        .map(|number| {
            // Tests that are killed from outside leave nothing behind.
            let mut command = Command::new("setpriv");
            command.args(["--pdeathsig", "KILL", "--"]).arg(&program).args([
                "--exact",
                test.name().unwrap(),
                "--nocapture",
            ]);
            let said = File::create(log(number)).unwrap();
            command.env(LANE, format!("{number} {}", folder.path().display()));
            command.stdout(said.try_clone().unwrap()).stderr(said).spawn().unwrap()
        })
        .collect();
    let ended: Vec<bool> = lanes.into_iter().map(|mut lane| lane.wait().unwrap().success()).collect();
    if let Some(failed) = ended.iter().position(|is_well| !is_well) {
        panic!("{kinds:?}, lane {failed}: {}", fs::read_to_string(log(failed)).unwrap());
    }
    let missed: Vec<Place> =
        (0..LANES).flat_map(|number| places(folder.path(), &format!("{number}.missed")).unwrap()).collect();
    let places = places(folder.path(), FOUND).unwrap();
    for (what, least) in kinds {
        let of_this: Vec<String> =
            places.iter().filter(|place| place.what == *what).map(|place| place.name.clone()).collect();
        eprintln!("{what:?} ends at {} places: {of_this:?}", of_this.len());
        assert!(of_this.len() >= *least, "{what:?}: {of_this:?}");
    }
    eprintln!("{} of {} were not reached again", missed.len(), places.len());
    // How often a run asks follows from how fast servers and machine are; that it comes by a place does not.
    assert!(missed.iter().all(|place| place.time > 1), "{missed:?}");
}

/// The first one finds the places; each plays its share.
async fn lane(kinds: &[(What, usize)], number: usize, folder: &Path) {
    let lane = Lane::ready(kinds[0].0).await;
    if number == 0 {
        let mut found = Vec::new();
        for (what, _) in kinds {
            found.extend(lane.places(*what).await);
        }
        note(folder, FOUND, &found);
    }
    let places = until("the places", async || places(folder, FOUND).ok_or_else(String::new)).await;
    let mut missed = Vec::new();
    for place in places.into_iter().skip(number).step_by(LANES) {
        if !lane.play(&place).await {
            missed.push(place);
        }
    }
    note(folder, &format!("{number}.missed"), &missed);
}

/// Concurrent readers read all of it or nothing.
fn note(folder: &Path, name: &str, places: &[Place]) {
    fs::write(folder.join(format!("{name}.new")), serde_json::to_vec(places).unwrap()).unwrap();
    fs::rename(folder.join(format!("{name}.new")), folder.join(name)).unwrap();
}

fn places(folder: &Path, name: &str) -> Option<Vec<Place>> {
    Some(serde_json::from_slice(&fs::read(folder.join(name)).ok()?).unwrap())
}
