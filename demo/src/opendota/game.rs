//! The matches of the demo world: who plays whom, when, and who wins.

use super::cohort::{Cohort, EPOCH, PRO_COHORTS};
use super::hero_names::{HEROES, Hero};
use crate::dice::Dice;

/// One more than the highest cohort, which holds account 4294967295.
const COHORTS: u64 = 429_496_730;
/// The shortest time between two matches of a cohort; match ids count in these.
const SLOT_SECS: u64 = 420;
/// Between two matches players queue for so long.
const QUEUE_SECS: u64 = 45;

/// One match of a cohort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Game {
    pub(crate) cohort: Cohort,
    pub(crate) number: u64,
}

/// One of the ten places in a match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) account: u32,
    pub(crate) radiant: bool,
    /// 0 to 4 within the team.
    pub(crate) position: u32,
    pub(crate) hero: &'static Hero,
}

/// The two teams of a league match and the league.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct League {
    pub(crate) radiant_team: u32,
    pub(crate) dire_team: u32,
    pub(crate) id: u32,
}

impl Game {
    /// Ids grow with time, over all cohorts.
    pub(crate) fn id(self) -> u64 {
        (self.ended_at() - EPOCH) / SLOT_SECS * COHORTS + u64::from(self.cohort.id)
    }

    /// The match with this id, if it has ended by now.
    pub(crate) fn find(id: u64, now: u64) -> Option<Self> {
        let cohort = Cohort::new(u32::try_from(id % COHORTS).ok()?);
        let slot_from = EPOCH.checked_add((id / COHORTS).checked_mul(SLOT_SECS)?)?;
        if slot_from > now {
            return None;
        }
        let before = cohort.number_at(slot_from);
        (before.max(1)..=before + 1)
            .map(|number| Self { cohort, number })
            .find(|game| game.id() == id && game.ended_at() <= now)
    }

    pub(crate) fn ended_at(self) -> u64 {
        self.cohort.ended_at(self.number)
    }

    pub(crate) fn started_at(self) -> u64 {
        self.cohort.ended_at(self.number.saturating_sub(1)) + QUEUE_SECS
    }

    pub(crate) fn duration_secs(self) -> u64 {
        self.ended_at().saturating_sub(self.started_at())
    }

    /// A replay is parsed some minutes after the match; until then pages lack what only a replay tells.
    pub(crate) fn is_parsed(self, now: u64) -> bool {
        self.ended_at() + self.dice(3).between(180, 600) <= now
    }

    pub(crate) fn radiant_win(self) -> bool {
        self.dice(4).percent(50)
    }

    pub(crate) fn dice(self, purpose: u64) -> Dice {
        Dice::of(&[purpose, self.cohort.id.into(), self.number])
    }

    pub(crate) fn game_mode(self) -> u32 {
        if self.league().is_some() { 2 } else { self.dice(5).pick(&[22, 22, 22, 22, 22, 22, 3, 4]) }
    }

    pub(crate) fn lobby_type(self) -> u32 {
        if self.league().is_some() { 1 } else { self.dice(6).pick(&[7, 7, 7, 0]) }
    }

    /// Where it was played; a cluster is a server farm, a region a part of the world.
    pub(crate) fn cluster_and_region(self) -> (u32, u32) {
        Dice::of(&[7, self.cohort.id.into()]).pick(&[(111, 1), (121, 2), (133, 3), (154, 5), (183, 8), (204, 10)])
    }

    pub(crate) fn league(self) -> Option<League> {
        if !PRO_COHORTS.contains(&self.cohort.id) || !self.number.is_multiple_of(8) {
            return None;
        }
        let first = 2 * (self.cohort.id - PRO_COHORTS.start) + 1;
        let (radiant_team, dire_team) =
            if self.first_team_is_radiant() { (first, first + 1) } else { (first + 1, first) };
        let id = u32::try_from(self.number / 640 % 30).unwrap_or(0) + 1;
        Some(League { radiant_team, dire_team, id })
    }

    fn first_team_is_radiant(self) -> bool {
        self.dice(8).percent(50)
    }

    pub(crate) fn is_radiant(self, account: u32) -> bool {
        self.place(account % 10) < 5
    }

    pub(crate) fn is_won_by(self, account: u32) -> bool {
        self.is_radiant(account) == self.radiant_win()
    }

    pub(crate) fn seat(self, account: u32) -> Seat {
        self.seat_at(account % 10, self.place(account % 10))
    }

    pub(crate) fn seats(self) -> [Seat; 10] {
        let places = self.places();
        std::array::from_fn(|digit| {
            let place = places.get(digit).copied().unwrap_or_default();
            self.seat_at(u32::try_from(digit).unwrap_or_default(), place)
        })
    }

    fn seat_at(self, digit: u32, place: u32) -> Seat {
        Seat { account: self.cohort.account(digit), radiant: place < 5, position: place % 5, hero: self.hero(digit) }
    }

    fn place(self, digit: u32) -> u32 {
        usize::try_from(digit).ok().and_then(|digit| self.places().get(digit).copied()).unwrap_or_default()
    }

    /// The place of each digit: shuffled, but a league's teams stay together.
    fn places(self) -> [u32; 10] {
        let mut places = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        if self.league().is_some() {
            if !self.first_team_is_radiant() {
                places.rotate_left(5);
            }
            return places;
        }
        let mut dice = self.dice(9);
        for last in (1..places.len()).rev() {
            places.swap(last, dice.index(last + 1));
        }
        places
    }

    /// Each digit picks from its own tenth of the heroes, and in some matches all move on by as many tenths: so ten
    /// different heroes meet, everyone has favourites, and nobody plays only those.
    fn hero(self, digit: u32) -> &'static Hero {
        let mut shift = self.dice(10);
        let shift = if shift.percent(60) { 0 } else { shift.below(10) };
        let tenth = (u64::from(digit) + shift) % 10;
        let mut dice = self.dice(100 + u64::from(digit));
        let favourite = u64::from(self.cohort.id) + u64::from(digit) * 7;
        let nth = dice.below(13).min(dice.below(13)) + favourite;
        let size = if tenth < 7 { 13 } else { 12 };
        usize::try_from(tenth + 10 * (nth % size)).ok().and_then(|at| HEROES.get(at)).unwrap_or(&HEROES[0])
    }
}

impl Seat {
    pub(crate) fn player_slot(&self) -> u32 {
        if self.radiant { self.position } else { 128 + self.position }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cohort, Game, HEROES, PRO_COHORTS};
    use crate::opendota::world::World;

    const NOW: u64 = 1_795_154_136;

    fn world() -> World {
        World::at(NOW, NOW)
    }

    #[test]
    fn a_match_is_found_by_its_id_once_it_has_ended() {
        for cohort in [0, 8_674_591, 429_496_729].map(Cohort::new) {
            for game in cohort.games(world()).take(500) {
                assert_eq!(Game::find(game.id(), NOW), Some(game));
                assert_eq!(Game::find(game.id(), game.ended_at() - 1), None);
            }
        }
        for id in [0, 1, 429_496_730, u64::MAX] {
            assert!(Game::find(id, NOW).is_none_or(|game| game.id() == id));
        }
    }

    #[test]
    fn ids_grow_with_time() {
        let ids: Vec<_> = Cohort::new(7).games(world()).map(Game::id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] > pair[1]));
        assert!(ids[0] < 1 << 53, "a JavaScript number holds it");
    }

    #[test]
    fn ten_different_heroes_fill_ten_different_slots() {
        for cohort in [3, PRO_COHORTS.start].map(Cohort::new) {
            for game in cohort.games(world()).take(300) {
                let seats = game.seats();
                let mut heroes: Vec<_> = seats.iter().map(|seat| seat.hero.id).collect();
                let mut slots: Vec<_> = seats.iter().map(super::Seat::player_slot).collect();
                heroes.sort_unstable();
                heroes.dedup();
                slots.sort_unstable();
                assert_eq!(heroes.len(), 10);
                assert_eq!(slots, [0, 1, 2, 3, 4, 128, 129, 130, 131, 132]);
                for seat in seats {
                    assert_eq!(game.is_radiant(seat.account), seat.radiant);
                    assert_eq!(game.seat(seat.account).player_slot(), seat.player_slot());
                }
            }
        }
    }

    #[test]
    fn every_hero_is_played() {
        let mut played: Vec<_> = Cohort::new(5).games(world()).flat_map(Game::seats).map(|seat| seat.hero.id).collect();
        played.sort_unstable();
        played.dedup();
        assert_eq!(played.len(), HEROES.len());
    }

    #[test]
    fn teams_of_a_league_match_stay_together() {
        let cohort = Cohort::new(PRO_COHORTS.start + 4);
        let game = cohort.games(world()).find(|game| game.league().is_some()).unwrap();
        let first_team: Vec<_> = (0..5).map(|digit| game.is_radiant(cohort.account(digit))).collect();
        assert!(first_team.iter().all(|radiant| *radiant == first_team[0]));
        let league = game.league().unwrap();
        assert_eq!(if first_team[0] { league.radiant_team } else { league.dire_team }, 9);
    }
}
