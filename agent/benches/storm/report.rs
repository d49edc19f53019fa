//! The table of the storm: figures beside the aims, and whether they are met.

use std::fmt::Write as _;

use crate::trial::{Failed, Figures, Joiner, Storm};

const SIZES: [usize; 3] = [10, 100, 1000];
/// Orders of arrival; the worst of each figure is shown.
const ORDERS: u64 = 3;
/// The aims hold for storms of this size.
const AIMED_AT: usize = 1000;
const TIMES_THE_BOUND: f64 = 1.15;
const REQUESTS_BEYOND: f64 = 4.0;

/// The worst of all orders of arrival.
#[derive(Debug, Default)]
struct Worst {
    seconds: f64,
    times_the_bound: f64,
    requests: f64,
    wait: f64,
    gave_up: usize,
    /// Nodes that are in the list twice, or not although they think so, or have no marker.
    wrong: usize,
}

/// Runs everything and writes it down.
pub(crate) fn table() -> Result<String, Failed> {
    let own = (lone(Joiner::Agent)?, lone(Joiner::Seed)?);
    let mut text = String::from(
        "Storm: all nodes come within 100 ms; the leader makes one change at a time, 50 ms each;\n  \
         half way it is lost, 1.5 s later another leads. Simulated: the agent's own planning, retry and\n  \
         sequencing code on a clock that jumps; the baseline script's 5 × 10 s against the same leader.\n",
    );
    let _ = writeln!(
        text,
        "  {:>5}  {:<9} {:<6} {:>8} {:>8} {:>9} {:>8} {:>8} {:>8}",
        "nodes", "admission", "joiner", "s in all", "× bound", "requests", "beyond", "worst s", "gave up"
    );
    for nodes in SIZES {
        for admits in [true, false] {
            for (joiner, own) in [(Joiner::Agent, own.0), (Joiner::Seed, own.1)] {
                let worst = worst(nodes, admits, joiner)?;
                row(&mut text, nodes, admits, joiner, &worst, own);
            }
        }
    }
    let _ = write!(
        text,
        "  × bound: time until the last node has joined, to nodes × 50 ms; nothing where nodes gave up.\n  \
         requests: per node. beyond: those that a join alone does not need ({:.1}; the baseline script's {:.1}).\n  \
         admission: the leader gives each node a time of its own (docs: The admin API), else 1 s to all.\n  \
         worst s: the longest run of one node, to its end. The worst of {ORDERS} orders of arrival each.\n\n\
         Again: make bench ONLY=storm",
        own.0, own.1
    );
    Ok(text)
}

fn lone(joiner: Joiner) -> Result<f64, Failed> {
    let mut requests = 0;
    for order in 0..20 {
        requests += Storm { nodes: 1, admits: true, loses_leader: false, order }.run(joiner)?.requests;
    }
    Ok(per(requests, 20))
}

fn worst(nodes: usize, admits: bool, joiner: Joiner) -> Result<Worst, Failed> {
    let mut worst = Worst::default();
    for order in 0..ORDERS {
        let storm = Storm { nodes, admits, loses_leader: true, order };
        let figures = storm.run(joiner)?;
        let times = figures.whole.div_duration_f64(storm.bound());
        worst.seconds = worst.seconds.max(figures.whole.as_secs_f64());
        worst.times_the_bound = worst.times_the_bound.max(times);
        worst.requests = worst.requests.max(per(figures.requests, nodes));
        worst.wait = worst.wait.max(figures.worst_wait.as_secs_f64());
        worst.gave_up = worst.gave_up.max(figures.gave_up);
        worst.wrong = worst.wrong.max(wrong(&figures));
    }
    Ok(worst)
}

fn wrong(figures: &Figures) -> usize {
    figures.not_once.saturating_sub(figures.gave_up) + figures.wrong_markers + figures.surplus
}

fn row(text: &mut String, nodes: usize, admits: bool, joiner: Joiner, worst: &Worst, own: f64) {
    let (name, kind) = match joiner {
        Joiner::Agent => ("agent", if admits { "yes" } else { "no" }),
        Joiner::Seed => ("seed", if admits { "yes" } else { "no" }),
    };
    let times = if worst.gave_up == 0 { format!("{:.2}", worst.times_the_bound) } else { "–".to_owned() };
    let beyond = worst.requests - own;
    let _ = write!(
        text,
        "  {nodes:>5}  {kind:<9} {name:<6} {:>8.1} {times:>8} {:>9.1} {beyond:>8.1} {:>8.1} {:>8}",
        worst.seconds, worst.requests, worst.wait, worst.gave_up
    );
    if joiner == Joiner::Agent {
        let _ = write!(text, "   no give-ups: {}", verdict(worst.gave_up == 0 && worst.wrong == 0));
    }
    if joiner == Joiner::Agent && nodes == AIMED_AT {
        let _ = write!(
            text,
            "; aim ≤ {TIMES_THE_BOUND}×: {}; aim ≤ {REQUESTS_BEYOND:.0} beyond: {}",
            verdict(worst.times_the_bound <= TIMES_THE_BOUND),
            verdict(beyond <= REQUESTS_BEYOND)
        );
    }
    text.push('\n');
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

/// A count per node; both are far below the limits of the conversions.
fn per(count: u64, nodes: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / f64::from(u32::try_from(nodes).unwrap_or(u32::MAX))
}
