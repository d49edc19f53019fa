//! Random numbers from the kernel, by getrandom(2) itself: an initrd or a broken machine may have neither /dev/urandom nor
//! /dev/random, and in a static binary the crate `getrandom`, from 0.3 on, asks for nothing else. Must not make numbers up.

use ring::rand::{SecureRandom, SystemRandom};

/// The kernel gives no random numbers. Nothing of TLS works then either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the kernel gives no random numbers (getrandom(2) fails)")]
pub(crate) struct NoRandomNumbers;

impl NoRandomNumbers {
    /// What to do.
    pub(crate) const REMEDY: &str = "allow that call where a sandbox filters calls (SystemCallFilter= of the unit)";
}

/// As many random bytes.
pub(crate) fn bytes<const COUNT: usize>() -> Result<[u8; COUNT], NoRandomNumbers> {
    let mut bytes = [0; COUNT];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomNumbers)?;
    Ok(bytes)
}
