//! Which hooks can verify nothing, because none of their secrets is set.

use weir_catalog::Project;
use weir_edge::missing::Missing;

/// The hooks without a secret. Of several, which are there to be replaced one by one, one is enough.
pub(crate) fn missing<'a>(running: &[&'a Project], is_set: impl Fn(&str) -> bool) -> Vec<Missing<'a>> {
    let hooks = running.iter().flat_map(|project| project.hooks.iter().map(|hook| (&project.name, hook)));
    let without = hooks.filter(|(_, hook)| !hook.secrets.iter().any(|secret| is_set(&secret.name)));
    let named = without.map(|(project, hook)| Missing {
        project,
        hook: Some(&hook.name),
        secrets: hook.secrets.iter().map(|secret| secret.name.as_str()).collect(),
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::tests::project;
    use weir_catalog::Secret;

    #[test]
    fn a_hook_is_named_while_none_of_its_secrets_is_set() {
        let mut project = project();
        project.hooks[0].secrets = ["OLD", "NEW"].map(|name| Secret { name: name.into(), optional: false }).to_vec();
        let named = Missing { project: "demo", hook: Some("played"), secrets: vec!["OLD", "NEW"] };
        for (set, expected) in [(&[][..], vec![named.clone()]), (&["NEW"], vec![]), (&["OTHER"], vec![named])] {
            assert_eq!(missing(&[&project], |name| set.contains(&name)), expected, "{set:?}");
        }
    }
}
