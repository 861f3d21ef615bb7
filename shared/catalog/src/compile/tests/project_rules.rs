//! What a project and its upstreams must be.

use super::{DEMO, compiled, refused};
use crate::Access;

#[test]
fn a_file_that_is_no_toml_says_where() {
    refused(&[(r#"name = "demo""#, "name = ")], &["1: string values must be quoted, expected literal string"]);
    refused(&[(r#"ttl = "18m""#, "ttl = \"18m\"\nttl = \"19m\"")], &["16: duplicate key"]);
    refused(&[("[hook.due.match]", "[hook.due.match")], &["32: unclosed table, expected `]`"]);
}

#[test]
fn unknown_and_missing_fields_are_named() {
    refused(
        &[(r#"ttl = "18m""#, r#"tll = "18m""#)],
        &[
            "10: a resource needs `ttl`, its own or in [defaults]",
            "15: unknown field `tll` (did you mean `ttl`?); a resource has: name, path, upstream, params, filters, query, ttl, grace, keep, history, refresh, expect, guard, ignore, drop, track, admit, max_entries",
        ],
    );
    refused(
        &[(r#"description = "A demo""#, "tags = []\ndescription = \"A demo\"")],
        &[
            "2: unknown field `tags`; a project has: name, description, access, rate_limit, cors, allow_ips, board_shards, defaults, filters, upstream, resource, hook",
        ],
    );
    refused(&[("description = \"A demo\"\n", "\n")], &["1: a project needs `description`"]);
    refused(&[("path = \"/heroes\"\n", "\n")], &["20: a resource needs `path`"]);
    refused(&[("budget = [\"60/min\", \"3000/day\"]\n", "\n")], &["4: an upstream needs `budget`"]);
    refused(&[(r#"ttl = "25h""#, "ttl = 25")], &["23: `ttl` must be text in quotes"]);
    refused(
        &[("[[resource]]\nname = \"heroes\"", "[[resource]]\nguard = { never = true }\nname = \"heroes\"")],
        &["21: unknown field `never`; guard has: unless, never_empty"],
    );
    refused(&[("[[hook]]", "[hook]")], &["26: `hook` must be a list: tables headed [[hook]], or values in [ ]"]);
    refused(
        &[(r#"secrets = ["DEMO_HOOK"]"#, "secrets = [{ optional = 1 }]")],
        &["29: `optional` must be true or false", "29: a secret needs `name`"],
    );
}

#[test]
fn a_project_is_everybodys_or_read_with_a_key() {
    let with = |access: &str| compiled(&DEMO.replace("A demo\"", &format!("A demo\"\naccess = \"{access}\""))).access;
    assert_eq!((with("public"), with("key")), (Access::Public, Access::Key));
}

#[test]
fn a_project_has_its_files_name() {
    refused(
        &[(r#"name = "demo""#, r#"name = "Demo""#)],
        &["1: `name` must be a lower-case letter, then lower-case letters, digits and `-`, 40 at most"],
    );
    refused(
        &[(r#"name = "demo""#, r#"name = "other""#)],
        &[r#"1: `name` is "other" but the file is demo.toml; they must be the same"#],
    );
    refused(
        &[(r#"description = "A demo""#, r#"description = """#)],
        &["2: `description` must be one line of 1 to 200 bytes"],
    );
    refused(
        &[(r#"description = "A demo""#, "description = \"A demo\"\naccess = \"none\"")],
        &[r#"3: `access` is "none"; there are "public" and "key""#],
    );
    refused(
        &[(r#"description = "A demo""#, "description = \"A demo\"\nboard_shards = 17")],
        &["3: `board_shards` must be a whole number from 1 to 16"],
    );
}

#[test]
fn an_upstream_is_reached_safely() {
    refused(
        &[("https://api.example.com/v1", "http://api.example.com/v1")],
        &["5: `base_url` must begin with https:// (http:// only for localhost)"],
    );
    refused(
        &[("https://api.example.com/v1", "https://user:pass@api.example.com")],
        &["5: `base_url` must not hold credentials; use `auth` and a secret"],
    );
    refused(
        &[("https://api.example.com/v1", "https://api.example.com/v1/")],
        &["5: `base_url` has an empty part: no // and no / at the end"],
    );
    refused(
        &[("https://api.example.com/v1", "https://api.example.com/v1?key=1")],
        &["5: `base_url` must not have a query or a fragment"],
    );
    refused(&[("https://api.example.com/v1", "api.example.com")], &["5: `base_url` must be like https://host/path"]);
    refused(
        &[("[upstream.api]", "[upstream.Api]")],
        &["4: `Api` must be a lower-case letter, then lower-case letters, digits and `-`, 40 at most"],
    );
}

#[test]
fn a_mount_is_a_path_of_its_own() {
    refused(
        &[(r#"mount = "/api""#, r#"mount = "api""#)],
        &[r#"6: `mount` is "api"; it must begin with / and have at most 200 bytes"#],
    );
    refused(
        &[(r#"mount = "/api""#, r#"mount = "/-/api""#)],
        &["6: `mount` must not begin with /-, where Weir's own paths are"],
    );
    refused(
        &[(r#"mount = "/api""#, r#"mount = "/api/""#)],
        &["6: `mount` has an empty part: no // and no / at the end"],
    );
    refused(
        &[(
            "[[resource]]\nname = \"player\"",
            "[upstream.two]\nbase_url = \"https://b.example.com\"\nmount = \"/api\"\nbudget = [\"1/s\"]\n\n[[resource]]\nupstream = \"api\"\nname = \"player\"",
        )],
        &[
            r#"10: `two` has the mount "/api", which another upstream has already"#,
            "26: a resource needs `upstream` where the project has several",
        ],
    );
    refused(
        &[("mount = \"/api\"\n", "\n"), (r#"path = "/heroes""#, r#"path = "/-/heroes""#)],
        &["22: `path` must not begin with /-, where Weir's own paths are"],
    );
}

#[test]
fn a_credential_has_one_place_and_is_no_parameter() {
    refused(
        &[(r#"query = "api_key", "#, "")],
        &[r#"7: `auth` must say where the secret goes: one of query = "…", header = "…", bearer = true"#],
    );
    refused(
        &[(r#"query = "api_key""#, r#"query = "api_key", bearer = true"#)],
        &[r#"7: `auth` must say where the secret goes: one of query = "…", header = "…", bearer = true"#],
    );
    refused(
        &[(r#"query = "api_key""#, r#"header = "X Key""#)],
        &[
            r#"7: `auth` must say where the secret goes: one of query = "…", header = "…", bearer = true"#,
            r#"7: `header` is "X Key", which is no header's name"#,
        ],
    );
    refused(
        &[(r#""DEMO_KEY""#, r#""d34db33f""#)],
        &[r#"7: `secret` must be the name of a Worker's secret, like "OPENDOTA_KEY", never its value"#],
    );
    refused(
        &[(r#"query = ["limit"]"#, r#"query = ["limit", "api_key"]"#)],
        &["12: `path` must not declare the query parameter `api_key`: it carries credentials"],
    );
}

#[test]
fn what_may_be_asked_of_an_upstream_is_a_number_and_a_unit() {
    refused(
        &[(r#""60/min""#, r#""60""#)],
        &[r#"8: `budget` is "60"; write calls per time like "60/min", "3000/day", "100/15min" or "10/10s""#],
    );
    refused(
        &[(r#"["60/min", "3000/day"]"#, "[]")],
        &[r#"8: `budget` must have 1 to 4 windows, like ["60/min", "3000/day"]"#],
    );
    refused(&[("budget", "timeout = \"0s\"\nbudget")], &[r#"8: `timeout` is "0s"; it must be from 1s to 30s"#]);
    refused(&[("budget", "timeout = \"31s\"\nbudget")], &[r#"8: `timeout` is "31s"; it must be from 1s to 30s"#]);
    refused(
        &[("budget", "max_size = \"25MB\"\nbudget")],
        &[r#"8: `max_size` is "25MB"; it must be from 1 B to 24000 kB"#],
    );
    refused(
        &[("budget", "reserve = \"100%\"\nbudget")],
        &[r#"8: `reserve` is "100%"; write a share from "0%" to "90%""#],
    );
}

#[test]
fn a_schedule_that_no_budget_can_pay_is_refused() {
    refused(
        &[(r#"every = "1d""#, r#"every = "1h""#), (r#""3000/day""#, r#""29/day""#)],
        &[r#"4: `api` leaves ticks 23 calls a day (29 per 1d, 80% of them), but resources with of = "all" need 24"#],
    );
}
