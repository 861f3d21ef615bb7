//! Recorded answers, byte for byte as they were recorded.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use axum::body::Bytes;

/// The recordings of one directory, read once.
#[derive(Debug)]
pub struct Replay {
    bodies: HashMap<String, Bytes>,
}

/// Why a directory of recordings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The index or a file it names is missing or unreadable.
    #[error("cannot read {}: {}", .0.display(), .1)]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The index is not of the form `{"group (base /api)": {"/api/path?query": "file"}}`.
    #[error("{} is not an index of recordings: {}", .0.display(), .1)]
    Malformed(PathBuf, #[source] serde_json::Error),
}

impl Replay {
    /// Reads `index.json` in `dir` and every file it names.
    pub fn open(dir: &Path) -> Result<Self, ReplayError> {
        let path = dir.join("index.json");
        let index = read(&path)?;
        let groups: BTreeMap<String, BTreeMap<String, PathBuf>> =
            serde_json::from_slice(&index).map_err(|source| ReplayError::Malformed(path, source))?;
        let mut bodies = HashMap::new();
        for (group, recordings) in groups {
            for (path, file) in recordings {
                bodies.insert(format!("{}{}", placeholder(&group), canonical(&path)), read(&dir.join(file))?);
            }
        }
        Ok(Self { bodies })
    }

    /// The recording of a path below the host segment, as in `/api/players/1?limit=2`.
    pub(crate) fn find(&self, path: &str) -> Option<Bytes> {
        let path = canonical(path);
        let below_first = path.get(1..).and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)));
        let with_placeholder = || below_first.and_then(|rest| self.bodies.get(&format!("{ANY}{rest}")));
        self.bodies.get(&path).or_else(with_placeholder).cloned()
    }
}

fn read(path: &Path) -> Result<Bytes, ReplayError> {
    std::fs::read(path).map(Bytes::from).map_err(|source| ReplayError::Unreadable(path.to_owned(), source))
}

/// Stands for a first path segment that differs from caller to caller.
const ANY: &str = "/{}";

/// A base such as `/{appId}/v1` begins with a segment that the recorded paths leave out.
fn placeholder(group: &str) -> &'static str {
    if group.contains("(base /{") { ANY } else { "" }
}

/// The path with its query sorted and without the caller's key, which no recording has.
fn canonical(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut pairs: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("api_key=")).collect();
    pairs.sort_unstable();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn the_order_of_parameters_and_the_key_do_not_matter() {
        assert_eq!(canonical("/a?c=3&api_key=k&b=2"), "/a?b=2&c=3");
        assert_eq!(canonical("/a?api_key=k"), "/a");
        assert_eq!(canonical("/a?"), "/a");
    }
}
