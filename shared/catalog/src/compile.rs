//! From project files to the catalog, or to everything that is wrong with them.

mod admission;
mod checks;
mod dropped;
mod fields;
mod freshness;
mod hook;
mod params;
mod project;
mod report;
mod resource;
mod syntax;
mod units;
mod upstream;

pub use units::duration;

use crate::{Catalog, Project};
use report::Report;
use std::path::{Path, PathBuf};

/// Every isolate decodes and routes all of them when it starts.
const MAX_PROJECTS: usize = 64;

/// One thing that is wrong with a project file: `projects/opendota.toml:12: reason`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProjectError {
    /// The file, below the folder as it was given.
    pub file: PathBuf,
    /// Counted from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// What is wrong, and what to do.
    pub reason: String,
}

/// Compiles every `*.toml` of a folder, or says everything that is wrong with them.
pub fn compile_dir(dir: &Path) -> Result<Catalog, Vec<ProjectError>> {
    let files = project_files(dir).map_err(|error| vec![error])?;
    let (mut projects, mut errors) = (Vec::new(), Vec::new());
    for file in files {
        match compile_file(&file) {
            Ok(project) => projects.push(project),
            Err(found) => errors.extend(found),
        }
    }
    projects.sort_by(|a, b| a.name.cmp(&b.name));
    if errors.is_empty() { Ok(Catalog { projects }) } else { Err(errors) }
}

fn project_files(dir: &Path) -> Result<Vec<PathBuf>, ProjectError> {
    let refuse = |reason: String| ProjectError { file: dir.to_owned(), line: 0, reason };
    let unreadable = |error: std::io::Error| refuse(format!("cannot read the folder of project files: {error}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    match files.len() {
        0 => Err(refuse("there is no project file; write one like opendota.toml".to_owned())),
        count if count > MAX_PROJECTS => {
            Err(refuse(format!("{count} project files; at most {MAX_PROJECTS} are compiled")))
        }
        _ => Ok(files),
    }
}

fn compile_file(file: &Path) -> Result<Project, Vec<ProjectError>> {
    let unreadable =
        |error| vec![ProjectError { file: file.to_owned(), line: 0, reason: format!("cannot be read: {error}") }];
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    compile_text(file, &text)
}

/// Compiles one file's text; the file's stem must be the project's name.
fn compile_text(file: &Path, text: &str) -> Result<Project, Vec<ProjectError>> {
    let report = Report::new(file, text);
    let (document, broken) = toml::de::DeTable::parse_recoverable(text);
    for error in &broken {
        report.refuse(error.span().unwrap_or_default().start, error.message().to_owned());
    }
    // What follows broken syntax would be reported as missing or unknown.
    let project = if broken.is_empty() { project::project(&report, &document) } else { None };
    report.finish(project)
}

#[cfg(test)]
mod tests;

impl std::fmt::Display for ProjectError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.file.display(), self.reason),
            line => write!(out, "{}:{line}: {}", self.file.display(), self.reason),
        }
    }
}

impl std::error::Error for ProjectError {}
