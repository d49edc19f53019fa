//! STUB
use std::path::Path;
/// x
#[derive(Debug, serde::Serialize)]
pub struct Inventory {}
impl Inventory {
    /// x
    #[must_use]
    pub fn take(_r: &Path) -> Self {
        Self {}
    }
}
/// x
#[derive(Debug)]
pub struct Machine {
    /// x
    pub uuid: Option<String>,
    /// x
    pub serial: Option<String>,
}
/// x
#[derive(Debug)]
pub struct Link {
    /// x
    pub mac: Option<String>,
}
/// x
#[must_use]
pub fn machine(_r: &Path) -> Machine {
    Machine { uuid: None, serial: None }
}
/// x
#[must_use]
pub fn links(_r: &Path) -> Vec<Link> {
    vec![]
}
