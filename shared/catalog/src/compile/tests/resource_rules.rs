//! What resources and hooks must be.

use super::refused;

#[test]
fn a_resource_names_an_upstream_that_exists() {
    refused(
        &[(r#"name = "player""#, "name = \"player\"\nupstream = \"apy\"")],
        &[r#"12: `upstream` is "apy"; there are: api"#],
    );
    refused(
        &[(
            "[[resource]]\nname = \"player\"",
            "[upstream.two]\nbase_url = \"https://b.example.com\"\nmount = \"/two\"\nbudget = [\"1/s\"]\n\n[[resource]]\nupstream = \"api\"\nname = \"player\"",
        )],
        &["26: a resource needs `upstream` where the project has several"],
    );
}

#[test]
fn names_are_given_once() {
    refused(
        &[(r#"name = "heroes""#, r#"name = "player""#)],
        &[r#"21: `name` is "player", which another one has already"#],
    );
    refused(
        &[(r#"name = "heroes""#, r#"name = "Heroes""#)],
        &["21: `name` must be a lower-case letter, then lower-case letters, digits and `-`, 40 at most"],
    );
    refused(
        &[(r#"name = "played""#, r#"name = "Played""#)],
        &["27: `name` must be a lower-case letter, then lower-case letters, digits and `-`, 40 at most"],
    );
    refused(
        &[(
            "[[hook]]",
            "[[hook]]\nname = \"played\"\nscheme = \"tba\"\nsecrets = [\"DEMO_HOOK\"]\nevent = \"/type\"\ndue = {}\n\n[[hook]]",
        )],
        &[r#"34: `name` is "played", which another one has already"#],
    );
}

#[test]
fn a_path_is_the_upstreams_and_can_be_told_from_others() {
    refused(
        &[(r#"path = "/heroes""#, r#"path = "heroes""#)],
        &[r#"22: `path` is "heroes"; write the upstream's path, from its first /, at most 200 bytes"#],
    );
    refused(
        &[(r#"path = "/heroes""#, r#"path = "/heroes/""#)],
        &["22: `path` has an empty part: no // and no / at the end"],
    );
    refused(
        &[(r#"path = "/heroes""#, r#"path = "/heroes/{id}.json""#)],
        &["22: `path` has the part `{id}.json`; write letters, digits and -._~, or a whole part as {parameter}"],
    );
    refused(
        &[(r#"path = "/heroes""#, r#"path = "/heroes/%41""#)],
        &["22: `path` has the part `%41`; write letters, digits and -._~, or a whole part as {parameter}"],
    );
    refused(
        &[(r#"path = "/heroes""#, r#"path = "/players/{name}""#)],
        &[
            r#"22: `path` is "/players/{name}", which cannot be told from "/api/players/{id}" of `player`"#,
            r#"24: `refresh` of = "all" needs a path without parameters, but this one has `name`; use "demanded""#,
        ],
    );
    refused(&[(r#"path = "/players/{id}""#, r#"path = "/players/{id}/{id}""#)], &["12: `path` has `{id}` twice"]);
    refused(
        &[(r#"path = "/players/{id}""#, r#"path = "/players/{i-d}""#)],
        &["12: `path` has `{i-d}`; a parameter is a letter, then letters, digits and `_`"],
    );
}

#[test]
fn parameters_are_declared_once_with_values_that_exist() {
    refused(
        &[(r#"params = { id = "u32" }"#, r#"params = { id = "u16" }"#)],
        &[r#"13: `id` has the type "u16"; there are "u32", "u64", "text" and lists of values"#],
    );
    refused(
        &[(r#"params = { id = "u32" }"#, r#"params = { id = "u32", name = "text" }"#)],
        &["13: `name` is not in the path"],
    );
    refused(
        &[(r#"params = { id = "u32" }"#, "params = { id = [] }")],
        &["13: `id` must list 1 to 256 different values of 1 to 64 bytes"],
    );
    refused(
        &[(r#"params = { id = "u32" }"#, r#"params = { id = ["a", "a"] }"#)],
        &["13: `id` must list 1 to 256 different values of 1 to 64 bytes"],
    );
    refused(
        &[(r#"params = { id = "u32" }"#, r#"params = { id = { type = "u32", min = 1 } }"#)],
        &["13: `min` belongs to text; a number can have `max` only"],
    );
    refused(
        &[(r#"params = { id = "u32" }"#, "params = { id = { min = 9, max = 3 } }")],
        &["13: `id` has min 9 above max 3"],
    );
    refused(
        &[(r#"params = { id = "u32" }"#, "params = { id = { max = 257 } }")],
        &["13: `max` must be a whole number from 1 to 256"],
    );
    refused(
        &[(r#"params = { id = "u32" }"#, r#"params = { id = { type = ["a"], max = 2 } }"#)],
        &["13: `max` does not belong to a list of values"],
    );
    refused(
        &[(r#"query = ["limit"]"#, r#"query = ["limit", "limit"]"#)],
        &["14: `query` has `limit`, which is declared already"],
    );
    refused(&[(r#"query = ["limit"]"#, r#"query = ["id"]"#)], &["14: `query` has `id`, which is declared already"]);
    refused(
        &[(r#"query = ["limit"]"#, r#"query = ["a b"]"#)],
        &[r#"14: `query` is "a b"; a query parameter is 1 to 64 letters, digits and -._~"#],
    );
    refused(
        &[(r#"query = ["limit"]"#, r#"query = "limit""#)],
        &["14: `query` must be a list of names or a table of names and types"],
    );
    refused(
        &[(r#"query = ["limit"]"#, r#"filters = "paging""#)],
        &[r#"14: `filters` is "paging"; write [filters.paging] with its parameters"#],
    );
    refused(
        &[(r#"query = ["limit"]"#, r#"query = { limit = { type = "u32", often = true } }"#)],
        &["14: unknown field `often`; a query parameter has: type, min, max, required, repeated"],
    );
}

#[test]
fn durations_are_in_order() {
    refused(
        &[(r#"ttl = "18m""#, r#"ttl = "18x""#)],
        &[r#"15: `ttl` is "18x"; write a duration like "90s", "18m", "2h", "30d" or "1w""#],
    );
    refused(&[(r#"ttl = "25h""#, r#"ttl = "0s""#)], &["23: ttl must be at least 1s"]);
    refused(&[("ttl = \"25h\"\n", "\n")], &["20: a resource needs `ttl`, its own or in [defaults]"]);
    refused(
        &[(r#"keep = "30d""#, r#"keep = "1d""#)],
        &["17: keep is 1d, shorter than ttl + grace (1d18m); raise keep or lower grace"],
    );
    refused(
        &[(r#"keep = "30d""#, "keep = \"30d\"\nhistory = \"ten days\"")],
        &[r#"18: `history` is "ten days"; write a duration like "90s", "18m", "2h", "30d" or "1w""#],
    );
    refused(
        &[("[[resource]]\nname = \"player\"", "[defaults]\nkeep = \"1h\"\n\n[[resource]]\nname = \"player\"")],
        &["26: keep is 1h, shorter than ttl + grace (1d1h); raise keep or lower grace"],
    );
}

#[test]
fn a_scheduled_resource_promises_no_more_than_ticks_keep() {
    refused(
        &[(r#"ttl = "18m""#, r#"ttl = "1049s""#)],
        &["18: `refresh` every 15m needs a ttl of at least 17m30s (every + 150 s), but ttl is 17m29s"],
    );
    refused(
        &[(r#"every = "15m""#, r#"every = "59s""#)],
        &[r#"18: `every` is "59s"; ticks come once a minute, so at least "1m""#],
    );
    refused(
        &[(r#"of = "demanded", within = "1h""#, r#"of = "demanded""#)],
        &[r#"18: `of` = "demanded" needs `within`, how long one read counts"#],
    );
    refused(
        &[(r#"within = "1h""#, r#"within = "14m""#)],
        &["18: `within` is shorter than every (15m), so no tick would come in time"],
    );
    refused(
        &[(r#"of = "demanded", within = "1h""#, r#"of = "some""#)],
        &[r#"18: `of` is "some"; there are "all" and "demanded""#],
    );
    refused(&[(r#"of = "all""#, r#"of = "all", within = "1d""#)], &[r#"24: `within` belongs to of = "demanded""#]);
    refused(
        &[(r#"of = "demanded", within = "1h""#, r#"of = "all""#)],
        &[r#"18: `refresh` of = "all" needs a path without parameters, but this one has `id`; use "demanded""#],
    );
    refused(
        &[(r#"path = "/heroes""#, "path = \"/heroes\"\nquery = { q = { required = true } }")],
        &[r#"25: `refresh` of = "all" needs a path without parameters, but this one has `q`; use "demanded""#],
    );
}

#[test]
fn pointers_and_names_of_values_are_checked() {
    refused(
        &[(r#"ttl = "25h""#, "ttl = \"25h\"\nexpect = [\"profile\"]")],
        &[r#"24: `expect` is "profile"; write a JSON pointer like "/profile/account_id""#],
    );
    refused(
        &[(r#"ttl = "25h""#, "ttl = \"25h\"\nexpect = \"/a~2\"")],
        &[r#"24: `expect` is "/a~2"; write a JSON pointer like "/profile/account_id""#],
    );
    refused(
        &[(r#"ttl = "25h""#, "ttl = \"25h\"\nguard = { unless = \"/*/private\" }")],
        &[r#"24: `unless` is "/*/private"; only `ignore` and `drop` can use `*`"#],
    );
    refused(
        &[(r#"ttl = "25h""#, "ttl = \"25h\"\ntrack = { Rank = \"/rank\" }")],
        &["24: `Rank` must be a lower-case letter, then lower-case letters, digits and `_`, 40 at most"],
    );
    refused(
        &[(r#"ttl = "25h""#, "ttl = \"25h\"\nadmit = \"first\"")],
        &[r#"24: `admit` is "first"; there is "second""#],
    );
    refused(
        &[(r#"ttl = "25h""#, "ttl = \"25h\"\nmax_entries = 0")],
        &["24: `max_entries` must be a whole number from 1 to 1000000"],
    );
}

#[test]
fn what_is_dropped_is_neither_expected_nor_recorded() {
    let with = |lines: &str| format!("ttl = \"25h\"\ndrop = [\"/rows/*/birthDate\", \"/home\"]\n{lines}");
    for (lines, reason) in [
        ("expect = \"/home\"", r#"24: `drop` has "/home", but `expect` needs "/home""#),
        ("expect = \"/home/city\"", r#"24: `drop` has "/home", but `expect` needs "/home/city""#),
        (
            "expect = \"/rows/0/birthDate\"",
            r#"24: `drop` has "/rows/*/birthDate", but `expect` needs "/rows/0/birthDate""#,
        ),
        (
            "track = { city = \"/home/city\" }",
            r#"24: `drop` has "/home", but `track` would record it: `city` is "/home/city""#,
        ),
        (
            "track = { first = \"/rows/0\" }",
            r#"24: `drop` has "/rows/*/birthDate", but `track` would record it: `first` is "/rows/0""#,
        ),
    ] {
        refused(&[(r#"ttl = "25h""#, &with(lines))], &[reason]);
    }
    let allowed =
        "expect = [\"/rows\", \"/homes\"]\ntrack = { id = \"/rows/0/id\" }\nguard = { unless = \"/home/hidden\" }";
    let text = super::DEMO.replacen("ttl = \"25h\"", &with(allowed), 1);
    assert_eq!(super::compiled(&text).resources.remove(1).drop, ["/rows/*/birthDate", "/home"]);
    refused(
        &[(r#"ttl = "25h""#, "ttl = \"25h\"\ndrop = [\"birthDate\"]")],
        &[r#"24: `drop` is "birthDate"; write a JSON pointer like "/profile/account_id""#],
    );
}

#[test]
fn a_hook_makes_due_what_exists_and_its_body_names() {
    let required = (r#"query = ["limit"]"#, "query = { limit = { required = true } }");
    refused(&[required], &[r#"33: `resources` has "player", whose `limit` is not in `with`"#]);
    refused(&[(r#"scheme = "tba""#, r#"scheme = "github""#)], &[r#"28: `scheme` is "github"; there is "tba""#]);
    refused(
        &[(r#"secrets = ["DEMO_HOOK"]"#, "secrets = []")],
        &["29: `secrets` must name 1 to 4 secrets; nobody could sign otherwise"],
    );
    refused(
        &[(r#"secrets = ["DEMO_HOOK"]"#, r#"secrets = ["hook"]"#)],
        &[r#"29: `secrets` must be the name of a Worker's secret, like "OPENDOTA_KEY", never its value"#],
    );
    refused(
        &[(r#"event = "/type""#, r#"event = "type""#)],
        &[r#"30: `event` is "type"; write a JSON pointer like "/profile/account_id""#],
    );
    refused(
        &[(r#"event = "/type""#, "event = \"/type\"\nmax_size = \"2MB\"")],
        &[r#"31: `max_size` is "2MB"; it must be from 1 B to 1000 kB"#],
    );
    refused(
        &[(r#"resources = ["player"]"#, r#"resources = ["players"]"#)],
        &[r#"33: `resources` has "players", which is no resource of this project"#],
    );
    refused(&[(r#"resources = ["player"]"#, "resources = []")], &["33: `resources` must name at least one resource"]);
    refused(
        &[(r#"with = { id = "/data/id" }"#, "with = {}")],
        &[r#"33: `resources` has "player", whose `id` is not in `with`"#],
    );
    refused(
        &[(r#"with = { id = "/data/id" }"#, r#"with = { id = "/data/id", team = "/data/team" }"#)],
        &["34: `team` is no parameter of these resources"],
    );
    refused(
        &[(r#"with = { id = "/data/id" }"#, r#"with = { id = "data" }"#)],
        &[r#"34: `id` is "data"; write a JSON pointer like "/profile/account_id""#],
    );
    refused(
        &[("[hook.due.match]\nresources = [\"player\"]\nwith = { id = \"/data/id\" }\n", "")],
        &["26: a hook needs `due`"],
    );
}
