//! What a failed statement means for its caller.

use tokio_postgres::Error;
use weir_flow::ports::{Fault, Port, PortError};

/// Raised by `weir.enter` and `weir.budget` for what was never adopted.
const NOT_ADOPTED: &str = "WR001";

/// Classes of SQLSTATE that pass by themselves: connection, resources, operator's intervention, conflict with others.
const PASSING_CLASSES: [&str; 4] = ["08", "53", "57", "40"];

/// A lock that was not to be had in time.
const LOCKED: &str = "55P03";

/// Whether the same statement may work later, with a detail that holds neither values nor bodies.
pub(crate) fn failure(error: &Error) -> PortError {
    let Some(raised) = error.as_db_error() else {
        return of_connection(error);
    };
    let state = raised.code().code();
    let detail = format!("{state}: {}", raised.message());
    if state == NOT_ADOPTED {
        PortError { port: Port::Persistent, fault: Fault::NotAdopted, detail }
    } else if state == LOCKED || PASSING_CLASSES.iter().any(|class| state.starts_with(class)) {
        PortError::transient(Port::Persistent, detail)
    } else {
        PortError::permanent(Port::Persistent, detail)
    }
}

/// A result column that is not what this version of the code expects: function and code do not belong together.
pub(crate) fn misread(error: &Error) -> PortError {
    PortError::permanent(Port::Persistent, error.to_string())
}

/// Everything that is not Postgres' own answer passes, but for what this side did wrong. "unexpected message from
/// server" is among what passes: Hyperdrive causes it (workers-sdk 13797).
fn of_connection(error: &Error) -> PortError {
    let detail = error.to_string();
    let own_mistake = ["error serializing", "error deserializing", "invalid co", "authentication"];
    if own_mistake.iter().any(|beginning| detail.starts_with(beginning)) {
        PortError::permanent(Port::Persistent, detail)
    } else {
        PortError::transient(Port::Persistent, detail)
    }
}
