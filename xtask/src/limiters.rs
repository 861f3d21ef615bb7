//! The rate limiters that `read` is bound to, held against the project files: wrangler cannot read those.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use weir_catalog::{Catalog, Window};

use crate::checkout::{CONFIGS, Checkout};
use crate::setup::projects;

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    ratelimits: Vec<Limiter>,
}

#[derive(Deserialize)]
struct Limiter {
    name: String,
    /// Counters belong to an account and a namespace.
    namespace_id: String,
    simple: Rate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
struct Rate {
    limit: u32,
    period: u64,
}

/// Fails, with what to paste, where wrangler.toml has other limiters than the project files need.
pub(crate) fn check(checkout: &Checkout) -> Result<()> {
    let [front_door, ..] = CONFIGS;
    let text = std::fs::read_to_string(checkout.root.join(front_door))
        .with_context(|| format!("{front_door} cannot be read"))?;
    compare(&text, &projects::catalog(checkout)?).with_context(|| front_door.to_owned())
}

fn compare(text: &str, catalog: &Catalog) -> Result<()> {
    let config: Config = toml::from_str(text)?;
    let needed = needed(catalog);
    let namespaces: BTreeSet<&str> = config.ratelimits.iter().map(|bound| bound.namespace_id.as_str()).collect();
    let numbers = namespaces.iter().all(|id| id.parse::<u32>().is_ok_and(|id| id > 0));
    if !numbers || namespaces.len() != config.ratelimits.len() {
        bail!("every [[ratelimits]] needs a namespace_id of its own, a number");
    }
    let bound: BTreeMap<String, Rate> = config.ratelimits.into_iter().map(|bound| (bound.name, bound.simple)).collect();
    if bound != needed {
        bail!("its [[ratelimits]] are not those of the project files; they must be exactly:\n{}", written(&needed));
    }
    Ok(())
}

/// One for each rate, by the name that `read` looks for.
fn needed(catalog: &Catalog) -> BTreeMap<String, Rate> {
    let limiter = |project: &weir_catalog::Project| {
        let Window { limit, per } = project.admission.rate_limit?;
        Some((project.admission.limiter()?, Rate { limit, period: per.as_secs() }))
    };
    catalog.projects.iter().filter_map(limiter).collect()
}

/// As it stands in wrangler.toml. A namespace's number follows from its rate, so that it is the same in every release.
fn written(needed: &BTreeMap<String, Rate>) -> String {
    let block = |(name, Rate { limit, period }): (&String, &Rate)| {
        let namespace = u64::from(*limit) * 100 + period;
        format!(
            "\n[[ratelimits]]\nname = \"{name}\"\nnamespace_id = \"{namespace}\"\nsimple = {{ limit = {limit}, period = {period} }}\n"
        )
    };
    needed.iter().map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A catalog of projects with these rates.
    fn catalog(rates: &[&str]) -> Catalog {
        let folder = std::env::temp_dir().join(format!(
            "weir-limiters-{}-{}",
            std::process::id(),
            rates.join("").replace('/', "-")
        ));
        std::fs::create_dir_all(&folder).expect("a folder");
        for (index, rate) in rates.iter().enumerate() {
            let head = format!("name = \"p{index}\"\ndescription = \"A demo\"\n{rate}\n");
            let upstream = "[upstream.api]\nbase_url = \"https://api.example\"\nbudget = [\"1/s\"]\nmount = \"/api\"\n";
            let resource = "[[resource]]\nname = \"a\"\npath = \"/a\"\nttl = \"1h\"\ngrace = \"1d\"\nkeep = \"30d\"\n";
            std::fs::write(folder.join(format!("p{index}.toml")), [&head, upstream, resource].concat())
                .expect("a file");
        }
        let catalog = weir_catalog::compile_dir(&folder);
        std::fs::remove_dir_all(&folder).expect("the folder");
        catalog.expect("a catalog")
    }

    #[test]
    fn the_front_door_has_the_limiters_of_the_project_files() {
        let checkout = Checkout::find().expect("a checkout");
        if let Err(error) = check(&checkout) {
            panic!("{error:#}");
        }
    }

    #[test]
    fn what_is_to_be_pasted_is_what_is_wanted() {
        let catalog = catalog(&["rate_limit = \"120/min\"", "rate_limit = \"5/10s\"", "rate_limit = \"120/60s\"", ""]);
        let pasted = written(&needed(&catalog));
        assert_eq!(pasted.matches("[[ratelimits]]").count(), 2, "one for each rate: {pasted}");
        assert!(compare(&pasted, &catalog).is_ok());
        let said = format!("{:#}", compare("", &catalog).expect_err("there is none"));
        assert!(said.ends_with(&pasted), "{said}");
    }

    #[test]
    fn a_limiter_of_another_rate_or_of_no_project_is_refused() {
        let catalog = catalog(&["rate_limit = \"120/min\""]);
        let right = written(&needed(&catalog));
        for wrong in [
            right.replace("limit = 120", "limit = 121"),
            right.replace("period = 60", "period = 10"),
            right.replace("RATE_120_60", "RATE"),
            right.replace("\"12060\"", "\"one\""),
            format!("{right}{}", right.replace("RATE_120_60", "RATE_1_10")),
            format!("{right}{}", right.replace("RATE_120_60", "RATE_1_10").replace("12060", "110")),
        ] {
            assert!(compare(&wrong, &catalog).is_err(), "{wrong}");
        }
        let operators_own = right.replace("\"12060\"", "\"7\"");
        assert!(compare(&operators_own, &catalog).is_ok(), "an operator may have used the number already");
    }
}
