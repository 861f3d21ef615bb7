//! The project that ships: every read of OpenDota is a path, and nothing else is.

use crate::compile::compile_dir;
use crate::{Catalog, Population, Project, Refresh, RouteError, Routes};
use std::path::Path;

const ACCOUNT: (&str, &str) = ("account_id", "86745912");

/// Each read below `/opendota/api`, and its resource.
const READS: &[(&str, &str)] = &[
    ("/players/86745912", "player"),
    ("/players/86745912/wl", "player-wl"),
    ("/players/86745912/wl?date=30&limit=20", "player-wl"),
    ("/players/86745912/matches?hero_id=9&limit=20&project=kills&project=xp_per_min", "player-matches"),
    ("/players/86745912/matches?limit=1000", "player-matches"),
    ("/players/86745912/recentMatches", "player-recent-matches"),
    ("/players/86745912/heroes?having=10", "player-heroes"),
    ("/players/86745912/peers", "player-peers"),
    ("/players/86745912/pros", "player-pros"),
    ("/players/86745912/totals?significant=0", "player-totals"),
    ("/players/86745912/counts", "player-counts"),
    ("/players/86745912/histograms/kills", "player-histogram"),
    ("/players/86745912/wardmap", "player-wardmap"),
    ("/players/86745912/wordcloud", "player-wordcloud"),
    ("/players/86745912/ratings", "player-ratings"),
    ("/players/86745912/rankings", "player-rankings"),
    ("/matches/8375982226", "match"),
    ("/heroes", "heroes"),
    ("/heroes/9/matches", "hero-matches"),
    ("/heroes/9/matchups", "hero-matchups"),
    ("/heroes/9/durations", "hero-durations"),
    ("/heroes/9/players", "hero-players"),
    ("/heroes/9/itemPopularity", "hero-item-popularity"),
    ("/heroStats", "hero-stats"),
    ("/constants", "constants"),
    ("/constants/heroes", "constants-heroes"),
    ("/constants/game_mode", "constant"),
    ("/rankings?hero_id=9", "rankings"),
    ("/benchmarks?bracket=8&hero_id=9", "benchmarks"),
    ("/search?q=Fat%20Sloth", "search"),
    ("/proPlayers", "pro-players"),
    ("/topPlayers?turbo=1", "top-players"),
    ("/proMatches?less_than_match_id=8375982226", "pro-matches"),
    ("/publicMatches?max_rank=80&min_rank=70", "public-matches"),
    ("/parsedMatches", "parsed-matches"),
    ("/teams?page=1", "teams"),
    ("/teams/15", "team"),
    ("/teams/15/matches", "team-matches"),
    ("/teams/15/players", "team-players"),
    ("/teams/15/heroes", "team-heroes"),
    ("/live", "live"),
    ("/leagues", "leagues"),
    ("/leagues/17119", "league"),
    ("/leagues/17119/matches", "league-matches"),
    ("/leagues/17119/matchIds", "league-match-ids"),
    ("/leagues/17119/teams", "league-teams"),
    ("/distributions", "distributions"),
    ("/records/kills", "record"),
    ("/scenarios/itemTimings?hero_id=9&item=spirit_vessel", "scenario-item-timings"),
    ("/scenarios/laneRoles?hero_id=9&lane_role=2", "scenario-lane-roles"),
    ("/scenarios/misc?scenario=first_blood", "scenario-misc"),
    ("/metadata", "metadata"),
    ("/health", "health"),
];

fn catalog() -> Catalog {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../projects");
    compile_dir(&dir).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn opendota(catalog: &Catalog) -> &Project {
    catalog.project("opendota").unwrap()
}

#[test]
fn every_read_has_its_resource_and_is_the_upstreams_own_path() {
    let catalog = catalog();
    let (project, routes) = (opendota(&catalog), Routes::new(&catalog, &["opendota"]));
    for (read, resource) in READS {
        let (path, query) = read.split_once('?').map_or((*read, None), |(path, query)| (path, Some(query)));
        let route = routes
            .find(&catalog, &format!("/opendota/api{path}"), query)
            .unwrap_or_else(|error| panic!("{read}: {error}"));
        let found = project.resources.get(route.resource).unwrap();
        assert_eq!(found.name, *resource, "{read}");
        assert_eq!(route.key.as_str(), format!("opendota/api{read}"));
        assert_eq!(project.upstream_url(found, &route.key), format!("https://api.opendota.com/api{read}"));
    }
    let listed = |name: &str| READS.iter().any(|(_, resource)| *resource == name);
    assert!(project.resources.iter().all(|resource| listed(&resource.name)), "a resource is not in the list");
}

#[test]
fn nothing_else_exists() {
    let catalog = catalog();
    let routes = Routes::new(&catalog, &["opendota"]);
    for path in [
        "/",
        "/opendota",
        "/opendota/api",
        "/opendota/api/",
        "/opendota/players/1",
        "/api/players/1",
        "/opendota/api/players",
        "/opendota/api/players/1/",
        "/opendota/api/players/1/refresh",
        "/opendota/api/players/1/wl/x",
        "/opendota/api/player/1",
        "/opendota/api/explorer",
        "/opendota/api/request/1",
        "/opendota/api/schema",
        "/opendota/api/heroes/9",
        "/opendota/api/herostats",
        "/opendota/api/../players/1",
        "/hooks/opendota/played",
        "/-/health",
    ] {
        assert_eq!(routes.find(&catalog, path, None), Err(RouteError::NotFound), "{path}");
    }
    for (path, param) in [
        ("/opendota/api/players/4294967296", "account_id"),
        ("/opendota/api/players/me", "account_id"),
        ("/opendota/api/matches/18446744073709551616", "match_id"),
        ("/opendota/api/players/1/histograms/secrets", "field"),
    ] {
        assert_eq!(routes.find(&catalog, path, None), Err(RouteError::BadPath { param: param.to_owned() }), "{path}");
    }
}

#[test]
fn a_search_needs_three_to_fifty_characters() {
    let catalog = catalog();
    let routes = Routes::new(&catalog, &["opendota"]);
    let find = |query: &str| {
        routes.find(&catalog, "/opendota/api/search", Some(query)).map(|route| route.key.as_str().to_owned())
    };
    assert_eq!(find("q=abc").as_deref(), Ok("opendota/api/search?q=abc"));
    assert_eq!(find("q="), Err(RouteError::MissingQuery { param: "q".into() }));
    let refused = RouteError::BadQuery { param: "q".into(), reason: "must be 3 to 50 characters of text".into() };
    assert_eq!(find("q=ab"), Err(refused.clone()));
    assert_eq!(find(&format!("q={}", "a".repeat(51))), Err(refused));
    assert_eq!(find(&format!("q={}", "%F0%9F%98%80".repeat(50))), Err(RouteError::TooLong));
}

#[test]
fn what_everybody_shares_is_always_there_and_leaves_the_budget_to_players() {
    let catalog = catalog();
    let keys: Vec<String> = opendota(&catalog).static_keys().into_iter().map(|(_, key)| key.to_string()).collect();
    assert_eq!(keys, ["opendota/api/heroes", "opendota/api/heroStats", "opendota/api/constants/heroes"]);
    let per_look = |name: &str| match opendota(&catalog).resource(name).and_then(|(_, resource)| resource.refresh) {
        Some(Refresh { every, of: Population::Demanded { within } }) => within.as_secs() / every.as_secs(),
        other => panic!("{name}: {other:?}"),
    };
    let names = ["player", "player-wl", "player-heroes", "player-matches", "player-recent-matches"];
    assert_eq!(names.map(per_look).iter().sum::<u64>(), 33, "the project file's comment says how many");
}

#[test]
fn a_played_match_makes_everything_about_its_player_due() {
    let catalog = catalog();
    let project = opendota(&catalog);
    let due = project.hooks.first().unwrap().due.first().unwrap();
    assert_eq!(
        (&*due.event, &due.with),
        ("played", &vec![("account_id".to_owned(), "/message_data/account_id".to_owned())])
    );
    let keys: Vec<String> =
        due.resources.iter().map(|index| project.key(*index, &[ACCOUNT]).unwrap().to_string()).collect();
    let below = ["", "/wl", "/recentMatches", "/matches", "/heroes"];
    assert_eq!(keys, below.map(|path| format!("opendota/api/players/86745912{path}")));
}

#[test]
fn what_was_compiled_is_what_the_modules_read() {
    let catalog = catalog();
    let bytes = catalog.encode();
    assert!(bytes.len() < 64_000, "{} bytes are embedded into each module", bytes.len());
    assert_eq!(Catalog::decode(&bytes), Ok(catalog));
}
