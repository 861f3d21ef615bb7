//! What is true of an account whatever it plays: existence, privacy, names, skill.

use serde_json::{Value, json};

use super::cohort::{Cohort, PRO_COHORTS};
use super::world::World;
use crate::calendar::iso8601;
use crate::dice::Dice;

/// Steam's 64-bit id of account 0.
const STEAM_BASE: u64 = 76_561_197_960_265_728;
/// A persona name is kept for so long.
const NAME_SECS: u64 = 20 * 86_400;

/// The upstream answers 404 for the others.
pub(crate) fn exists(account: u32) -> bool {
    account % 1_000 != 404
}

/// Whether the match history is hidden (`fh_unavailable`).
pub(crate) fn is_private(account: u32) -> bool {
    account % 16 == 13 && !is_pro(account)
}

pub(crate) fn is_pro(account: u32) -> bool {
    PRO_COHORTS.contains(&(account / 10))
}

pub(crate) fn personaname(account: u32, now: u64) -> String {
    let (number, _) = current_name(account, now);
    name(account, number)
}

/// The handle a professional is known by.
pub(crate) fn pro_name(account: u32) -> Option<String> {
    is_pro(account).then(|| name(account, u64::MAX).to_lowercase())
}

pub(crate) fn steamid(account: u32) -> String {
    (STEAM_BASE + u64::from(account)).to_string()
}

/// The picture in the size with this suffix: none, `_medium` or `_full`.
pub(crate) fn avatar(account: u32, size: &str) -> String {
    let mut dice = Dice::of(&[21, account.into()]);
    let hash = format!("{:016x}{:016x}{:08x}", dice.roll(), dice.roll(), dice.roll() >> 32);
    format!("https://avatars.steamstatic.com/{hash}{size}.jpg")
}

pub(crate) fn country(account: u32) -> Option<&'static str> {
    Dice::of(&[22, account.into()]).pick(&[
        None,
        None,
        Some("NO"),
        Some("SE"),
        Some("DE"),
        Some("US"),
        Some("BR"),
        Some("PE"),
        Some("PH"),
        Some("CN"),
    ])
}

/// A player who has not calibrated has no rank.
pub(crate) fn is_ranked(account: u32) -> bool {
    is_pro(account) || !Dice::of(&[23, account.into()]).percent(8)
}

/// The rating after the last 200 matches: each won one adds, each lost one takes 25.
pub(crate) fn mmr(account: u32, world: World) -> i64 {
    let recent = Cohort::of(account).games(world).take(200);
    let swing: i64 = recent.map(|game| if game.is_won_by(account) { 25 } else { -25 }).sum();
    (base_mmr(account) + swing).max(1)
}

/// The rating an account hovers about; those who play each other are about equally good.
pub(crate) fn base_mmr(account: u32) -> i64 {
    let cohort = account / 10;
    let mut ours = Dice::of(&[24, cohort.into()]);
    let common = if PRO_COHORTS.contains(&cohort) { ours.between(7_400, 8_400) } else { ours.between(600, 6_400) };
    let own = Dice::of(&[25, account.into()]).below(600);
    i64::try_from(common + own).unwrap_or_default() - 300
}

/// Tens are the medal (1 Herald to 8 Immortal), ones the stars.
pub(crate) fn rank_tier(mmr: i64) -> i64 {
    if mmr >= 5_620 {
        return 80;
    }
    let stars = (mmr / 154).min(34);
    10 * (stars / 5 + 1) + stars % 5 + 1
}

/// Only the best have a place.
pub(crate) fn leaderboard_rank(mmr: i64) -> Option<i64> {
    (mmr >= 6_500).then(|| 1 + 2 * (9_000 - mmr).max(0))
}

/// When the last match began, which is when the player was last seen.
pub(crate) fn last_login(account: u32, now: u64) -> String {
    iso8601(Cohort::of(account).latest(now).started_at())
}

pub(crate) fn last_match_time(account: u32, now: u64) -> String {
    iso8601(Cohort::of(account).latest(now).started_at())
}

/// The names before the current one, newest first.
pub(crate) fn aliases(account: u32, now: u64) -> Vec<Value> {
    let (current, since) = current_name(account, now);
    (0..3)
        .map(|back| {
            json!({
                "personaname": name(account, current.saturating_sub(back)),
                "name_since": iso8601(since.saturating_sub(back * NAME_SECS)),
            })
        })
        .collect()
}

/// The number of the name in use and when it was taken.
fn current_name(account: u32, now: u64) -> (u64, u64) {
    let phase = Dice::of(&[26, account.into()]).below(NAME_SECS);
    let number = (now + phase) / NAME_SECS;
    (number, (number * NAME_SECS).saturating_sub(phase))
}

fn name(account: u32, number: u64) -> String {
    let mut dice = Dice::of(&[27, account.into(), number]);
    let (first, second) = (dice.pick(FIRST), dice.pick(SECOND));
    match dice.below(4) {
        0 => format!("{first}{second}"),
        1 => format!("{first} {second}"),
        2 => format!("{first}{second}{}", dice.between(1, 99)),
        _ => format!("{second}.{}", first.to_lowercase()),
    }
}

const FIRST: &[&str] = &[
    "Quiet", "Salty", "Rapid", "Frozen", "Lucky", "Iron", "Velvet", "Broken", "Mid", "Holy", "Lazy", "Neon", "Dire",
    "Crimson", "Blå", "Sneaky", "Ancient", "Tilted", "Solo", "Grand", "Pixel", "Northern", "Silent", "Golden",
];

const SECOND: &[&str] = &[
    "Courier",
    "Badger",
    "Wizard",
    "Otter",
    "Creep",
    "Falcon",
    "Roshan",
    "Tango",
    "Moose",
    "Phantom",
    "Fjord",
    "Ward",
    "Kettle",
    "Raven",
    "Smoke",
    "Goose",
    "Anchor",
    "Mage",
    "Bear",
    "Trickster",
    "Lynx",
    "Puma",
    "Comet",
    "Sloth",
];

#[cfg(test)]
mod tests {
    use super::{Cohort, NAME_SECS, World, leaderboard_rank, mmr, name, personaname, rank_tier};

    const NOW: u64 = 1_795_154_136;

    #[test]
    fn a_rank_has_one_of_eight_medals_and_at_most_five_stars() {
        for (mmr, tier) in [(1, 11), (153, 11), (154, 12), (770, 21), (5_619, 75), (5_620, 80), (9_999, 80)] {
            assert_eq!(rank_tier(mmr), tier, "{mmr}");
        }
        assert_eq!([6_499, 6_500, 9_000, 9_900].map(leaderboard_rank), [None, Some(5_001), Some(1), Some(1)]);
    }

    #[test]
    fn a_won_match_moves_the_rating_up_and_a_lost_one_down() {
        let account = 86_745_912;
        let game = Cohort::of(account).latest(NOW);
        let at = |now| mmr(account, World::at(now, NOW));
        let leaving = Cohort::of(account).games(World::at(NOW, NOW)).nth(200).unwrap();
        let entered = if game.is_won_by(account) { 25 } else { -25 };
        let left = if leaving.is_won_by(account) { 25 } else { -25 };
        assert_eq!(at(game.ended_at()) - at(game.ended_at() - 1), entered - left);
    }

    #[test]
    fn a_name_is_kept_for_a_while_and_then_changes() {
        let names: Vec<_> = (0..=NAME_SECS / 3_600).map(|hour| personaname(7, NOW + hour * 3_600)).collect();
        let changes = names.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert_eq!(changes, 1);
        assert!(!name(7, 1).is_empty());
    }
}
