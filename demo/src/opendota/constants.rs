//! `/constants` and `/constants/{resource}`: tables that change with a patch only.

use serde_json::{Value, json};

use super::hero_names::HEROES;
use super::hero_stats;
use super::items::ITEMS;
use crate::answer::Answer;
use crate::calendar::iso8601;

type Table = fn() -> Value;

const RESOURCES: [(&str, Table); 10] = [
    ("cluster", clusters),
    ("game_mode", game_modes),
    ("heroes", heroes),
    ("item_ids", item_ids),
    ("items", items),
    ("lobby_type", lobby_types),
    ("patch", patches),
    ("player_colors", player_colors),
    ("region", regions),
    ("xp_level", xp_levels),
];

pub(crate) fn list() -> Value {
    RESOURCES.iter().map(|(name, _)| json!(name)).collect()
}

pub(crate) fn answer(resource: &str) -> Answer {
    let found = RESOURCES.iter().find(|(name, _)| *name == resource);
    found.map_or_else(Answer::not_found, |(_, table)| Answer::found(&table()))
}

fn heroes() -> Value {
    HEROES.iter().map(|hero| (hero.id.to_string(), Value::Object(hero_stats::attributes(hero)))).collect()
}

fn items() -> Value {
    let item = |item: &super::items::Item| {
        json!({
            "id": item.id, "dname": item.name, "cost": item.cost, "qual": "common",
            "img": format!("/apps/dota2/images/dota_react/items/{}.png", item.tag),
            "attrib": [], "mc": false, "cd": false, "components": null, "created": item.cost > 1_000, "charges": false,
        })
    };
    ITEMS.iter().map(|entry| (entry.tag.to_owned(), item(entry))).collect()
}

fn item_ids() -> Value {
    ITEMS.iter().map(|item| (item.id.to_string(), json!(item.tag))).collect()
}

fn game_modes() -> Value {
    numbered(
        "game_mode",
        &[
            "unknown",
            "all_pick",
            "captains_mode",
            "random_draft",
            "single_draft",
            "all_random",
            "intro",
            "diretide",
            "reverse_captains_mode",
            "greeviling",
            "tutorial",
            "mid_only",
            "least_played",
            "limited_heroes",
            "compendium_matchmaking",
            "custom",
            "captains_draft",
            "balanced_draft",
            "ability_draft",
            "event",
            "all_random_death_match",
            "1v1_mid",
            "all_draft",
            "turbo",
            "mutation",
            "coaches_challenge",
        ],
    )
}

fn lobby_types() -> Value {
    numbered(
        "lobby_type",
        &[
            "normal",
            "practice",
            "tournament",
            "tutorial",
            "coop_bots",
            "ranked_team_mm",
            "ranked_solo_mm",
            "ranked",
            "1v1_mid",
            "battle_cup",
            "local_bots",
            "spectator",
            "event",
            "gauntlet",
            "new_player",
            "featured",
        ],
    )
}

fn numbered(kind: &str, names: &[&str]) -> Value {
    let balanced =
        ["unknown", "all_pick", "captains_mode", "random_draft", "single_draft", "all_draft", "normal", "ranked"];
    let row = |(id, name): (u32, &&str)| {
        let row = json!({ "id": id, "name": format!("{kind}_{name}"), "balanced": balanced.contains(name) });
        (id.to_string(), row)
    };
    (0..).zip(names).map(row).collect()
}

fn regions() -> Value {
    json!({
        "1": "US WEST", "2": "US EAST", "3": "EUROPE", "5": "SINGAPORE", "6": "DUBAI", "7": "AUSTRALIA",
        "8": "STOCKHOLM", "9": "AUSTRIA", "10": "BRAZIL", "11": "SOUTHAFRICA", "14": "CHILE", "15": "PERU",
        "16": "INDIA", "19": "JAPAN", "37": "TAIWAN", "38": "ARGENTINA",
    })
}

fn clusters() -> Value {
    json!({ "111": 1, "112": 1, "121": 2, "122": 2, "133": 3, "138": 3, "154": 5, "183": 8, "204": 10 })
}

/// One every eight weeks since 2016, numbered as matches refer to them.
fn patches() -> Value {
    let patch = |id: u64| {
        let released_at = 1_481_500_800 + id * 56 * 86_400;
        json!({ "id": id, "name": format!("7.{id:02}"), "date": iso8601(released_at) })
    };
    (0..60).map(patch).collect()
}

fn player_colors() -> Value {
    let colors =
        ["#2E6AE6", "#5DE6AD", "#AD00AD", "#DCD90A", "#E66200", "#E67AB0", "#92A440", "#5CC5E0", "#00771E", "#956000"];
    let slots = (0..5).chain(128..133);
    slots.zip(colors).map(|(slot, color)| (slot.to_string(), json!(color))).collect()
}

fn xp_levels() -> Value {
    (0..30_u64).map(|level| json!(level * 240 + level * level * 55)).collect()
}

#[cfg(test)]
mod tests {
    use super::{RESOURCES, answer, list};
    use axum::http::StatusCode;
    use serde_json::Value;

    #[test]
    fn every_listed_table_is_served_and_no_other() {
        for name in list().as_array().unwrap() {
            assert_eq!(answer(name.as_str().unwrap()).status, StatusCode::OK, "{name}");
        }
        assert_eq!(answer("shoes").status, StatusCode::NOT_FOUND);
        assert_eq!(list().as_array().unwrap().len(), RESOURCES.len());
    }

    #[test]
    fn heroes_are_keyed_by_id_as_text() {
        let heroes: Value = serde_json::from_slice(&answer("heroes").body).unwrap();
        assert_eq!(heroes["14"]["localized_name"], "Pudge");
        assert_eq!(heroes.as_object().unwrap().len(), 127);
    }
}
