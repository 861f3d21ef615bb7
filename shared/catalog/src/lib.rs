//! The catalog: every project Weir serves, typed, and the way from a request's path to a resource.
//!
//! With the feature `compile` it also reads `projects/*.toml`; without, it only decodes what was compiled.

mod admission;
mod codec;
#[cfg(feature = "compile")]
mod compile;
mod expected;
mod key;
mod project;
mod route;
mod spelling;

pub use admission::{Admission, Network, Origins, household};
pub use codec::DecodeError;
#[cfg(feature = "compile")]
pub use compile::{ProjectError, compile_dir, duration};
pub use key::{Key, KeyTooLong};
pub use project::{
    Access, Auth, Catalog, Expected, Hook, HookScheme, MakesDue, Param, Population, Project, QueryParam, Refresh,
    Resource, Secret, Slot, Upstream, Window,
};
pub use route::{Route, RouteError, Routes};
