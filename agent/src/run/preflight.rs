//! Before any lock or request: is the machine what the configuration expects? Hardware that does not
//! fit blocks the step (the plan says so), a link or a clock is waited for, what cannot be judged is reported.

use tokio::time::{Instant, sleep};

use crate::config::Config;
use crate::events::{Event, Report};
use crate::plan::expectations::{self, Outlook, Unmet};
use crate::retry::Schedule;

use super::ports::Machine;
use super::service::milliseconds;
use super::{Context, Stop};

/// What the machine lacks of what the configuration expects. Where nothing is expected, nothing is looked at.
#[must_use]
pub fn unmet(config: &Config, machine: &dyn Machine) -> Vec<Unmet> {
    if config.expect.is_empty() {
        return Vec::new();
    }
    expectations::unmet(&config.expect, &machine.inventory(), machine.clock_before_build().as_ref())
}

/// Reports what cannot be judged, and waits for what may come true by itself.
pub(super) async fn attend<U, C>(
    context: &Context<'_, U, C>,
    unmet: &[Unmet],
    report: &dyn Report,
) -> Result<(), Stop> {
    for unjudged in unmet.iter().filter(|unmet| unmet.outlook == Outlook::Unjudged) {
        report.report(Event::ExpectationUnjudged { reason: unjudged.to_string(), remedy: unjudged.remedy.clone() });
    }
    await_links(context, report).await?;
    // It was waited for before the first step.
    let Some(clock) = context.machine.clock_before_build().filter(|_| context.config.expect.clock) else {
        return Ok(());
    };
    Err(failed(&expectations::clock_unmet(&clock)))
}

/// The kernel reports links over a kind of socket that the units' sandbox does not have, so they are looked at, soon and
/// then ever less often.
async fn await_links<U, C>(context: &Context<'_, U, C>, report: &dyn Report) -> Result<(), Stop> {
    if context.config.expect.links.is_empty() {
        return Ok(());
    }
    let (began, policy) = (Instant::now(), &context.config.policies.link);
    let mut schedule = Schedule::polling(policy);
    let mut reported = false;
    loop {
        let unmet = expectations::links_unmet(&context.config.expect.links, &context.machine.links());
        let Some(first) = unmet.first() else {
            if reported {
                report.report(Event::LinksUp { duration_ms: milliseconds(began.elapsed()) });
            }
            return Ok(());
        };
        if !reported {
            reported = true;
            let reason = expectations::together(&unmet.iter().collect::<Vec<_>>());
            context.progress.status(&format!("waiting up to {} s for the network: {reason}", policy.limit.as_secs()));
            report.report(Event::WaitingForLink { reason, limit_s: policy.limit.as_secs() });
        }
        match schedule.next_delay(None) {
            Some(delay) => sleep(delay).await,
            None => return Err(failed(first)),
        }
    }
}

fn failed(unmet: &Unmet) -> Stop {
    Stop::Failed(Event::ExpectationNotMet { reason: unmet.to_string(), remedy: unmet.remedy.clone() })
}
