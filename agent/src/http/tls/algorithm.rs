//! Keys and signatures by the names that people know, and which of them TLS here can use.
//!
//! What can be used is what rustls has of ring: RSA, P-256, P-384 and Ed25519.

use super::der::tag::{BIT_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE};
use super::der::{elements, first, object_identifier};

/// What keys may be, in a sentence.
pub(in crate::http) const USABLE_KEYS: &str = "RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519";
/// How certificates may be signed, in a sentence.
pub(in crate::http) const USABLE_SIGNATURES: &str =
    "RSA with SHA-256 or more, ECDSA with SHA-256 or SHA-384 by a key of P-256 or P-384, or Ed25519";

/// Object identifiers of keys, curves and signatures, and whether a key of that kind can be used.
const NAMES: &[(&str, &str, bool)] = &[
    ("1.2.840.113549.1.1.10", "RSA-PSS", false),
    ("1.2.840.10045.3.1.7", "P-256", true),
    ("1.3.132.0.34", "P-384", true),
    ("1.3.132.0.35", "P-521 (secp521r1)", false),
    ("1.3.132.0.33", "P-224 (secp224r1)", false),
    ("1.3.132.0.10", "secp256k1", false),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", false),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", false),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", false),
    ("1.3.101.112", "Ed25519", true),
    ("1.3.101.113", "Ed448", false),
    ("1.2.840.10040.4.1", "DSA", false),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44", false),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65", false),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87", false),
    ("1.2.840.113549.1.1.4", "RSA with MD5", false),
    ("1.2.840.113549.1.1.5", "RSA with SHA-1", false),
    ("1.2.840.113549.1.1.14", "RSA with SHA-224", false),
    ("1.2.840.113549.1.1.11", "RSA with SHA-256", true),
    ("1.2.840.113549.1.1.12", "RSA with SHA-384", true),
    ("1.2.840.113549.1.1.13", "RSA with SHA-512", true),
    ("1.2.840.10045.4.1", "ECDSA with SHA-1", false),
    ("1.2.840.10045.4.3.1", "ECDSA with SHA-224", false),
    ("1.2.840.10045.4.3.2", "ECDSA with SHA-256", true),
    ("1.2.840.10045.4.3.3", "ECDSA with SHA-384", true),
    ("1.2.840.10045.4.3.4", "ECDSA with SHA-512", false),
    ("1.2.840.10040.4.3", "DSA with SHA-1", false),
    ("2.16.840.1.101.3.4.3.2", "DSA with SHA-256", false),
];
const RSA: &str = "1.2.840.113549.1.1.1";
const ELLIPTIC_CURVE: &str = "1.2.840.10045.2.1";

/// The kind of a key.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) struct KeyKind {
    /// As people say it, with an article.
    pub(in crate::http) name: String,
    /// Whether signatures of such a key can be verified here.
    pub(in crate::http) can_verify: bool,
    /// Whether this node can sign with such a key.
    pub(in crate::http) can_sign: bool,
}

/// The kind of a public key, by the content of its `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7); `None` where that is damaged.
pub(in crate::http) fn kind_of_key(info: &[u8]) -> Option<KeyKind> {
    let mut parts = elements(info);
    let (SEQUENCE, algorithm) = parts.next()? else { return None };
    let name = object_identifier(first(algorithm, OBJECT_IDENTIFIER)?);
    match name.as_str() {
        RSA => {
            let (BIT_STRING, key) = parts.next()? else { return None };
            // The first byte of a bit string says how many bits of its last do not count; here none.
            let modulus = first(first(key.get(1..)?, SEQUENCE)?, INTEGER)?;
            let bits = bits(modulus);
            Some(KeyKind {
                name: format!("RSA of {bits} bits"),
                can_verify: (2048..=8192).contains(&bits),
                can_sign: (2048..=4096).contains(&bits),
            })
        }
        ELLIPTIC_CURVE => match elements(algorithm).nth(1)? {
            (OBJECT_IDENTIFIER, curve) => Some(named(&object_identifier(curve))),
            _ => Some(named("an elliptic curve without a name")),
        },
        other => Some(named(other)),
    }
}

fn bits(integer: &[u8]) -> usize {
    let digits = integer.iter().position(|digit| *digit != 0).map_or(&[][..], |start| &integer[start..]);
    let unused = digits.first().map_or(0, |digit| digit.leading_zeros() as usize);
    digits.len() * 8 - unused
}

fn named(identifier: &str) -> KeyKind {
    let known = NAMES.iter().find(|(known, ..)| *known == identifier);
    let (name, usable) = known.map_or((identifier, false), |(_, name, usable)| (name, *usable));
    KeyKind { name: name.to_owned(), can_verify: usable, can_sign: usable }
}

/// The name of an algorithm, by the content of its `AlgorithmIdentifier` (RFC 5280, 4.1.1.2).
pub(in crate::http) fn name_of(algorithm: &[u8]) -> String {
    let parts = elements(algorithm).filter(|(tag, _)| *tag == OBJECT_IDENTIFIER);
    let mut parts = parts.map(|(_, content)| object_identifier(content));
    match parts.find(|part| part != ELLIPTIC_CURVE).as_deref() {
        None => "an unknown algorithm".to_owned(),
        Some(RSA) => "RSA".to_owned(),
        Some(identifier) => named(identifier).name,
    }
}
