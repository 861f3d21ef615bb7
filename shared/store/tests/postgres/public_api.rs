//! What anybody sees of public projects, and that it is all.

use crate::steps::{SECOND, adopt, adopted, declared, keep, keys, lease, new, new_entry, run, text};
use crate::world::{Database, Postgres, connect};
use tokio_postgres::Client;
use weir_flow::ports::{Finding, NewEntry};
use weir_testkit::contract::World;

const CLIENTS: [&str; 2] = ["anon", "authenticated"];
const CLAIMS: [&str; 2] = ["", r#"{"role": "authenticated", "sub": "00000000-0000-4000-8000-000000000001"}"#];

#[tokio::test]
async fn a_public_entry_is_seen_as_it_is_now() {
    let world = adopted().await;
    let key = &keys(&world, 0..1)[0];
    keep(&world, key, new("[1]")).await;
    let version = keep(&world, key, new(r#"{"is": "b", "rank": 2}"#)).await;
    for (client, who) in clients(&world).await {
        let sql = "select key, resource, version, body ->> 'is', body -> 'rank' = '2',
                     verified_at between now() - interval '1 hour' and now() + interval '1 minute',
                     changed_at between now() - interval '1 hour' and now() + interval '1 minute'
                   from weir_api.entries where project = $1";
        let rows = client.query(sql, &[&world.project(0)]).await.unwrap();
        assert_eq!(rows.len(), 1, "{who}");
        assert_eq!(rows[0].get::<_, &str>(0), key.as_str(), "{who}");
        assert_eq!((rows[0].get::<_, &str>(1), rows[0].get::<_, i64>(2)), ("thing", i64::try_from(version).unwrap()));
        assert_eq!(rows[0].get::<_, &str>(3), "b");
        assert!((4..7).all(|column| rows[0].get::<_, bool>(column)), "{who}");
    }
}

#[tokio::test]
async fn nothing_of_another_kind_of_project_is_seen_wherever_one_looks() {
    let world = adopted().await;
    let kept = keys(&world, 0..2);
    for key in &kept {
        keep(&world, key, new("[1]")).await;
        keep(&world, key, new("[2]")).await;
    }
    // One that was asked for and never answered.
    lease(&world, &keys(&world, 5..6)[0]).await;
    let counts = "select concat_ws(' ',
        (select count(*) from weir_api.entries where project = $1),
        (select count(*) from weir.projects where project = $1),
        (select count(*) from weir.entries where project = $1),
        (select count(*) from weir.schedule where project = $1 and verified_at > 'epoch'),
        (select count(*) from weir.versions where project = $1))";
    let see = async |expected: &str| {
        for (client, who) in clients(&world).await {
            // The functions' own setting opens nothing.
            for project in ["", &world.project(0)] {
                client.execute("select set_config('weir.project', $1, false)", &[&project]).await.unwrap();
                let seen: String = client.query_one(counts, &[&world.project(0)]).await.unwrap().get(0);
                assert_eq!(seen, expected, "{who} with weir.project {project:?}");
            }
        }
    };
    see("2 1 2 2 2").await;
    run(&world, "update weir.projects set access = 'key' where project = $1").await;
    see("0 0 0 0 0").await;
}

#[tokio::test]
async fn bodies_that_are_no_json_are_null_and_break_no_list() {
    let world = adopted().await;
    let bodies: [(&str, &[u8], Option<&str>); 10] = [
        ("application/json", b"[1]", Some("[1]")),
        ("Application/JSON; charset=utf-8", b"{\"a\": null}", Some("{\"a\": null}")),
        ("application/problem+json", b"\"text\"", Some("\"text\"")),
        ("text/html", b"[1]", None),
        ("text/html; note=application/json", b"[1]", None),
        ("application/jsonp", b"[1]", None),
        ("application/json", b"{\"a\":", None),
        ("application/json", b"\"\\u0000\"", None),
        ("application/json", b"\"\xff\xfe\"", None),
        ("application/json", b"1e999999999", None),
    ];
    let keys = keys(&world, 0..10);
    for (key, (content_type, body, _)) in keys.iter().zip(bodies) {
        let entry = NewEntry { content_type: content_type.into(), body: body.to_vec().into(), ..new_entry("x") };
        keep(&world, key, Finding::New(entry)).await;
    }
    let (client, _) = clients(&world).await.remove(0);
    let sql = "select key, body::text from weir_api.entries where project = $1 order by key";
    let rows = client.query(sql, &[&world.project(0)]).await.unwrap();
    let seen: Vec<Option<String>> = rows.iter().map(|row| row.get(1)).collect();
    assert_eq!(seen, bodies.map(|(_, _, json)| json.map(str::to_owned)));
}

#[tokio::test]
async fn a_purged_entry_was_verified_never() {
    let world = adopted().await;
    keep(&world, &keys(&world, 0..1)[0], new("[1]")).await;
    world.advance(SECOND).await;
    run(&world, "update weir.schedule set purged_at = clock_timestamp() where project = $1").await;
    assert_eq!(
        text(&world, "select coalesce(max(verified_at)::text, 'never') from weir_api.entries where project = $1").await,
        "never"
    );
}

#[tokio::test]
async fn a_client_finds_an_entry_without_reading_a_table() {
    let database = Database::empty().await;
    database.migrate().await;
    connect(&database.config).await.batch_execute(crate::plans::ROWS).await.unwrap();
    let client = connect(&database.acting_as("anon")).await;
    for (sql, rows) in [
        ("select * from weir_api.entries where project = 'p' and key = 'p/api/7'", 1),
        ("select * from weir_api.entries where project = 'p' order by key limit 50", 50),
    ] {
        assert_eq!(client.query(sql, &[]).await.unwrap().len(), rows, "{sql}");
        let plan: Vec<String> =
            client.query(&format!("explain {sql}"), &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(
            !["entries", "schedule", "versions"].iter().any(|t| plan.contains(&format!("Seq Scan on {t}"))),
            "{plan}"
        );
    }
}

#[tokio::test]
async fn roles_that_were_there_are_left_as_they_are() {
    let world = Postgres::new().await;
    adopt(&world, &declared(&world)).await;
    let database = Database::empty().await;
    // A row that is altered is another row.
    let roles = "select string_agg(concat_ws(' ', oid, rolname, xmin), ',' order by oid) from pg_authid
                 where rolname in ('anon', 'authenticated', 'service_role')";
    let before: String = world.admin.query_one(roles, &[]).await.unwrap().get(0);
    database.migrate().await;
    let after: String = world.admin.query_one(roles, &[]).await.unwrap().get(0);
    assert_eq!((after.split(',').count(), after), (3, before));
}

/// Each kind of client, with and without the claims that Supabase's interface sets.
async fn clients(world: &Postgres) -> Vec<(Client, String)> {
    let mut clients = Vec::new();
    for role in CLIENTS {
        for claims in CLAIMS {
            let client = connect(&world.database.acting_as(role)).await;
            client.execute("select set_config('request.jwt.claims', $1, false)", &[&claims]).await.unwrap();
            clients.push((client, format!("{role} with {claims:?}")));
        }
    }
    clients
}
