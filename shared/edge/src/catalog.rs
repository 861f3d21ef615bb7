//! The catalog that this module embeds, and which of its projects run here.

use crate::env::{flag, text};
use crate::missing::Missing;
use std::cell::OnceCell;
use weir_catalog::{Catalog, Project, Routes};
use worker::{Env, console_error};

/// Two Workers built from the same project files have the same.
pub const FINGERPRINT: &str = env!("WEIR_CATALOG_FINGERPRINT");

const COMPILED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/catalog.bin"));

/// What this isolate serves. Made once; only a new deployment changes it.
pub struct Serving {
    /// Everything compiled in.
    pub catalog: &'static Catalog,
    /// The projects that run.
    pub running: Vec<&'static Project>,
    /// The named projects that do not, for want of secrets.
    pub missing: Vec<Missing<'static>>,
    routes: Routes,
}

/// Whose secrets a project has to have before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// This Worker uses none.
    Nothing,
    /// Those of its upstreams.
    UpstreamSecrets,
}

thread_local! {
    static SERVING: OnceCell<&'static Serving> = const { OnceCell::new() };
}

impl Serving {
    /// What this isolate serves, by the variable `PROJECTS`.
    pub fn of(env: &Env, needs: Needs) -> &'static Self {
        SERVING.with(|serving| *serving.get_or_init(|| Box::leak(Box::new(Self::begin(env, needs)))))
    }

    fn begin(env: &Env, needs: Needs) -> Self {
        let catalog = Catalog::decode(COMPILED).unwrap_or_else(|error| {
            console_error!("{error}");
            Catalog { projects: Vec::new() }
        });
        let names = text(env, "PROJECTS").unwrap_or_default();
        let (serving, complaints) = Self::choose(Box::leak(Box::new(catalog)), &names, needs, |name| flag(env, name));
        for complaint in complaints {
            console_error!("{complaint}");
        }
        serving
    }

    fn choose(
        catalog: &'static Catalog,
        names: &str,
        needs: Needs,
        is_set: impl Fn(&str) -> bool,
    ) -> (Self, Vec<String>) {
        let (mut running, mut missing, mut complaints) = (Vec::<&'static Project>::new(), Vec::new(), Vec::new());
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match catalog.project(name) {
                Some(project) => match missing_secrets(project, needs, &is_set) {
                    Some(without) if missing.contains(&without) => {}
                    Some(without) => {
                        let secrets = without.secrets.join(", ");
                        complaints.push(format!("project {name} does not start: set the secret {secrets}"));
                        missing.push(without);
                    }
                    None if running.contains(&project) => {}
                    None => running.push(project),
                },
                None => complaints.push(format!("PROJECTS names {name}, but no project file of this build does")),
            }
        }
        if running.is_empty() {
            complaints.push("no project runs: name some in the variable PROJECTS".to_owned());
        }
        let names: Vec<&str> = running.iter().map(|project| project.name.as_str()).collect();
        (Self { catalog, routes: Routes::new(catalog, &names), running, missing }, complaints)
    }

    /// The paths of the projects that run.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// The project of this name, if it runs.
    pub fn project(&self, name: &str) -> Option<&'static Project> {
        self.running.iter().find(|project| project.name == name).copied()
    }
}

/// What a project has to have before it starts and has not.
fn missing_secrets(
    project: &'static Project,
    needs: Needs,
    is_set: &impl Fn(&str) -> bool,
) -> Option<Missing<'static>> {
    match needs {
        Needs::Nothing => None,
        Needs::UpstreamSecrets => {
            let secrets = project.upstreams.iter().filter_map(|upstream| Some(&upstream.auth.as_ref()?.secret));
            let missing = secrets.filter(|secret| !secret.optional && !is_set(&secret.name));
            let mut secrets: Vec<&str> = missing.map(|secret| secret.name.as_str()).collect();
            secrets.dedup();
            (!secrets.is_empty()).then(|| Missing { project: &project.name, hook: None, secrets })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use weir_catalog::{Access, Admission, Auth, Secret, Slot, Upstream};

    fn project(name: &str, auth: Option<Auth>) -> Project {
        let upstream = Upstream {
            name: "api".into(),
            base_url: "https://api.example".into(),
            mount: "/api".into(),
            auth,
            budget: vec![],
            reserve_percent: 0,
            timeout: Duration::from_secs(5),
            max_bytes: 1,
        };
        Project {
            name: name.into(),
            description: String::new(),
            access: Access::Public,
            admission: Admission::default(),
            board_shards: 1,
            upstreams: vec![upstream],
            resources: vec![],
            hooks: vec![],
        }
    }

    fn auth(optional: bool) -> Auth {
        Auth { slot: Slot::Bearer, secret: Secret { name: "KEY".into(), optional } }
    }

    fn catalog() -> &'static Catalog {
        let projects =
            vec![project("free", None), project("may", Some(auth(true))), project("must", Some(auth(false)))];
        Box::leak(Box::new(Catalog { projects }))
    }

    fn chosen(names: &str, needs: Needs, set: &[&str]) -> (Vec<&'static str>, Vec<String>) {
        let (serving, complaints) = Serving::choose(catalog(), names, needs, |name| set.contains(&name));
        (serving.running.iter().map(|project| project.name.as_str()).collect(), complaints)
    }

    #[test]
    fn the_embedded_catalog_is_of_this_build() {
        let catalog = Catalog::decode(COMPILED).unwrap();
        assert_eq!(format!("{:016x}", catalog.fingerprint()), FINGERPRINT);
    }

    #[test]
    fn only_named_projects_run_and_each_once() {
        assert_eq!(chosen(" may ,free,,may", Needs::Nothing, &[]), (vec!["may", "free"], vec![]));
    }

    #[test]
    fn an_unknown_name_is_complained_about_and_ignored() {
        let (running, complaints) = chosen("free,ftc", Needs::Nothing, &[]);
        assert_eq!(running, ["free"]);
        assert_eq!(complaints, ["PROJECTS names ftc, but no project file of this build does"]);
    }

    #[test]
    fn without_a_name_nothing_runs() {
        let (running, complaints) = chosen("", Needs::Nothing, &[]);
        assert!(running.is_empty());
        assert_eq!(complaints, ["no project runs: name some in the variable PROJECTS"]);
    }

    #[test]
    fn a_project_without_a_secret_it_requires_does_not_start_where_the_secret_is_used() {
        let all = "free,may,must";
        let (running, complaints) = chosen(all, Needs::UpstreamSecrets, &[]);
        assert_eq!((running, complaints.len()), (vec!["free", "may"], 1));
        assert!(complaints[0].contains("KEY"));
        let missing = |set: &[&str]| {
            Serving::choose(catalog(), "must,must", Needs::UpstreamSecrets, |name| set.contains(&name)).0.missing
        };
        assert_eq!(missing(&[]), [Missing { project: "must", hook: None, secrets: vec!["KEY"] }]);
        assert_eq!(missing(&["KEY"]), []);
        assert_eq!(chosen(all, Needs::UpstreamSecrets, &["KEY"]).0, ["free", "may", "must"]);
        assert_eq!(chosen(all, Needs::Nothing, &[]).0, ["free", "may", "must"]);
    }
}
