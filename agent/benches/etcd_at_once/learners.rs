//! Looks at the member list again and again while others change it. Must not hold what they need.

use std::convert::Infallible;
use std::time::Duration;

use reqwest::Client;
use serde_json::Value;

use crate::etcd::LIST;

const PAUSE: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(5);

/// What was seen so far.
pub(crate) struct Learners {
    client: Client,
    url: String,
    /// So many at one time.
    pub(crate) most: usize,
    pub(crate) looks: usize,
}

impl Learners {
    pub(crate) fn new(client: Client, at: &str) -> Self {
        Self { client, url: format!("{at}{LIST}"), most: 0, looks: 0 }
    }

    /// Goes on for as long as it is let.
    pub(crate) async fn look(&mut self) -> Infallible {
        loop {
            if let Some(listed) = self.list().await {
                self.looks += 1;
                self.most = self.most.max(listed.iter().filter(|is_learner| **is_learner).count());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Of every member, whether it is a learner.
    pub(crate) async fn list(&self) -> Option<Vec<bool>> {
        let answer = self.client.post(&self.url).body("{}").timeout(PATIENCE).send().await.ok()?;
        let body: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
        Some(body["members"].as_array()?.iter().map(|member| member["isLearner"] == true).collect())
    }
}
