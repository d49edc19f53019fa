//! Shows what the systemd room sees on a real node, one line each, for scenarios and for measuring.
//!
//! `systemd-watch [--private] watch UNIT | state UNIT | lines UNIT | connect COUNT`. With `--private` the bus is left out.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use first_boot_agent::systemd::{Endpoints, Systemd, SystemdError, UnitState, last_journal_lines};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), SystemdError> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut endpoints = Endpoints::from_environment();
    if arguments.first().is_some_and(|first| first == "--private") {
        arguments.remove(0);
        "unix:path=/nonexistent/left-out".clone_into(&mut endpoints.bus);
    }
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["watch", unit] => watch(endpoints, unit).await,
        ["state", unit] => {
            let systemd = Systemd::connect_at(endpoints).await?;
            println!("{:#?}", systemd.unit(unit).await?);
            Ok(())
        }
        ["lines", unit] => {
            for line in last_journal_lines(unit, 5).await {
                println!("{line}");
            }
            Ok(())
        }
        ["connect", count] => connect(endpoints, count.parse().unwrap_or(100)).await,
        _ => {
            eprintln!("usage: systemd-watch [--private] watch UNIT | state UNIT | lines UNIT | connect COUNT");
            Ok(())
        }
    }
}

/// Prints every state of a unit, until the watch fails for good.
async fn watch(endpoints: Endpoints, unit: &str) -> Result<(), SystemdError> {
    let systemd = Systemd::connect_at(endpoints).await?;
    let mut watch = systemd.watch(unit).await?;
    loop {
        let state = watch.next().await?;
        let age = now_us().saturating_sub(state.state_change);
        println!("{} transport={:?} age_us={age}", line(&state), systemd.transport().await);
    }
}

fn line(state: &UnitState) -> String {
    format!(
        "{} load={} active={} sub={} result={} status={} code={} restarts={} pid={} job={} text={:?}",
        state.name,
        state.load,
        state.active,
        state.sub,
        state.result,
        state.exec_main_status,
        state.exec_main_code,
        state.n_restarts,
        state.main_pid,
        state.job_pending,
        state.status_text
    )
}

/// Measures connecting, asking for one unit on a new connection, and asking again.
async fn connect(endpoints: Endpoints, count: usize) -> Result<(), SystemdError> {
    let (mut connects, mut firsts, mut agains) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        let started = Instant::now();
        let systemd = Systemd::connect_at(endpoints.clone()).await?;
        connects.push(started.elapsed());
        systemd.unit("dbus.service").await?;
        firsts.push(started.elapsed());
        let started = Instant::now();
        systemd.unit("dbus.service").await?;
        agains.push(started.elapsed());
    }
    for (name, mut times) in [("connect", connects), ("connect and ask", firsts), ("ask again", agains)] {
        times.sort();
        let (Some(median), Some(worst)) = (times.get(times.len() / 2), times.last()) else {
            continue;
        };
        println!("{name}: median {} us, worst {} us of {count}", median.as_micros(), worst.as_micros());
    }
    Ok(())
}

fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
