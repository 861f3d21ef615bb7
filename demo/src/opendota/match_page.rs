//! `/matches/{match_id}`: the whole match, short until its replay is parsed.

use serde_json::{Map, Value, json};

use super::game::{Game, Seat};
use super::player_match::{PARSER_VERSION, PlayerMatch};
use super::world::World;
use super::{account, pro, replay_detail, teams};
use crate::answer::Answer;
use crate::dice::Dice;

pub(crate) fn answer(world: World, id: &str) -> Answer {
    match id.parse().ok().and_then(|id| Game::find(id, world.now)) {
        Some(game) => Answer::found(&Value::Object(page(game, world))),
        None => Answer::not_found(),
    }
}

/// The kills of either side.
pub(crate) fn kills(game: Game, now: u64) -> (u64, u64) {
    seats_in_order(game).iter().fold((0, 0), |(radiant, dire), seat| {
        let kills = PlayerMatch::new(game, *seat, now).score.kills;
        if seat.radiant { (radiant + kills, dire) } else { (radiant, dire + kills) }
    })
}

fn page(game: Game, world: World) -> Map<String, Value> {
    let mut page = summary(game, world.now);
    if game.is_parsed(world.now) {
        page.append(&mut replay_detail::of_match(game));
    }
    if let Some(league) = game.league() {
        page.insert("league".to_owned(), pro::league(league.id));
        page.insert("radiant_team".to_owned(), team(league.radiant_team));
        page.insert("dire_team".to_owned(), team(league.dire_team));
    }
    let players = seats_in_order(game).iter().map(|seat| Value::Object(player(game, *seat, world))).collect();
    page.insert("players".to_owned(), players);
    page
}

fn summary(game: Game, now: u64) -> Map<String, Value> {
    let mut dice = game.dice(70);
    let (cluster, region) = game.cluster_and_region();
    let (radiant_score, dire_score) = kills(game, now);
    let league = game.league();
    let salt = dice.below(u64::from(u32::MAX));
    let picks: Value = (0..).zip(seats_in_order(game)).map(|(order, seat)| pick(order, &seat)).collect();
    object(json!({
        "match_id": game.id(), "match_seq_num": game.id() / 7, "start_time": game.started_at(),
        "duration": game.duration_secs(), "radiant_win": game.radiant_win(),
        "radiant_score": radiant_score, "dire_score": dire_score,
        "game_mode": game.game_mode(), "lobby_type": game.lobby_type(), "cluster": cluster, "region": region,
        "patch": 59, "engine": 1, "human_players": 10, "flags": 1, "od_data": { "has_api": true, "has_gcdata": true },
        "barracks_status_radiant": if game.radiant_win() { 63 } else { dice.below(64) },
        "barracks_status_dire": if game.radiant_win() { dice.below(64) } else { 63 },
        "tower_status_radiant": dice.below(2048), "tower_status_dire": dice.below(2048),
        "first_blood_time": dice.between(20, 300), "pre_game_duration": 90,
        "leagueid": league.map_or(0, |league| league.id), "series_id": 0, "series_type": 0,
        "radiant_team_id": league.map(|league| league.radiant_team),
        "dire_team_id": league.map(|league| league.dire_team),
        "picks_bans": picks, "replay_salt": salt,
        "replay_url": format!("http://replay{cluster}.valve.net/570/{}_{salt}.dem.bz2", game.id()),
        "version": game.is_parsed(now).then_some(PARSER_VERSION),
    }))
}

fn pick(order: u64, seat: &Seat) -> Value {
    json!({ "is_pick": true, "hero_id": seat.hero.id, "team": u32::from(!seat.radiant), "order": order })
}

fn team(team: u32) -> Value {
    json!({ "team_id": team, "name": teams::name(team), "tag": teams::tag(team), "logo_url": teams::logo(team) })
}

fn player(game: Game, seat: Seat, world: World) -> Map<String, Value> {
    const COLUMNS: [&str; 24] = [
        "match_id",
        "player_slot",
        "hero_id",
        "hero_variant",
        "kills",
        "deaths",
        "assists",
        "leaver_status",
        "last_hits",
        "denies",
        "gold_per_min",
        "xp_per_min",
        "level",
        "hero_damage",
        "tower_damage",
        "hero_healing",
        "radiant_win",
        "start_time",
        "duration",
        "cluster",
        "lobby_type",
        "game_mode",
        "patch",
        "region",
    ];
    let played = PlayerMatch::new(game, seat, world.now);
    let mut row = object(played.project(COLUMNS));
    row.append(&mut identity(seat.account, world.now));
    row.append(&mut outcome(&played));
    if played.parsed {
        row.append(&mut replay_detail::of_player(&played));
    }
    row
}

/// Who sits there, unless they hide it.
fn identity(account: u32, now: u64) -> Map<String, Value> {
    if account::is_private(account) || !account::exists(account) {
        return object(json!({ "account_id": null }));
    }
    object(json!({
        "account_id": account, "personaname": account::personaname(account, now), "name": account::pro_name(account),
        "last_login": account::last_login(account, now), "is_contributor": false, "is_subscriber": false,
        "rank_tier": account::is_ranked(account).then(|| account::rank_tier(account::base_mmr(account))),
        "computed_mmr": null,
    }))
}

fn outcome(played: &PlayerMatch) -> Map<String, Value> {
    let mut dice = played.dice(71);
    let won = u32::from(played.won());
    let minutes = played.game.duration_secs() / 60;
    let mut outcome = object(json!({
        "team_number": u32::from(!played.seat.radiant), "team_slot": played.seat.position,
        "isRadiant": played.seat.radiant, "win": won, "lose": 1 - won,
        "total_gold": played.score.gold_per_min * minutes, "total_xp": played.score.xp_per_min * minutes,
        "net_worth": played.score.gold_per_min * minutes + 600,
        "gold": dice.below(4_000), "gold_spent": played.score.gold_per_min * minutes * 9 / 10,
        "kda": played.measure("kda"), "abandons": 0, "party_id": 0, "party_size": 1,
        "aghanims_scepter": 0, "aghanims_shard": 0, "moonshard": 0, "item_neutral": dice.between(288, 400),
        "ability_upgrades_arr": (0..played.score.level).map(|_| dice.between(5_000, 5_900)).collect::<Vec<_>>(),
        "benchmarks": benchmarks(played, &mut dice),
    }));
    for (slot, item) in (0..).zip(super::items::build(&mut dice, 9)) {
        let place = if slot < 6 { format!("item_{slot}") } else { format!("backpack_{}", slot - 6) };
        outcome.insert(place, json!(item.id));
    }
    outcome
}

fn benchmarks(played: &PlayerMatch, dice: &mut Dice) -> Value {
    let mut entry = |name: &str, raw: u64| (name.to_owned(), json!({ "raw": raw, "pct": dice.fraction() }));
    let score = &played.score;
    Value::Object(Map::from_iter([
        entry("gold_per_min", score.gold_per_min),
        entry("xp_per_min", score.xp_per_min),
        entry("kills_per_min", score.kills),
        entry("last_hits_per_min", score.last_hits),
        entry("hero_damage_per_min", score.hero_damage),
        entry("hero_healing_per_min", score.hero_healing),
        entry("tower_damage", score.tower_damage),
    ]))
}

/// By player slot, as the page lists them.
pub(crate) fn seats_in_order(game: Game) -> [Seat; 10] {
    let mut seats = game.seats();
    seats.sort_by_key(Seat::player_slot);
    seats
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(object) = value { object } else { Map::new() }
}

#[cfg(test)]
mod tests {
    use super::{Game, World, answer};
    use crate::opendota::cohort::Cohort;
    use crate::opendota::player_match::PlayerMatch;
    use axum::http::StatusCode;
    use serde_json::Value;

    const NOW: u64 = 1_795_154_136;

    fn page(game: Game, now: u64) -> Value {
        serde_json::from_slice(&answer(World::at(now, NOW), &game.id().to_string()).body).unwrap()
    }

    #[test]
    fn the_page_agrees_with_the_player_s_row() {
        let account = 86_745_912;
        let game = Cohort::of(account).latest(NOW);
        let page = page(game, NOW);
        let player = page["players"].as_array().unwrap().iter().find(|player| player["account_id"] == account).unwrap();
        let row = PlayerMatch::new(game, game.seat(account), NOW);
        for column in ["match_id", "player_slot", "hero_id", "kills", "deaths", "assists", "gold_per_min", "duration"] {
            assert_eq!(player[column], row.column(column), "{column}");
        }
        assert_eq!(page["radiant_win"], game.radiant_win());
        assert_eq!(player["win"] == 1, game.is_won_by(account));
    }

    #[test]
    fn the_score_is_the_sum_of_the_kills() {
        let page = page(Cohort::new(5).latest(NOW), NOW);
        let kills = |radiant: bool| {
            let side = page["players"].as_array().unwrap().iter().filter(|player| player["isRadiant"] == radiant);
            side.map(|player| player["kills"].as_u64().unwrap()).sum::<u64>()
        };
        assert_eq!(page["radiant_score"].as_u64().unwrap(), kills(true));
        assert_eq!(page["dire_score"].as_u64().unwrap(), kills(false));
    }

    #[test]
    fn a_parsed_page_is_about_100_kilobytes_and_a_fresh_one_far_less() {
        let game = Cohort::new(8_674_591).latest(NOW);
        let size = |now| page(game, now).to_string().len();
        let (fresh, parsed) = (size(game.ended_at()), size(game.ended_at() + 600));
        assert!((80_000..160_000).contains(&parsed), "{parsed}");
        assert!(fresh < 30_000, "{fresh}");
    }

    #[test]
    fn a_match_that_has_not_ended_is_not_found() {
        let game = Cohort::new(5).latest(NOW + 1_200);
        assert_eq!(answer(World::at(NOW, NOW), &game.id().to_string()).status, StatusCode::NOT_FOUND);
        assert_eq!(answer(World::at(NOW, NOW), "abc").status, StatusCode::NOT_FOUND);
    }
}
