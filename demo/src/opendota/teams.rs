//! `/teams` and what lies below it. The ten accounts of a professional cohort are two teams of five.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::account;
use super::cohort::{Cohort, PRO_COHORTS};
use super::game::{Game, Seat};
use super::hero_names::HEROES;
use super::world::World;
use super::{match_page, pro};
use crate::answer::Answer;
use crate::dice::Dice;

/// All teams, best first; there is one page.
pub(crate) fn list(world: World, page: u64) -> Value {
    if page > 0 {
        return json!([]);
    }
    let mut rows: Vec<(u64, Value)> = (1..=2 * PRO_COHORTS.len() as u64)
        .filter_map(|team| u32::try_from(team).ok())
        .map(|team| (rating(team, world), row(team, world)))
        .collect();
    rows.sort_by_key(|(rating, _)| std::cmp::Reverse(*rating));
    rows.into_iter().map(|(_, row)| row).collect()
}

pub(crate) fn answer(world: World, team: &str, below: &[&str]) -> Answer {
    let Some(team) = team.parse().ok().filter(|team| (1..=2 * PRO_COHORTS.len()).contains(&(*team as usize))) else {
        return Answer::not_found();
    };
    match below {
        [] => Answer::found(&row(team, world)),
        ["matches"] => Answer::found(&games(team, world).map(|game| match_row(team, game, world)).collect()),
        ["players"] => Answer::found(&tally(team, world, |seat| seat.account, player_row)),
        ["heroes"] => Answer::found(&tally(team, world, |seat| seat.hero.id, hero_row)),
        _ => Answer::not_found(),
    }
}

/// The team of a professional.
pub(crate) fn of_account(account: u32) -> u32 {
    2 * (account / 10).saturating_sub(PRO_COHORTS.start) + 1 + account % 10 / 5
}

pub(crate) fn name(team: u32) -> String {
    let mut dice = Dice::of(&[61, team.into()]);
    let first = dice.pick(&["Team", "Nordic", "Royal", "Virtual", "Old", "Wild", "Blue", "Evil"]);
    let second =
        dice.pick(&["Herons", "Kraken", "Lanterns", "Beacon", "Nomads", "Thorns", "Harvest", "Tide", "Ravens"]);
    format!("{first} {second} {team}")
}

pub(crate) fn tag(team: u32) -> String {
    let initials: String = name(team).split(' ').filter_map(|word| word.chars().next()).take(2).collect();
    format!("{initials}{team}")
}

pub(crate) fn logo(team: u32) -> String {
    format!("https://cdn.steamusercontent.com/apps/dota2/images/team_logos/{team}.png")
}

fn cohort(team: u32) -> Cohort {
    Cohort::new(PRO_COHORTS.start + (team - 1) / 2)
}

fn games(team: u32, world: World) -> impl Iterator<Item = Game> {
    cohort(team).games(world).filter(|game| game.league().is_some())
}

/// The side a team plays on: that of the first account on it.
fn is_radiant(team: u32, game: Game) -> bool {
    game.league().is_some_and(|league| league.radiant_team == team)
}

fn record(team: u32, world: World) -> (u64, u64) {
    games(team, world).fold((0, 0), |(wins, losses), game| {
        if is_radiant(team, game) == game.radiant_win() { (wins + 1, losses) } else { (wins, losses + 1) }
    })
}

fn rating(team: u32, world: World) -> u64 {
    let (wins, losses) = record(team, world);
    (1_000 + 4 * wins).saturating_sub(4 * losses)
}

fn row(team: u32, world: World) -> Value {
    let (wins, losses) = record(team, world);
    let last = games(team, world).next();
    json!({
        "team_id": team, "rating": rating(team, world), "wins": wins, "losses": losses,
        "last_match_time": last.map(Game::started_at), "delta": 16, "match_id": last.map(Game::id),
        "name": name(team), "tag": tag(team), "logo_url": logo(team),
    })
}

fn match_row(team: u32, game: Game, world: World) -> Value {
    let opponent = if team.is_multiple_of(2) { team - 1 } else { team + 1 };
    let league = game.league().map_or(0, |league| league.id);
    let (radiant_score, dire_score) = match_page::kills(game, world.now);
    json!({
        "match_id": game.id(), "radiant_win": game.radiant_win(),
        "radiant_score": radiant_score, "dire_score": dire_score, "radiant": is_radiant(team, game),
        "duration": game.duration_secs(), "start_time": game.started_at(),
        "leagueid": league, "league_name": pro::league_name(league), "cluster": game.cluster_and_region().0,
        "opposing_team_id": opponent, "opposing_team_name": name(opponent), "opposing_team_logo": logo(opponent),
    })
}

/// Matches and wins of a team's members by account or hero, most played first.
fn tally(team: u32, world: World, key: fn(&Seat) -> u32, row: fn(u32, u64, u64) -> Value) -> Value {
    let mut tallies = BTreeMap::<u32, (u64, u64)>::new();
    for game in games(team, world) {
        let radiant = is_radiant(team, game);
        for seat in game.seats().iter().filter(|seat| seat.radiant == radiant) {
            let (played, wins) = tallies.entry(key(seat)).or_default();
            *played += 1;
            *wins += u64::from(radiant == game.radiant_win());
        }
    }
    let mut tallies: Vec<_> = tallies.into_iter().collect();
    tallies.sort_by_key(|(_, (played, _))| std::cmp::Reverse(*played));
    tallies.into_iter().map(|(key, (played, wins))| row(key, played, wins)).collect()
}

fn player_row(account: u32, played: u64, wins: u64) -> Value {
    json!({
        "account_id": account, "name": account::pro_name(account), "games_played": played, "wins": wins,
        "is_current_team_member": true,
    })
}

fn hero_row(hero: u32, played: u64, wins: u64) -> Value {
    let name = HEROES.iter().find(|known| known.id == hero).map(|hero| hero.name);
    json!({ "hero_id": hero, "localized_name": name, "games_played": played, "wins": wins })
}

#[cfg(test)]
mod tests {
    use super::{World, answer, list, of_account};
    use serde_json::Value;

    const NOW: u64 = 1_795_154_136;

    fn asked(below: &[&str]) -> Value {
        serde_json::from_slice(&answer(World::at(NOW, NOW), "9", below).body).unwrap()
    }

    #[test]
    fn a_team_s_record_is_the_sum_of_its_matches() {
        let (team, matches) = (asked(&[]), asked(&["matches"]));
        let wins = matches.as_array().unwrap().iter().filter(|row| row["radiant"] == row["radiant_win"]).count();
        assert_eq!(team["wins"].as_u64().unwrap(), wins as u64);
        assert_eq!(team["losses"].as_u64().unwrap(), (matches.as_array().unwrap().len() - wins) as u64);
    }

    #[test]
    fn a_team_s_members_are_those_whose_team_it_is() {
        let members = asked(&["players"]);
        let accounts: Vec<_> =
            members.as_array().unwrap().iter().map(|row| row["account_id"].as_u64().unwrap()).collect();
        assert_eq!(accounts.len(), 5);
        assert!(accounts.iter().all(|account| of_account(u32::try_from(*account).unwrap()) == 9));
    }

    #[test]
    fn two_hundred_teams_are_listed_best_first() {
        let rows = list(World::at(NOW, NOW), 0);
        let ratings: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["rating"].as_u64().unwrap()).collect();
        assert_eq!(ratings.len(), 200);
        assert!(ratings.is_sorted_by(|one, next| one >= next));
    }
}
