//! What a response carries.

/// Nothing, text of Weir's own, or an entry's body in whatever form it is held.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload<B> {
    /// No body.
    Empty,
    /// Weir's own words.
    Text(String),
    /// An entry's bytes.
    Entry(B),
}
