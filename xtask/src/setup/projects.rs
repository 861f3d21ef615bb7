//! The project files, checked before anything is built.

use std::path::PathBuf;

use anyhow::{Result, bail};
use weir_catalog::Catalog;

use crate::checkout::Checkout;
use crate::steps::Done;

/// Says what is wrong with them, a line each; building would say the same much later.
pub(crate) fn validate(checkout: &Checkout) -> Result<Done> {
    catalog(checkout).map(|_| Done::Before)
}

/// What they say.
pub(crate) fn catalog(checkout: &Checkout) -> Result<Catalog> {
    match weir_catalog::compile_dir(&folder(checkout)) {
        Ok(catalog) => Ok(catalog),
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(|error| shown(checkout, &error.to_string())).collect();
            bail!("{}", lines.join("\n       "))
        }
    }
}

fn folder(checkout: &Checkout) -> PathBuf {
    std::env::var_os("WEIR_PROJECTS_DIR").map_or_else(|| checkout.root.join("projects"), PathBuf::from)
}

/// Paths inside the checkout are shown as one types them.
fn shown(checkout: &Checkout, line: &str) -> String {
    line.replace(&format!("{}/", checkout.root.display()), "")
}
