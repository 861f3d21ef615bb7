//! What a Worker serves, and what a key of it is about.

use crate::work::Subject;
use weir_catalog::{Catalog, Key, Project, Routes};

/// The projects that run, out of everything that is compiled in.
#[derive(Clone, Copy)]
pub struct Grounds<'a> {
    /// Everything that is compiled in.
    pub catalog: &'a Catalog,
    /// The paths of the projects that run.
    pub routes: &'a Routes,
    /// The projects that run.
    pub running: &'a [&'a Project],
}

impl<'a> Grounds<'a> {
    /// What a key is about; `None` where no running project has such a key.
    pub fn subject(&self, key: &Key) -> Option<Subject<'a>> {
        let (path, query) = match key.as_str().split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (key.as_str(), None),
        };
        let route = self.routes.find(self.catalog, &format!("/{path}"), query).ok()?;
        let project = self.catalog.projects.get(route.project)?;
        if route.key == *key { Subject::of(project, project.resources.get(route.resource)?) } else { None }
    }
}
