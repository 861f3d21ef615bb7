//! What the ports do that only the tables tell.

use crate::steps::{
    HOUR, SECOND, adopt, adopted, declared, keep, keys, lease, new, new_entry, run, save, saved, text, wish,
};
use crate::world::Postgres;
use std::time::{Duration, Instant};
use weir_catalog::Window;
use weir_flow::ports::{
    Entries, Finding, Inbox, LeaseWanted, Leased, Leases, NewEntry, Publishing, Receipt, Receipts, Run, Runs, Save,
    Saved,
};
use weir_policy::board::{Board, encode};
use weir_policy::slot::shard_of;
use weir_policy::time::Timestamp;
use weir_testkit::contract::{World, inbox};

#[tokio::test]
async fn the_feed_numbers_changes_without_a_gap() {
    let world = adopted().await;
    let (first, second) = (keys(&world, 0..4), keys(&world, 4..8));
    let (mut one, mut other) = (Vec::new(), Vec::new());
    for (key, neighbour) in first.iter().zip(&second) {
        one.push(save(&world, &lease(&world, key).await, new("[1]")));
        other.push(save(&world, &lease(&world, neighbour).await, new("[1]")));
    }
    // A save that is lost, and one that changes nothing, draw no number.
    other[1].token += 1;
    let (one, other) = tokio::join!(saved(&world, &one), saved(&world, &other));
    assert_eq!(other[1], Saved::Lost);
    assert!(one.iter().all(|saved| matches!(saved, Saved::Kept { changed: true, .. })));
    world.advance(SECOND).await;
    let verified = save(&world, &lease(&world, &first[0]).await, Finding::Same { validators: None });
    saved(&world, &[verified]).await;
    let sql = "select c.seq, c.version = e.version and c.key = e.key as is_right from weir.changes c
               join weir.entries e on e.project = c.project and e.id = c.entry where c.project = $1 order by c.seq";
    let rows = world.admin.query(sql, &[&world.project(0)]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, i64>("seq")).collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
    assert!(rows.iter().all(|row| row.get("is_right")));
}

#[tokio::test]
async fn an_observation_is_recorded_where_it_differs_from_the_last() {
    let world = adopted().await;
    let key = &keys(&world, 0..1)[0];
    for (rank, wins) in [("7", "1"), ("7", "2"), ("8", "2"), ("7", "2")] {
        let observed = vec![("rank".to_owned(), rank.to_owned()), ("wins".to_owned(), wins.to_owned())];
        keep(&world, key, Finding::New(NewEntry { observed, ..new_entry(&format!("[{rank},{wins}]")) })).await;
    }
    let sql = "select string_agg(name || value, ' ' order by at, name) from weir.observations where project = $1";
    assert_eq!(text(&world, sql).await, "rank7 wins1 wins2 rank8 rank7");
}

#[tokio::test]
async fn the_quarantine_keeps_the_start_of_the_last_twenty() {
    let world = adopted().await;
    let key = &keys(&world, 0..1)[0];
    for n in 0..23 {
        world.advance(SECOND).await;
        let lease = lease(&world, key).await;
        let excerpt = vec![b'<'; 5000].into();
        let bad = Finding::Bad { reason: format!("{n}"), excerpt, retry_at: world.now() };
        assert_eq!(saved(&world, &[save(&world, &lease, bad)]).await, [Saved::Noted]);
    }
    let sql = "select count(*) || ' from ' || min(reason::int) || ' of ' || max(octet_length(excerpt))
               from weir.quarantine where project = $1";
    assert_eq!(text(&world, sql).await, "20 from 3 of 4096");
}

#[tokio::test]
async fn a_refused_delivery_leaves_a_number_and_nothing_else() {
    let world = adopted().await;
    inbox::refused_deliveries_are_only_counted(&world).await;
    let counts = "select string_agg(hook || outcome || times, ' ') from weir.hook_counts where project = $1";
    assert_eq!(text(&world, counts).await, "scoresrefused8");
    assert_eq!(text(&world, "select count(*)::text from weir.deliveries where project = $1").await, "0");
}

#[tokio::test]
async fn the_inbox_needs_no_adopted_project() {
    let world = Postgres::new().await;
    let receipt = Receipt {
        project: world.project(0),
        hook: "scores".into(),
        dedupe: vec![1],
        event: "match_score".into(),
        body: "{}".into(),
    };
    world.receive().record(&receipt).await.unwrap();
    world.receive().count_refused(&world.project(0), "scores", 1).await.unwrap();
}

#[tokio::test]
async fn a_run_has_its_own_columns() {
    let world = adopted().await;
    let run = Run {
        project: world.project(0),
        cause: "cron".into(),
        started_at: Timestamp::from_ms(1_000),
        ended_at: Timestamp::from_ms(2_500),
        leased: 1,
        called: 2,
        changed: 3,
        verified: 4,
        refused: 5,
        failed: 6,
        lost: 7,
        deliveries: 8,
        slots: 9,
        boards: 10,
        trouble: "none".into(),
    };
    world.refresh().record_run(&run).await.unwrap();
    let sql = "select concat_ws(' ', cause, extract(epoch from ended_at - started_at)::float, leased, called, changed,
               verified, refused, failed, lost, deliveries, slots, boards, trouble) from weir.runs where project = $1";
    assert_eq!(text(&world, sql).await, "cron 1.5 1 2 3 4 5 6 7 8 9 10 none");
}

#[tokio::test]
async fn no_stretch_of_a_real_window_sees_more_than_its_limit() {
    const LIMIT: usize = 6;
    let (world, per) = (Postgres::new().await, Duration::from_millis(400));
    let mut project = declared(&world);
    project.upstreams[0].budget = vec![Window { limit: 6, per }];
    adopt(&world, &project).await;
    let (begun, mut granted) = (Instant::now(), Vec::new());
    for key in keys(&world, 0..10_000) {
        let before = Instant::now();
        match world.refresh().lease(&wish(&world, &key)).await.unwrap() {
            Leased::Granted(_) => granted.push((before, Instant::now())),
            Leased::OverBudget { retry_at } => assert!(retry_at.since(world.now()) <= per * 2),
            other => panic!("{other:?}"),
        }
        if begun.elapsed() > per * 4 {
            break;
        }
    }
    assert!(granted.len() > LIMIT * 2, "{}", granted.len());
    for stretch in granted.windows(LIMIT + 1) {
        let (first, last) = (stretch[0].0, stretch[LIMIT].1);
        assert!(last - first >= per, "{} calls within {:?}", LIMIT + 1, last - first);
    }
}

#[tokio::test]
async fn an_operators_mode_stops_calls_and_is_on_the_board() {
    let world = adopted().await;
    let key = &keys(&world, 0..1)[0];
    keep(&world, key, new("[1]")).await;
    run(&world, "update weir.upstreams set mode = 'paused' where project = $1").await;
    world.advance(SECOND).await;
    assert!(matches!(world.refresh().lease(&wish(&world, key)).await, Ok(Leased::BreakerOpen { .. })));
    let board = world.refresh().board(&world.project(0), 0).await.unwrap().unwrap();
    assert!(board.closed.len() == 1 && board.closed[0].1 > world.now() + HOUR);
    run(&world, "update weir.upstreams set mode = 'live' where project = $1").await;
    lease(&world, key).await;
}

#[tokio::test]
async fn a_purged_entry_is_fresh_for_nobody_and_no_older_answer_mends_it() {
    let world = adopted().await;
    let key = &keys(&world, 0..1)[0];
    let version = keep(&world, key, new("[1]")).await;
    world.advance(SECOND).await;
    let under_way = lease(&world, key).await;
    let asked_at = world.now();
    world.advance(SECOND).await;
    run(&world, "update weir.schedule set purged_at = clock_timestamp() where project = $1").await;
    let (read, asked_for) = (world.read().entry(key).await.unwrap().unwrap(), under_way.held.clone().unwrap());
    assert_eq!((read.version, read.verified_at, asked_for.version), (version, Timestamp::ZERO, version));
    let board = world.refresh().board(&world.project(0), 0).await.unwrap().unwrap();
    let board = Board::decode(encode(board.seq, board.made_at, &[], &board.rows)).unwrap();
    assert_eq!(board.row(key.hash()).map(|row| row.verified_at), Some(Timestamp::ZERO));
    let news = world.admin.query_one("select news from weir.boards where project = $1", &[&world.project(0)]).await;
    world.refresh().board_put(&world.project(0), 0, news.unwrap().get(0)).await.unwrap();
    let old = Save { asked_at, ..save(&world, &under_way, new("[0]")) };
    assert_eq!(saved(&world, &[old]).await, [Saved::Lost]);
    let fresh_after = world.now() - HOUR;
    let again = world.refresh().lease(&LeaseWanted { fresh_after, ..wish(&world, key) }).await.unwrap();
    let Leased::Granted(again) = again else { panic!("{again:?}") };
    std::thread::sleep(Duration::from_millis(2));
    let newer = saved(&world, &[save(&world, &again, Finding::Same { validators: None })]).await;
    assert!(matches!(newer[0], Saved::Kept { changed: false, .. }), "{newer:?}");
    // However little it gains: the board says that the key is purged.
    assert!(world.refresh().board(&world.project(0), 0).await.unwrap().is_some());
}

#[tokio::test]
async fn a_board_holds_five_thousand_keys_those_wanted_last() {
    let world = adopted().await;
    let fill = "with e as (
        insert into weir.entries (project, key, key_hash, resource, upstream, shard, version, changed_at, meaning)
        select $1, $1 || '/api/things/' || n, int8send(n), 'thing', 'api', 0, 1, now(), '' from generate_series(1, 5200) n
        returning id, project, key_hash
      )
      insert into weir.schedule (project, entry, upstream, verified_at, demanded_until)
      select project, id, 'api', now(), to_timestamp(4000000000) + get_byte(key_hash, 7) * interval '1 s' from e";
    run(&world, fill).await;
    let board = world.refresh().board(&world.project(0), 0).await.unwrap().unwrap();
    assert_eq!(board.rows.len(), 24 * 5000);
    assert!(board.rows.chunks(24).is_sorted());
    // Seconds above 2^31 are unsigned; those demanded the shortest are the ones left out.
    let shortest = board.rows.chunks(24).map(|row| u32::from_be_bytes(row[20..].try_into().unwrap())).min().unwrap();
    assert!(shortest > 4_000_000_000 && shortest < 4_000_000_020, "{shortest}");
}

#[tokio::test]
async fn shards_are_those_that_readers_expect() {
    let world = adopted().await;
    let keys = keys(&world, 0..40);
    for key in &keys {
        lease(&world, key).await;
    }
    let mut project = declared(&world);
    project.board_shards = 7;
    adopt(&world, &project).await;
    let sql = "select shard from weir.entries where project = $1 and key = $2";
    for key in &keys {
        let row = world.admin.query_one(sql, &[&world.project(0), &key.as_str()]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), i64::from(shard_of(key.hash(), 7)), "{key}");
    }
    assert_eq!(text(&world, "select count(*)::text from weir.boards where project = $1").await, "7");
}

#[tokio::test]
async fn who_loses_writes_nothing() {
    let world = adopted().await;
    let keys = keys(&world, 0..2);
    keep(&world, &keys[0], new("[1]")).await;
    lease(&world, &keys[1]).await;
    let rows = "select string_agg(ctid::text || xmin::text, ' ') from (
        select ctid, xmin from weir.upstreams where project = $1
        union all select ctid, xmin from weir.projects where project = $1
        union all select ctid, xmin from weir.schedule where project = $1
        union all select ctid, xmin from weir.boards where project = $1) r";
    let demanded_until = Some(world.now() + HOUR);
    let fresh = LeaseWanted { fresh_after: world.now() - HOUR, demanded_until, ..wish(&world, &keys[0]) };
    assert!(matches!(world.refresh().lease(&fresh).await, Ok(Leased::Current(_))));
    let before = text(&world, rows).await;
    // A little more demand than was noted a moment ago.
    let demanded_until = Some(world.now() + HOUR + SECOND);
    let fresh = LeaseWanted { demanded_until, ..fresh };
    assert!(matches!(world.refresh().lease(&fresh).await, Ok(Leased::Current(_))));
    let held = world.refresh().lease(&LeaseWanted { demanded_until, ..wish(&world, &keys[1]) }).await;
    assert!(matches!(held, Ok(Leased::Held { .. })));
    adopt(&world, &declared(&world)).await;
    assert_eq!(text(&world, rows).await, before);
}

#[tokio::test]
async fn sightings_are_forgotten_after_a_day() {
    let world = adopted().await;
    for key in keys(&world, 0..3) {
        let wish = LeaseWanted { admit_second: true, ..wish(&world, &key) };
        assert_eq!(world.refresh().lease(&wish).await, Ok(Leased::Passing));
        world.advance(HOUR * 25).await;
    }
    assert_eq!(text(&world, "select count(*)::text from weir.sightings where project = $1").await, "1");
    assert_eq!(text(&world, "select count(*)::text from weir.entries where project = $1").await, "0");
}

#[tokio::test]
async fn an_erased_key_made_again_does_not_go_back() {
    let world = adopted().await;
    let key = &keys(&world, 0..1)[0];
    let before = keep(&world, key, new("[1]")).await;
    let lost = lease(&world, key).await;
    let entries = "select string_agg(resource || entries, ' ') from weir.resources where project = $1";
    assert_eq!(text(&world, entries).await, "thing1");
    run(&world, "delete from weir.entries where project = $1").await;
    assert_eq!(text(&world, entries).await, "thing0");
    assert_eq!(saved(&world, &[save(&world, &lost, new("[2]"))]).await, [Saved::Lost]);
    assert_eq!(text(&world, "select count(*)::text from weir.versions where project = $1").await, "0");
    std::thread::sleep(Duration::from_millis(2));
    assert!(keep(&world, key, new("[3]")).await > before);
    assert!(world.refresh().deliveries(&world.project(0), 1).await.unwrap().is_empty());
}
