//! From a request's path and query to the resource and the key.

use crate::{Catalog, Expected, Key, Project, QueryParam, Resource, spelling};
use matchit::Router;
use std::borrow::Cow;

/// Every path that exists, compiled once per isolate.
#[derive(Clone)]
pub struct Routes(Router<Place>);

/// Where a resource stands in the catalog.
#[derive(Clone, Copy)]
struct Place {
    project: usize,
    resource: usize,
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Index into [`Catalog::projects`].
    pub project: usize,
    /// Index into [`Project::resources`].
    pub resource: usize,
    /// The entry's name.
    pub key: Key,
}

/// Why a request asks for nothing that can exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No resource has this path (404).
    #[error("no such path")]
    NotFound,
    /// A part of the path is no value this parameter can have (404).
    #[error("`{param}` cannot have this value")]
    BadPath {
        /// The parameter's name.
        param: String,
    },
    /// A query parameter has a value it cannot have, or appears too often (400).
    #[error("query parameter `{param}` {reason}")]
    BadQuery {
        /// The parameter's name.
        param: String,
        /// What it must be; follows the name in a sentence.
        reason: String,
    },
    /// A query parameter that the path needs is absent or empty (400).
    #[error("query parameter `{param}` is required")]
    MissingQuery {
        /// The parameter's name.
        param: String,
    },
    /// The key would not fit into the hot tier (414).
    #[error("the path and its query are too long")]
    TooLong,
}

impl Routes {
    /// Takes in the paths of those projects that run; the others' do not exist.
    pub fn new(catalog: &Catalog, running: &[impl AsRef<str>]) -> Self {
        let mut router = Router::new();
        for (project, named) in catalog.projects.iter().enumerate() {
            if !running.iter().any(|name| name.as_ref() == named.name) {
                continue;
            }
            for (resource, declared) in named.resources.iter().enumerate() {
                let pattern = format!("/{}{}{}", named.name, named.mount_of(declared), declared.path);
                // Compiling the catalog has refused conflicting patterns; the first of two keeps its path otherwise.
                let _conflict = router.insert(pattern, Place { project, resource });
            }
        }
        Self(router)
    }

    /// Finds what `path` (as it was sent, `/opendota/api/players/1/wl`) and `query` (without its `?`) ask for.
    ///
    /// Parameters that are not declared vanish, and with them every credential a client may have sent.
    pub fn find(&self, catalog: &Catalog, path: &str, query: Option<&str>) -> Result<Route, RouteError> {
        let path = canonical_path(path).ok_or(RouteError::NotFound)?;
        let matched = self.0.at(&path).map_err(|_| RouteError::NotFound)?;
        let Place { project, resource } = *matched.value;
        let owner = catalog.projects.get(project).ok_or(RouteError::NotFound)?;
        let declared = owner.resources.get(resource).ok_or(RouteError::NotFound)?;
        let key =
            owner.spell(declared, |name| matched.params.get(name).and_then(spelling::decode), query_pairs(query))?;
        Ok(Route { project, resource, key })
    }
}

impl Catalog {
    /// The project of this name.
    pub fn project(&self, name: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.name == name)
    }
}

impl Project {
    /// The resource of this name, and its index.
    pub fn resource(&self, name: &str) -> Option<(usize, &Resource)> {
        self.resources.iter().enumerate().find(|(_, resource)| resource.name == name)
    }

    /// The key of a resource with these parameters, of its path or its query; those it has not are left out.
    ///
    /// `None` where no request could ask for it.
    pub fn key(&self, resource: usize, params: &[(&str, &str)]) -> Option<Key> {
        let of_path =
            |name: &str| params.iter().find(|(given, _)| *given == name).map(|(_, value)| Cow::Borrowed(*value));
        let of_query = params.iter().map(|(name, value)| (Cow::Borrowed(*name), Some(Cow::Borrowed(*value))));
        self.spell(self.resources.get(resource)?, of_path, of_query).ok()
    }

    /// Every key that exists without being asked for: those of resources that ticks refresh whole.
    pub fn static_keys(&self) -> Vec<(usize, Key)> {
        let whole = |resource: &Resource| resource.refresh.is_some_and(|refresh| refresh.of == crate::Population::All);
        let indexed = self.resources.iter().enumerate().filter(|(_, resource)| whole(resource));
        indexed.filter_map(|(index, _)| self.key(index, &[]).map(|key| (index, key))).collect()
    }

    /// Where the upstream has this entry, without Weir's credential.
    pub fn upstream_url(&self, resource: &Resource, key: &Key) -> String {
        let base = self.upstreams.get(resource.upstream).map_or("", |upstream| &upstream.base_url);
        let before = self.name.len() + self.mount_of(resource).len();
        format!("{base}{}", key.as_str().get(before..).unwrap_or_default())
    }

    fn mount_of(&self, resource: &Resource) -> &str {
        self.upstreams.get(resource.upstream).map_or("", |upstream| &upstream.mount)
    }

    /// Writes the canonical name, from decoded path values and query pairs in any order.
    fn spell<'a>(
        &self,
        resource: &Resource,
        path_value: impl Fn(&str) -> Option<Cow<'a, str>>,
        query: impl Iterator<Item = Pair<'a>>,
    ) -> Result<Key, RouteError> {
        let mut name = format!("{}{}", self.name, self.mount_of(resource));
        for segment in resource.path.split('/').skip(1) {
            name.push('/');
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(param) => spelling::encode_into(&mut name, &checked(resource, param, path_value(param))?),
                None => name.push_str(segment),
            }
        }
        // A pattern that begins with a parameter must not take Weir's own paths.
        if name.split('/').nth(1) == Some("-") {
            return Err(RouteError::NotFound);
        }
        for (index, (param, value)) in declared_pairs(resource, query)?.into_iter().enumerate() {
            name.push(if index == 0 { '?' } else { '&' });
            spelling::encode_into(&mut name, &param.name);
            name.push('=');
            spelling::encode_into(&mut name, &value);
        }
        Key::new(name).map_err(|_| RouteError::TooLong)
    }
}

/// A decoded name and value; no value where its encoding was broken.
type Pair<'a> = (Cow<'a, str>, Option<Cow<'a, str>>);

/// Decodes and encodes every segment again; `None` for what no declared path can be.
fn canonical_path(path: &str) -> Option<Cow<'_, str>> {
    if path.bytes().all(|byte| byte == b'/' || spelling::is_unreserved(byte)) {
        return Some(Cow::Borrowed(path));
    }
    let mut canonical = String::with_capacity(path.len());
    for segment in path.strip_prefix('/')?.split('/') {
        let text = spelling::decode(segment)?;
        if text.contains('/') {
            return None;
        }
        canonical.push('/');
        spelling::encode_into(&mut canonical, &text);
    }
    Some(Cow::Owned(canonical))
}

/// A path's value, if it can exist; dots and slashes would lead elsewhere in the upstream.
fn checked<'a>(resource: &Resource, param: &str, value: Option<Cow<'a, str>>) -> Result<Cow<'a, str>, RouteError> {
    let expected = resource.params.iter().find(|declared| declared.name == param).map(|declared| &declared.expected);
    value
        .filter(|value| !matches!(&**value, "" | "." | "..") && !value.contains('/'))
        .filter(|value| expected.is_some_and(|expected| expected.allows(value)))
        .ok_or_else(|| RouteError::BadPath { param: param.to_owned() })
}

/// Splits a raw query; what has no readable name is nothing that could be declared.
fn query_pairs(query: Option<&str>) -> impl Iterator<Item = Pair<'_>> {
    query.unwrap_or_default().split('&').filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((spelling::decode_form(name)?, spelling::decode_form(value)))
    })
}

/// The pairs that are part of the key, in their one order.
fn declared_pairs<'r, 'a>(
    resource: &'r Resource,
    query: impl Iterator<Item = Pair<'a>>,
) -> Result<Vec<(&'r QueryParam, Cow<'a, str>)>, RouteError> {
    let mut pairs = Vec::new();
    for (name, value) in query {
        let Some(param) = resource.query.iter().find(|declared| declared.name == name) else { continue };
        // An empty parameter is an absent one: FTC Events says so, and others act like it.
        if value.as_deref() != Some("") {
            pairs.push((param, allowed(param, value)?));
        }
    }
    pairs.sort_by(|(a, value_a), (b, value_b)| (&a.name, value_a).cmp(&(&b.name, value_b)));
    once_each(&mut pairs)?;
    match resource.query.iter().find(|param| param.required && !pairs.iter().any(|(given, _)| given.name == param.name))
    {
        Some(missing) => Err(RouteError::MissingQuery { param: missing.name.clone() }),
        None => Ok(pairs),
    }
}

fn allowed<'a>(param: &QueryParam, value: Option<Cow<'a, str>>) -> Result<Cow<'a, str>, RouteError> {
    let describe = Expected::describe;
    let bad = || RouteError::BadQuery { param: param.name.clone(), reason: describe(&param.expected) };
    value.filter(|value| param.expected.allows(value)).ok_or_else(bad)
}

/// Refuses a second value where there is one, and drops repetitions where there are several: both would be other names
/// of the same answer.
fn once_each(pairs: &mut Vec<(&QueryParam, Cow<'_, str>)>) -> Result<(), RouteError> {
    let twice = pairs.windows(2).find_map(|two| match two {
        [(a, _), (b, _)] if a.name == b.name && !a.repeated => Some(a.name.clone()),
        _ => None,
    });
    if let Some(param) = twice {
        return Err(RouteError::BadQuery { param, reason: "must appear only once".to_owned() });
    }
    pairs.dedup_by(|(a, value_a), (b, value_b)| a.name == b.name && value_a == value_b);
    Ok(())
}

#[cfg(test)]
mod tests;
