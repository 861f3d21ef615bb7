//! Local secrets: each Worker's committed example becomes its `.dev.vars` once.

use anyhow::{Context, Result};

use crate::checkout::Checkout;
use crate::secrets::write_private;
use crate::steps::Done;

/// Copies what is missing; what is there is the developer's.
pub(crate) fn copy_examples(checkout: &Checkout) -> Result<Done> {
    let mut done = Done::Before;
    for function in ["receive", "refresh"] {
        let folder = checkout.root.join("functions").join(function);
        let (example, own) = (folder.join(".dev.vars.example"), folder.join(".dev.vars"));
        if own.exists() {
            continue;
        }
        let text =
            std::fs::read_to_string(&example).with_context(|| format!("{} cannot be read", example.display()))?;
        write_private(&own, &text)?;
        done = Done::Now;
    }
    Ok(done)
}
