//! Places at which a test build of the agent can be killed: before and after every effect.
//!
//! In the product the macro expands to nothing. With the feature `failpoints` the process ends at the point that the
//! environment names; in unit tests the run unwinds there. Must not be used to steer anything.

/// Marks a place, named as by `format!`.
macro_rules! crash_point {
    ($($name:tt)+) => {
        #[cfg(any(test, feature = "failpoints"))]
        $crate::crash::reach(&format!($($name)+));
    };
}

#[cfg(all(feature = "failpoints", not(test)))]
pub(crate) use by_environment::reach;
#[cfg(test)]
pub(crate) use by_test::{count, crash_at, crash_at_nth, reach};

/// `FIRST_BOOT_AGENT_CRASH_AT` names a place, or the N-th that is reached; `FIRST_BOOT_AGENT_CRASH_BY=halt` has the process stand
/// still there, for a test that cuts the power, where it would otherwise be killed.
#[cfg(all(feature = "failpoints", not(test)))]
mod by_environment {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use nix::sys::signal::{Signal, raise};

    static REACHED: AtomicUsize = AtomicUsize::new(0);

    pub(crate) fn reach(name: &str) {
        let number = REACHED.fetch_add(1, Ordering::Relaxed) + 1;
        let is_wanted = |wanted: String| wanted == name || wanted == number.to_string();
        if !std::env::var("FIRST_BOOT_AGENT_CRASH_AT").is_ok_and(is_wanted) {
            return;
        }
        // Journal and test see which place it was; what follows leaves no time for more.
        eprintln!("crash point {number}: {name}");
        while std::env::var("FIRST_BOOT_AGENT_CRASH_BY").is_ok_and(|how| how == "halt") {
            std::thread::park();
        }
        let _ = raise(Signal::SIGKILL);
    }
}

#[cfg(test)]
mod by_test {
    use std::cell::RefCell;
    use std::panic::{AssertUnwindSafe, resume_unwind};

    use futures_util::FutureExt;

    thread_local! {
        static RUN: RefCell<Run> = const { RefCell::new(Run { reached: Vec::new(), end: End::Never }) };
    }

    /// The places that a run has reached, and the one where it is to end.
    struct Run {
        reached: Vec<String>,
        end: End,
    }

    enum End {
        Never,
        /// At a place counted from one.
        At(usize),
        /// Where this name is reached for this time, counted from one.
        AtNth(String, usize),
    }

    impl Run {
        fn is_over(&self) -> bool {
            match &self.end {
                End::Never => false,
                End::At(place) => self.reached.len() == *place,
                End::AtNth(name, time) => {
                    self.reached.last() == Some(name)
                        && self.reached.iter().filter(|other| *other == name).count() == *time
                }
            }
        }
    }

    /// The agent was killed here.
    struct Killed;

    pub(crate) fn reach(name: &str) {
        let kill = RUN.with_borrow_mut(|run| {
            run.reached.push(name.to_owned());
            run.is_over()
        });
        if kill {
            // Not a panic to report: the process has ended.
            resume_unwind(Box::new(Killed));
        }
    }

    /// Runs to the end and returns the places that were reached.
    pub(crate) async fn count<T>(run: impl Future<Output = T>) -> (T, Vec<String>) {
        RUN.set(Run { reached: Vec::new(), end: End::Never });
        let done = run.await;
        (done, end().reached)
    }

    /// Runs until the given place, counted from one, where the run is dropped as it is; `None` then.
    pub(crate) async fn crash_at<T>(place: usize, run: impl Future<Output = T>) -> Option<T> {
        crash(End::At(place), run).await
    }

    /// The same at a place by its name: where runs differ in how often they ask, it is the same place in all of them.
    pub(crate) async fn crash_at_nth<T>(name: &str, time: usize, run: impl Future<Output = T>) -> Option<T> {
        crash(End::AtNth(name.to_owned(), time), run).await
    }

    async fn crash<T>(at: End, run: impl Future<Output = T>) -> Option<T> {
        RUN.set(Run { reached: Vec::new(), end: at });
        let ended = AssertUnwindSafe(run).catch_unwind().await;
        end();
        match ended {
            Ok(done) => Some(done),
            Err(cause) if cause.is::<Killed>() => None,
            Err(cause) => resume_unwind(cause),
        }
    }

    fn end() -> Run {
        RUN.replace(Run { reached: Vec::new(), end: End::Never })
    }
}
