//! Collects what is wrong with one file, by line.

use super::ProjectError;
use std::cell::RefCell;
use std::path::Path;

/// Every error of a file so far.
pub(super) struct Report<'a> {
    file: &'a Path,
    text: &'a str,
    errors: RefCell<Vec<ProjectError>>,
}

impl<'a> Report<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        Self { file, text, errors: RefCell::new(Vec::new()) }
    }

    /// Notes what is wrong at a byte of the file.
    pub(super) fn refuse(&self, offset: usize, reason: String) {
        let before = self.text.as_bytes().iter().take(offset);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        self.errors.borrow_mut().push(ProjectError { file: self.file.to_owned(), line, reason });
    }

    /// The file's name without its ending.
    pub(super) fn stem(&self) -> &str {
        self.file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default()
    }

    /// What was made of the file if nothing is wrong with it, else everything that is, from top to bottom.
    pub(super) fn finish<T>(self, made: Option<T>) -> Result<T, Vec<ProjectError>> {
        let mut errors = self.errors.into_inner();
        errors.sort();
        errors.dedup();
        match made {
            Some(made) if errors.is_empty() => Ok(made),
            _ => Err(errors),
        }
    }
}
