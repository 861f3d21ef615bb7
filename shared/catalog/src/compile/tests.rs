//! Whole files: what they become, and that everything wrong with them is said at once.

mod admission_rules;
mod opendota;
mod project_rules;
mod resource_rules;

use super::{ProjectError, compile_dir, compile_text};
use crate::{
    Access, Admission, Auth, Expected, Hook, HookScheme, MakesDue, Param, Population, Project, QueryParam, Refresh,
    Resource, Secret, Slot, Upstream, Window,
};
use std::path::Path;
use std::time::Duration;

const FILE: &str = "projects/demo.toml";

/// The shortest file with one of everything; the rules' tests break it line by line.
const DEMO: &str = r#"name = "demo"
description = "A demo"

[upstream.api]
base_url = "https://api.example.com/v1"
mount = "/api"
auth = { query = "api_key", secret = "DEMO_KEY", optional = true }
budget = ["60/min", "3000/day"]

[[resource]]
name = "player"
path = "/players/{id}"
params = { id = "u32" }
query = ["limit"]
ttl = "18m"
grace = "1d"
keep = "30d"
refresh = { every = "15m", of = "demanded", within = "1h" }

[[resource]]
name = "heroes"
path = "/heroes"
ttl = "25h"
refresh = { every = "1d", of = "all" }

[[hook]]
name = "played"
scheme = "tba"
secrets = ["DEMO_HOOK"]
event = "/type"

[hook.due.match]
resources = ["player"]
with = { id = "/data/id" }
"#;

/// Asserts that the demo file with these edits is refused for exactly these reasons, each written `line: reason`.
fn refused(edits: &[(&str, &str)], reasons: &[&str]) {
    let text = edits.iter().fold(DEMO.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the demo file has no {from}");
        text.replacen(from, to, 1)
    });
    let errors = compile_text(Path::new(FILE), &text).expect_err("the edited file compiles");
    let said: Vec<String> = errors.iter().map(ProjectError::to_string).collect();
    let expected: Vec<String> = reasons.iter().map(|reason| format!("{FILE}:{reason}")).collect();
    assert_eq!(said, expected, "{edits:?}");
}

fn compiled(text: &str) -> Project {
    compile_text(Path::new(FILE), text).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

#[test]
fn a_file_becomes_what_it_says() {
    let Project { name, description, access, admission, board_shards, upstreams, resources, hooks } = compiled(DEMO);
    assert_eq!((&*name, &*description, access, board_shards), ("demo", "A demo", Access::Public, 1));
    assert_eq!(admission, Admission::default(), "everybody, from everywhere");
    let api = Upstream {
        name: "api".into(),
        base_url: "https://api.example.com/v1".into(),
        mount: "/api".into(),
        auth: Some(Auth {
            slot: Slot::Query("api_key".into()),
            secret: Secret { name: "DEMO_KEY".into(), optional: true },
        }),
        budget: vec![Window { limit: 60, per: minutes(1) }, Window { limit: 3_000, per: minutes(24 * 60) }],
        reserve_percent: 20,
        timeout: Duration::from_secs(5),
        max_bytes: 8_000_000,
    };
    assert_eq!(upstreams, [api]);
    let player = Resource {
        name: "player".into(),
        upstream: 0,
        path: "/players/{id}".into(),
        params: vec![Param { name: "id".into(), expected: Expected::Number { max: 4_294_967_295 } }],
        query: vec![QueryParam {
            name: "limit".into(),
            expected: Expected::Text { min: 1, max: 128 },
            required: false,
            repeated: false,
        }],
        ttl: minutes(18),
        grace: minutes(24 * 60),
        keep: minutes(30 * 24 * 60),
        refresh: Some(Refresh { every: minutes(15), of: Population::Demanded { within: minutes(60) } }),
        expect: vec![],
        unless: vec![],
        never_empty: false,
        ignore: vec![],
        drop: vec![],
        track: vec![],
        admit_second: false,
        max_entries: 100_000,
        history: minutes(30 * 24 * 60),
    };
    assert_eq!(resources.first(), Some(&player));
    let with = vec![("id".to_owned(), "/data/id".to_owned())];
    let hook = Hook {
        name: "played".into(),
        scheme: HookScheme::Tba,
        secrets: vec![Secret { name: "DEMO_HOOK".into(), optional: false }],
        max_bytes: 64_000,
        event: "/type".into(),
        due: vec![MakesDue { event: "match".into(), resources: vec![0], with }],
    };
    assert_eq!(hooks, [hook]);
}

#[test]
fn what_a_resource_leaves_unsaid_has_a_default() {
    let heroes = |text: &str| compiled(text).resources.remove(1);
    let plain = heroes(DEMO);
    assert_eq!((plain.grace, plain.keep, plain.history), (Duration::ZERO, minutes(25 * 60), minutes(30 * 24 * 60)));
    let defaults =
        "[defaults]\ngrace = \"1h\"\nkeep = \"60d\"\nhistory = \"1d\"\nparams = { q = \"u64\" }\n\n[upstream.api]";
    let text = DEMO.replacen("[upstream.api]", defaults, 1).replacen(
        "path = \"/heroes\"",
        "path = \"/heroes\"\nquery = [\"q\"]",
        1,
    );
    let shaped = heroes(&text);
    assert_eq!((shaped.grace, shaped.keep, shaped.history), (minutes(60), minutes(60 * 24 * 60), minutes(24 * 60)));
    assert_eq!(shaped.query.first().map(|param| &param.expected), Some(&Expected::Number { max: u64::MAX }));
}

#[test]
fn policies_of_a_resource_are_taken_over() {
    let policy = "expect = \"/a\"\nguard = { unless = [\"/b\", \"/c\"], never_empty = true }\nignore = [\"/*/d\"]\ndrop = \"/g/*/f\"\n\
                  track = { e = \"/e\" }\nadmit = \"second\"\nmax_entries = 7\nttl = \"25h\"";
    let heroes = compiled(&DEMO.replacen("ttl = \"25h\"", policy, 1)).resources.remove(1);
    assert_eq!((heroes.expect, heroes.unless), (vec!["/a".to_owned()], vec!["/b".to_owned(), "/c".to_owned()]));
    assert_eq!((heroes.never_empty, heroes.admit_second, heroes.max_entries), (true, true, 7));
    assert_eq!(heroes.drop, ["/g/*/f"]);
    assert_eq!((heroes.ignore, heroes.track), (vec!["/*/d".to_owned()], vec![("e".to_owned(), "/e".to_owned())]));
}

#[test]
fn filters_are_shared_by_name_and_sorted_with_the_rest() {
    let text = DEMO
        .replacen("[upstream.api]", "[filters.paging]\noffset = \"u32\"\nlimit = [\"10\", \"20\"]\n\n[upstream.api]", 1)
        .replacen("query = [\"limit\"]", "filters = \"paging\"\nquery = { near = { min = 3, max = 50 } }", 1);
    let player = compiled(&text).resources.remove(0);
    let names: Vec<&str> = player.query.iter().map(|param| &*param.name).collect();
    assert_eq!(names, ["limit", "near", "offset"]);
    let twice = [
        ("query = [\"limit\"]", "filters = \"paging\"\nquery = [\"limit\"]"),
        ("[upstream.api]", "[filters.paging]\nlimit = \"u32\"\n\n[upstream.api]"),
    ];
    refused(&twice, &["18: `query` has `limit`, which is declared already"]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once_from_top_to_bottom() {
    refused(
        &[
            ("\"60/min\"", "\"60\""),
            ("\"u32\"", "\"u16\""),
            ("ttl = \"25h\"", "tll = \"25h\""),
            ("\"player\"]", "\"plaice\"]"),
        ],
        &[
            "8: `budget` is \"60\"; write calls per time like \"60/min\", \"3000/day\", \"100/15min\" or \"10/10s\"",
            "13: `id` has the type \"u16\"; there are \"u32\", \"u64\", \"text\" and lists of values",
            "20: a resource needs `ttl`, its own or in [defaults]",
            "23: unknown field `tll` (did you mean `ttl`?); a resource has: name, path, upstream, params, filters, query, ttl, \
             grace, keep, history, refresh, expect, guard, ignore, drop, track, admit, max_entries",
            "33: `resources` has \"plaice\", which is no resource of this project",
        ],
    );
}

#[test]
fn a_project_cannot_take_the_place_of_webhooks() {
    let errors =
        compile_text(Path::new("projects/hooks.toml"), &DEMO.replacen("\"demo\"", "\"hooks\"", 1)).unwrap_err();
    let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["projects/hooks.toml:1: `name` is \"hooks\", where webhooks arrive; choose another"]);
}

#[test]
fn everything_is_bounded_in_number() {
    let many = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>();
    let list = |count: usize| many(count, &|index| format!("\"/p{index}\"")).join(", ");
    let at_ttl = |line: String| ("ttl = \"25h\"", format!("ttl = \"25h\"\n{line}"));
    let table = |count: usize| many(count, &|index| format!("p{index} = \"/p{index}\"")).join(", ");
    let names = many(65, &|index| format!("\"p{index}\"")).join(", ");
    for ((from, to), reason) in [
        (at_ttl(format!("expect = [{}]", list(33))), "24: `expect` has 33 pointers; at most 32 are checked"),
        (at_ttl(format!("track = {{ {} }}", table(33))), "24: `track` has 33 values; at most 32 are recorded"),
        (at_ttl(format!("query = [{names}]")), "24: `query` has 65 parameters; at most 64 can be declared"),
        (
            (
                "[[hook]]",
                many(255, &|index| {
                    format!("[[resource]]\nname = \"r{index}\"\npath = \"/r{index}\"\nttl = \"1h\"\n\n")
                })
                .concat()
                    + "[[hook]]",
            ),
            "10: `resource` has 257 tables; a project has at most 256 resources",
        ),
        (
            ("[[hook]]", "[[hook]]\nname = \"h\"\n".repeat(32) + "[[hook]]"),
            "26: `hook` has 33 tables; a project has at most 32 hooks",
        ),
    ] {
        let errors = compile_text(Path::new(FILE), &DEMO.replacen(from, &to, 1)).unwrap_err();
        assert!(errors.iter().any(|error| error.to_string() == format!("{FILE}:{reason}")), "{reason}: {errors:?}");
    }
    assert!(
        compile_text(
            Path::new(FILE),
            &DEMO.replacen("ttl = \"25h\"", &at_ttl(format!("expect = [{}]", list(32))).1, 1)
        )
        .is_ok()
    );
}

#[test]
fn a_secret_written_into_a_file_is_not_shown() {
    for edit in [
        ("\"DEMO_KEY\"", "\"hunter2\""),
        ("https://", "https://me:hunter2@"),
        ("https://", "me:hunter2@"),
        ("\"DEMO_HOOK\"", "\"hunter2\""),
    ] {
        let errors = compile_text(Path::new(FILE), &DEMO.replacen(edit.0, edit.1, 1)).unwrap_err();
        assert!(errors.iter().all(|error| !error.to_string().contains("hunter2")), "{errors:?}");
    }
}

#[test]
fn a_folder_is_compiled_in_the_order_of_names_or_refused_by_file_and_line() {
    let dir = std::env::temp_dir().join(format!("weir-catalog-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let said = |dir: &Path| compile_dir(dir).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>();
    let shown = dir.display();
    assert_eq!(said(&dir), [format!("{shown}: there is no project file; write one like opendota.toml")]);
    std::fs::write(dir.join("README.md"), "not a project").unwrap();
    for name in ["demo-b", "demo"] {
        std::fs::write(dir.join(format!("{name}.toml")), DEMO.replacen("\"demo\"", &format!("\"{name}\""), 1)).unwrap();
    }
    let names: Vec<String> = compile_dir(&dir).unwrap().projects.into_iter().map(|project| project.name).collect();
    assert_eq!(names, ["demo", "demo-b"]);
    std::fs::write(dir.join("demo.toml"), "name = 1").unwrap();
    std::fs::write(dir.join("latin.toml"), b"name = \"\xe4\"").unwrap();
    assert_eq!(said(&dir).first(), Some(&format!("{shown}/demo.toml:1: `name` must be text in quotes")));
    assert!(said(&dir).iter().any(|error| error.starts_with(&format!("{shown}/latin.toml: cannot be read: "))));
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(said(&dir).first().is_some_and(|error| error.starts_with(&format!("{shown}: cannot read the folder"))));
}
