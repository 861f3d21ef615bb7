//! The in-memory Postgres keeps the same contract as the real one.

use std::time::Duration;
use weir_policy::time::Timestamp;
use weir_testkit::chance::Chance;
use weir_testkit::contract::{self, World};
use weir_testkit::persistent::Store;
use weir_testkit::time::Time;

struct Memory {
    time: Time,
    store: Store,
}

impl World for Memory {
    type Read = Store;
    type Receive = Store;
    type Refresh = Store;

    fn read(&self) -> &Store {
        &self.store
    }

    fn receive(&self) -> &Store {
        &self.store
    }

    fn refresh(&self) -> &Store {
        &self.store
    }

    fn project(&self, number: u8) -> String {
        format!("p-{number}")
    }

    fn now(&self) -> Timestamp {
        self.time.now()
    }

    async fn advance(&self, span: Duration) {
        self.time.sleep(span).await;
    }
}

macro_rules! test_each {
    ($($module:ident::$case:ident),* $(,)?) => {
        $(
            #[test]
            fn $case() {
                let time = Time::starting_at(Timestamp::from_secs(1_800_000_000));
                let store = Store::new(time.clone(), Chance::seeded(1));
                let world = Memory { time: time.clone(), store };
                time.block_on(contract::$module::$case(&world));
            }
        )*
    };
}

weir_testkit::every_case!(test_each);
