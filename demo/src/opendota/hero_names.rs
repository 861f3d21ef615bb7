//! The heroes: ids and names as the game has them.

/// What never changes about a hero.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hero {
    pub(crate) id: u32,
    /// As in `npc_dota_hero_<tag>`.
    pub(crate) tag: &'static str,
    pub(crate) name: &'static str,
    /// `str`, `agi`, `int` or `all`.
    pub(crate) attribute: &'static str,
    pub(crate) melee: bool,
}

pub(crate) fn by_id(id: &str) -> Option<&'static Hero> {
    let id: u32 = id.parse().ok()?;
    HEROES.iter().find(|hero| hero.id == id)
}

const fn melee(id: u32, tag: &'static str, name: &'static str, attribute: &'static str) -> Hero {
    Hero { id, tag, name, attribute, melee: true }
}

const fn ranged(id: u32, tag: &'static str, name: &'static str, attribute: &'static str) -> Hero {
    Hero { id, tag, name, attribute, melee: false }
}

pub(crate) const HEROES: [Hero; 127] = [
    melee(1, "antimage", "Anti-Mage", "agi"),
    melee(2, "axe", "Axe", "str"),
    ranged(3, "bane", "Bane", "all"),
    melee(4, "bloodseeker", "Bloodseeker", "agi"),
    ranged(5, "crystal_maiden", "Crystal Maiden", "int"),
    ranged(6, "drow_ranger", "Drow Ranger", "agi"),
    melee(7, "earthshaker", "Earthshaker", "str"),
    melee(8, "juggernaut", "Juggernaut", "agi"),
    ranged(9, "mirana", "Mirana", "agi"),
    ranged(10, "morphling", "Morphling", "agi"),
    ranged(11, "nevermore", "Shadow Fiend", "agi"),
    melee(12, "phantom_lancer", "Phantom Lancer", "agi"),
    ranged(13, "puck", "Puck", "int"),
    melee(14, "pudge", "Pudge", "str"),
    ranged(15, "razor", "Razor", "agi"),
    melee(16, "sand_king", "Sand King", "all"),
    ranged(17, "storm_spirit", "Storm Spirit", "int"),
    melee(18, "sven", "Sven", "str"),
    melee(19, "tiny", "Tiny", "str"),
    ranged(20, "vengefulspirit", "Vengeful Spirit", "all"),
    ranged(21, "windrunner", "Windranger", "all"),
    ranged(22, "zuus", "Zeus", "int"),
    melee(23, "kunkka", "Kunkka", "str"),
    ranged(25, "lina", "Lina", "int"),
    ranged(26, "lion", "Lion", "int"),
    ranged(27, "shadow_shaman", "Shadow Shaman", "int"),
    melee(28, "slardar", "Slardar", "str"),
    melee(29, "tidehunter", "Tidehunter", "str"),
    ranged(30, "witch_doctor", "Witch Doctor", "int"),
    ranged(31, "lich", "Lich", "int"),
    melee(32, "riki", "Riki", "agi"),
    ranged(33, "enigma", "Enigma", "all"),
    ranged(34, "tinker", "Tinker", "int"),
    ranged(35, "sniper", "Sniper", "agi"),
    ranged(36, "necrolyte", "Necrophos", "int"),
    ranged(37, "warlock", "Warlock", "int"),
    melee(38, "beastmaster", "Beastmaster", "all"),
    ranged(39, "queenofpain", "Queen of Pain", "int"),
    ranged(40, "venomancer", "Venomancer", "all"),
    melee(41, "faceless_void", "Faceless Void", "agi"),
    melee(42, "skeleton_king", "Wraith King", "str"),
    ranged(43, "death_prophet", "Death Prophet", "int"),
    melee(44, "phantom_assassin", "Phantom Assassin", "agi"),
    ranged(45, "pugna", "Pugna", "int"),
    ranged(46, "templar_assassin", "Templar Assassin", "agi"),
    ranged(47, "viper", "Viper", "agi"),
    ranged(48, "luna", "Luna", "agi"),
    melee(49, "dragon_knight", "Dragon Knight", "str"),
    ranged(50, "dazzle", "Dazzle", "all"),
    melee(51, "rattletrap", "Clockwerk", "all"),
    ranged(52, "leshrac", "Leshrac", "int"),
    ranged(53, "furion", "Nature's Prophet", "int"),
    melee(54, "life_stealer", "Lifestealer", "str"),
    melee(55, "dark_seer", "Dark Seer", "all"),
    ranged(56, "clinkz", "Clinkz", "agi"),
    melee(57, "omniknight", "Omniknight", "str"),
    ranged(58, "enchantress", "Enchantress", "int"),
    ranged(59, "huskar", "Huskar", "str"),
    melee(60, "night_stalker", "Night Stalker", "str"),
    melee(61, "broodmother", "Broodmother", "all"),
    melee(62, "bounty_hunter", "Bounty Hunter", "agi"),
    ranged(63, "weaver", "Weaver", "agi"),
    ranged(64, "jakiro", "Jakiro", "int"),
    ranged(65, "batrider", "Batrider", "all"),
    ranged(66, "chen", "Chen", "all"),
    melee(67, "spectre", "Spectre", "agi"),
    ranged(68, "ancient_apparition", "Ancient Apparition", "int"),
    melee(69, "doom_bringer", "Doom", "str"),
    melee(70, "ursa", "Ursa", "agi"),
    melee(71, "spirit_breaker", "Spirit Breaker", "str"),
    ranged(72, "gyrocopter", "Gyrocopter", "agi"),
    melee(73, "alchemist", "Alchemist", "str"),
    ranged(74, "invoker", "Invoker", "all"),
    ranged(75, "silencer", "Silencer", "int"),
    ranged(76, "obsidian_destroyer", "Outworld Destroyer", "int"),
    melee(77, "lycan", "Lycan", "all"),
    melee(78, "brewmaster", "Brewmaster", "all"),
    ranged(79, "shadow_demon", "Shadow Demon", "int"),
    ranged(80, "lone_druid", "Lone Druid", "all"),
    melee(81, "chaos_knight", "Chaos Knight", "str"),
    melee(82, "meepo", "Meepo", "agi"),
    melee(83, "treant", "Treant Protector", "str"),
    melee(84, "ogre_magi", "Ogre Magi", "str"),
    melee(85, "undying", "Undying", "str"),
    ranged(86, "rubick", "Rubick", "int"),
    ranged(87, "disruptor", "Disruptor", "int"),
    melee(88, "nyx_assassin", "Nyx Assassin", "all"),
    melee(89, "naga_siren", "Naga Siren", "agi"),
    ranged(90, "keeper_of_the_light", "Keeper of the Light", "int"),
    ranged(91, "wisp", "Io", "all"),
    ranged(92, "visage", "Visage", "all"),
    melee(93, "slark", "Slark", "agi"),
    ranged(94, "medusa", "Medusa", "agi"),
    ranged(95, "troll_warlord", "Troll Warlord", "agi"),
    melee(96, "centaur", "Centaur Warrunner", "str"),
    melee(97, "magnataur", "Magnus", "all"),
    melee(98, "shredder", "Timbersaw", "all"),
    melee(99, "bristleback", "Bristleback", "str"),
    melee(100, "tusk", "Tusk", "str"),
    ranged(101, "skywrath_mage", "Skywrath Mage", "int"),
    melee(102, "abaddon", "Abaddon", "all"),
    melee(103, "elder_titan", "Elder Titan", "str"),
    melee(104, "legion_commander", "Legion Commander", "str"),
    ranged(105, "techies", "Techies", "all"),
    melee(106, "ember_spirit", "Ember Spirit", "agi"),
    melee(107, "earth_spirit", "Earth Spirit", "str"),
    melee(108, "abyssal_underlord", "Underlord", "str"),
    melee(109, "terrorblade", "Terrorblade", "agi"),
    ranged(110, "phoenix", "Phoenix", "str"),
    ranged(111, "oracle", "Oracle", "int"),
    ranged(112, "winter_wyvern", "Winter Wyvern", "all"),
    ranged(113, "arc_warden", "Arc Warden", "agi"),
    melee(114, "monkey_king", "Monkey King", "agi"),
    ranged(119, "dark_willow", "Dark Willow", "all"),
    melee(120, "pangolier", "Pangolier", "all"),
    ranged(121, "grimstroke", "Grimstroke", "int"),
    ranged(123, "hoodwink", "Hoodwink", "agi"),
    melee(126, "void_spirit", "Void Spirit", "all"),
    ranged(128, "snapfire", "Snapfire", "all"),
    melee(129, "mars", "Mars", "str"),
    ranged(131, "ringmaster", "Ringmaster", "int"),
    melee(135, "dawnbreaker", "Dawnbreaker", "str"),
    melee(136, "marci", "Marci", "all"),
    melee(137, "primal_beast", "Primal Beast", "str"),
    ranged(138, "muerta", "Muerta", "int"),
    melee(145, "kez", "Kez", "agi"),
    melee(155, "largo", "Largo", "str"),
];

#[cfg(test)]
mod tests {
    use super::{HEROES, by_id};

    #[test]
    fn ids_grow_and_every_hero_is_found_by_its_id() {
        assert!(HEROES.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(HEROES.iter().all(|hero| by_id(&hero.id.to_string()) == Some(hero)));
        assert_eq!(by_id("24"), None);
        assert_eq!(by_id("axe"), None);
    }
}
