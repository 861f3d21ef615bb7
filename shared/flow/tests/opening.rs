//! Keys open what they are for; the persistent tier is asked seldom, missed seldom, and never for long.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::cell::{Cell, RefCell};
use std::time::Duration;
use weir_flow::opening::{KeyRing, Opening, opening};
use weir_flow::ports::{Keys, Port, PortError, Timer};
use weir_policy::api_key::{ApiKey, Scope, Scopes};
use weir_policy::time::Timestamp;
use weir_testkit::time::Time;

const BEGIN: Timestamp = Timestamp::from_secs(1_000_000);

/// The persistent tier, as far as it knows keys.
struct Tier {
    now: Cell<Timestamp>,
    reachable: Cell<bool>,
    asked: Cell<u32>,
    valid: RefCell<Vec<(String, [u8; 32], Scopes)>>,
}

impl Tier {
    fn with(key: &ApiKey, scopes: &[&str]) -> Self {
        let valid = vec![("demo".to_owned(), key.hash(), Scopes::named(scopes.iter().copied()))];
        Self { now: Cell::new(BEGIN), reachable: Cell::new(true), asked: Cell::new(0), valid: RefCell::new(valid) }
    }

    fn pass(&self, secs: u64) {
        self.now.set(self.now.get() + Duration::from_secs(secs));
    }

    fn revoke_all(&self) {
        self.valid.borrow_mut().clear();
    }

    fn show(&self, ring: &KeyRing, key: &ApiKey) -> Opening {
        self.show_to(ring, (0, "demo"), key)
    }

    fn show_to(&self, ring: &KeyRing, project: (usize, &str), key: &ApiKey) -> Opening {
        Time::starting_at(BEGIN).block_on(opening(self, ring, project, key, Scope::Read))
    }
}

impl Keys for Tier {
    async fn scopes(&self, project: &str, hash: &[u8; 32]) -> Result<Option<Scopes>, PortError> {
        self.asked.set(self.asked.get() + 1);
        if !self.reachable.get() {
            return Err(PortError::transient(Port::Persistent, "down"));
        }
        let valid = self.valid.borrow();
        let found = valid.iter().find(|(of, known, _)| of == project && known == hash);
        Ok(found.map(|(_, _, scopes)| *scopes))
    }
}

impl Timer for Tier {
    fn now(&self) -> Timestamp {
        self.now.get()
    }

    async fn sleep(&self, span: Duration) {
        self.now.set(self.now.get() + span);
    }
}

fn key(seed: u8) -> ApiKey {
    ApiKey::drawn(seed..).unwrap()
}

#[test]
fn a_key_opens_its_own_project_for_what_it_is_for() {
    let (ring, tier) = (KeyRing::default(), Tier::with(&key(1), &["read"]));
    assert_eq!(tier.show(&ring, &key(1)), Opening::Open);
    assert_eq!(tier.show(&ring, &key(2)), Opening::NoKey);
    assert_eq!(tier.show_to(&ring, (1, "other"), &key(1)), Opening::NoKey, "what is remembered is another project's");
    let tier = Tier::with(&key(1), &["metrics", "write"]);
    assert_eq!(tier.show(&KeyRing::default(), &key(1)), Opening::LacksScope);
}

#[test]
fn a_revoked_key_opens_nothing_after_a_minute() {
    let (ring, tier) = (KeyRing::default(), Tier::with(&key(1), &["read"]));
    assert_eq!(tier.show(&ring, &key(1)), Opening::Open);
    tier.revoke_all();
    tier.pass(49);
    assert_eq!((tier.show(&ring, &key(1)), tier.asked.get()), (Opening::Open, 1), "it is remembered");
    tier.pass(11);
    assert_eq!(tier.show(&ring, &key(1)), Opening::NoKey);
    tier.reachable.set(false);
    tier.pass(1);
    assert_eq!(tier.show(&ring, &key(1)), Opening::NoKey, "an outage does not bring it back");
    tier.pass(30);
    assert_eq!(tier.show(&ring, &key(1)), Opening::OutOfReach);
}

#[test]
fn a_key_in_use_is_asked_for_once_in_fifty_seconds() {
    let (ring, tier) = (KeyRing::default(), Tier::with(&key(1), &["read"]));
    for _ in 0..300 {
        assert_eq!(tier.show(&ring, &key(1)), Opening::Open);
        tier.pass(1);
    }
    assert_eq!(tier.asked.get(), 6);
}

#[test]
fn while_one_request_asks_again_the_others_go_on() {
    struct Slow<'t>(&'t Tier, &'t KeyRing);
    impl Keys for Slow<'_> {
        async fn scopes(&self, project: &str, hash: &[u8; 32]) -> Result<Option<Scopes>, PortError> {
            assert_eq!(self.0.show(self.1, &key(1)), Opening::Open, "meanwhile");
            self.0.scopes(project, hash).await
        }
    }
    impl Timer for Slow<'_> {
        fn now(&self) -> Timestamp {
            self.0.now()
        }
        async fn sleep(&self, span: Duration) {
            self.0.sleep(span).await;
        }
    }
    let (ring, tier) = (KeyRing::default(), Tier::with(&key(1), &["read"]));
    assert_eq!(tier.show(&ring, &key(1)), Opening::Open);
    tier.pass(55);
    let slow = Slow(&tier, &ring);
    let opened = Time::starting_at(BEGIN).block_on(opening(&slow, &ring, (0, "demo"), &key(1), Scope::Read));
    assert_eq!((opened, tier.asked.get()), (Opening::Open, 2), "the other one asked nothing");
}

#[test]
fn a_made_up_key_costs_one_question_in_ten_seconds_and_may_become_one() {
    let (ring, tier) = (KeyRing::default(), Tier::with(&key(1), &["read"]));
    for _ in 0..5 {
        assert_eq!(tier.show(&ring, &key(2)), Opening::NoKey);
    }
    assert_eq!(tier.asked.get(), 1);
    tier.valid.borrow_mut().push(("demo".to_owned(), key(2).hash(), Scopes::named(["read"])));
    tier.pass(10);
    assert_eq!(tier.show(&ring, &key(2)), Opening::Open);
}

#[test]
fn in_an_outage_a_known_key_goes_on_for_ten_minutes_and_an_unknown_one_has_to_wait() {
    let (ring, tier) = (KeyRing::default(), Tier::with(&key(1), &["read"]));
    assert_eq!(tier.show(&ring, &key(1)), Opening::Open);
    tier.reachable.set(false);
    assert_eq!(tier.show(&ring, &key(2)), Opening::OutOfReach);
    tier.asked.set(0);
    for _ in 0..599 {
        tier.pass(1);
        assert_eq!(tier.show(&ring, &key(1)), Opening::Open);
    }
    assert!(tier.asked.get() < 120, "{} questions in vain", tier.asked.get());
    tier.pass(1);
    assert_eq!(tier.show(&ring, &key(1)), Opening::OutOfReach);
}

#[test]
fn after_an_outage_what_was_revoked_ends_within_seconds() {
    let (ring, tier) = (KeyRing::default(), Tier::with(&key(1), &["read"]));
    assert_eq!(tier.show(&ring, &key(1)), Opening::Open);
    tier.reachable.set(false);
    tier.pass(300);
    assert_eq!(tier.show(&ring, &key(1)), Opening::Open);
    tier.revoke_all();
    tier.reachable.set(true);
    tier.pass(5);
    assert_eq!(tier.show(&ring, &key(1)), Opening::NoKey);
}

#[test]
fn made_up_keys_push_out_none_that_is_real() {
    let (ring, tier) = (KeyRing::default(), Tier::with(&key(1), &["read"]));
    assert_eq!(tier.show(&ring, &key(1)), Opening::Open);
    for project in 1..3_000 {
        assert_eq!(tier.show_to(&ring, (project, "other"), &key(2)), Opening::NoKey);
    }
    tier.asked.set(0);
    assert_eq!((tier.show(&ring, &key(1)), tier.asked.get()), (Opening::Open, 0));
}
