//! Postgres keeps the contract of the ports.

use crate::world::Postgres;
use weir_testkit::contract;

macro_rules! test_each {
    ($($module:ident::$case:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                contract::$module::$case(&Postgres::new().await).await;
            }
        )*
    };
}

weir_testkit::every_case!(test_each);
