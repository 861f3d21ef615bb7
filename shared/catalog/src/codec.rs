//! The compiled form: how the catalog is embedded into the modules, and its fingerprint.

use crate::Catalog;
use sha2::{Digest, Sha256};

/// Leads the compiled form; changes whenever the model's fields do.
const FORMAT: u8 = 3;

/// Bytes that are no catalog of this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by another release.
    #[error("the catalog has another format; build it again with this release")]
    Format,
    /// Cut off, or not a catalog at all.
    #[error("the catalog is damaged; build it again")]
    Damaged,
}

impl Catalog {
    /// Reads what [`Catalog::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match bytes.split_first() {
            Some((&FORMAT, body)) => match postcard::take_from_bytes(body) {
                Ok((catalog, [])) => Ok(catalog),
                _ => Err(DecodeError::Damaged),
            },
            Some(_) => Err(DecodeError::Format),
            None => Err(DecodeError::Damaged),
        }
    }

    /// A format byte, then the model in postcard's encoding: the same bytes for the same catalog.
    pub fn encode(&self) -> Vec<u8> {
        // Postcard fails on sequences of unknown length only, and the model has none; no bytes would be `Damaged`.
        postcard::to_extend(self, vec![FORMAT]).unwrap_or_default()
    }

    /// What every binding call carries, so that two Workers notice during a deploy that they disagree.
    pub fn fingerprint(&self) -> u64 {
        let digest = Sha256::digest(self.encode());
        digest.iter().take(8).fold(0, |hash, byte| (hash << 8) | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Access, Admission, Project};
    use proptest::prelude::*;

    fn catalog(name: &str) -> Catalog {
        let project = Project {
            name: name.into(),
            description: "A demo".into(),
            access: Access::Public,
            admission: Admission::default(),
            board_shards: 1,
            upstreams: vec![],
            resources: vec![],
            hooks: vec![],
        };
        Catalog { projects: vec![project] }
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else_is() {
        let bytes = catalog("demo").encode();
        assert_eq!(Catalog::decode(&bytes), Ok(catalog("demo")));
        for cut in 0..bytes.len() {
            assert_eq!(Catalog::decode(&bytes[..cut]), Err(DecodeError::Damaged), "{cut}");
        }
        assert_eq!(Catalog::decode(&[&bytes[..], &[0]].concat()), Err(DecodeError::Damaged));
        assert_eq!(Catalog::decode(&[&[FORMAT + 1], &bytes[1..]].concat()), Err(DecodeError::Format));
    }

    #[test]
    fn catalogs_that_differ_have_different_fingerprints() {
        assert_eq!(catalog("a").fingerprint(), catalog("a").fingerprint());
        assert_ne!(catalog("a").fingerprint(), catalog("b").fingerprint());
    }

    proptest! {
        #[test]
        fn damage_never_panics(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _either = Catalog::decode(&[&[FORMAT], &body[..]].concat());
        }
    }
}
