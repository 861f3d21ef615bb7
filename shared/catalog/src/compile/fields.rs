//! Reads a file's tables field by field, noting every wrong one with its line instead of stopping at the first.

use super::report::Report;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table, and which of its fields were asked for: those that never were do not exist.
pub(super) struct Fields<'a> {
    report: &'a Report<'a>,
    table: &'a DeTable<'a>,
    offset: usize,
    what: &'static str,
    known: Vec<&'static str>,
}

/// One field's value, and what errors call it.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    report: &'a Report<'a>,
    name: &'a str,
    node: &'a Spanned<DeValue<'a>>,
}

impl<'a> Fields<'a> {
    /// `what` goes into errors: "a resource".
    pub(super) fn new(report: &'a Report<'a>, table: &'a DeTable<'a>, offset: usize, what: &'static str) -> Self {
        Self { report, table, offset, what, known: Vec::new() }
    }

    /// A field that may be absent.
    pub(super) fn get(&mut self, name: &'static str) -> Option<Value<'a>> {
        self.known.push(name);
        let node = self.table.get(name)?;
        Some(Value { report: self.report, name, node })
    }

    /// A field that must be there.
    pub(super) fn need(&mut self, name: &'static str) -> Option<Value<'a>> {
        let found = self.get(name);
        if found.is_none() {
            self.refuse::<()>(format!("{} needs `{name}`", self.what));
        }
        found
    }

    /// Notes what is wrong with the table as a whole.
    pub(super) fn refuse<T>(&self, reason: impl Into<String>) -> Option<T> {
        self.refuse_at(None, reason)
    }

    /// Notes what is wrong with several fields together, at the line of one that has most to do with it.
    pub(super) fn refuse_at<T>(&self, value: Option<Value<'_>>, reason: impl Into<String>) -> Option<T> {
        let offset = value.map_or(self.offset, |value| value.node.span().start);
        self.report.refuse(offset, reason.into());
        None
    }

    /// Refuses every field that nobody asked for.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if !self.known.contains(&name) {
                let close = self.known.iter().find(|known| differs_little(known, name));
                let hint = close.map(|known| format!(" (did you mean `{known}`?)")).unwrap_or_default();
                let reason = format!("unknown field `{name}`{hint}; {} has: {}", self.what, self.known.join(", "));
                self.report.refuse(key.span().start, reason);
            }
        }
    }
}

impl<'a> Value<'a> {
    /// Notes what is wrong; `reason` follows the field's name in a sentence.
    pub(super) fn refuse<T>(self, reason: impl std::fmt::Display) -> Option<T> {
        self.report.refuse(self.node.span().start, format!("`{}` {reason}", self.name));
        None
    }

    pub(super) fn name(self) -> &'a str {
        self.name
    }

    pub(super) fn is_text(self) -> bool {
        self.node.get_ref().is_str()
    }

    pub(super) fn is_list(self) -> bool {
        self.node.get_ref().is_array()
    }

    pub(super) fn is_table(self) -> bool {
        self.node.get_ref().is_table()
    }

    pub(super) fn text(self) -> Option<&'a str> {
        self.node.get_ref().as_str().or_else(|| self.refuse("must be text in quotes"))
    }

    /// Text that means something; `parse` says why it does not.
    pub(super) fn parse<T>(self, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        parse(self.text()?).map_or_else(|reason| self.refuse(reason), Some)
    }

    pub(super) fn flag(self) -> Option<bool> {
        self.node.get_ref().as_bool().or_else(|| self.refuse("must be true or false"))
    }

    /// A whole number between two others, which are included.
    pub(super) fn number(self, min: u64, max: u64) -> Option<u64> {
        let integer = self.node.get_ref().as_integer();
        let number = integer.and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok());
        number
            .filter(|number| (min..=max).contains(number))
            .or_else(|| self.refuse(format!("must be a whole number from {min} to {max}")))
    }

    pub(super) fn list(self) -> Vec<Self> {
        match self.node.get_ref() {
            DeValue::Array(nodes) => nodes.iter().map(|node| Self { node, ..self }).collect(),
            DeValue::Table(_) => {
                let reason = format!("must be a list: tables headed [[{}]], or values in [ ]", self.name);
                self.refuse::<Vec<Self>>(reason).unwrap_or_default()
            }
            _ => self.refuse::<Vec<Self>>("must be a list in [ ]").unwrap_or_default(),
        }
    }

    /// A list, or what its only element would be.
    pub(super) fn one_or_more(self) -> Vec<Self> {
        if self.is_text() { vec![self] } else { self.list() }
    }

    /// A table whose fields' names are fixed.
    pub(super) fn fields(self, what: &'static str) -> Option<Fields<'a>> {
        match self.node.get_ref() {
            DeValue::Table(table) => Some(Fields::new(self.report, table, self.node.span().start, what)),
            _ => self.refuse("must be a table"),
        }
    }

    /// One field of a table, without asking for the others.
    pub(super) fn field(self, name: &'a str) -> Option<Self> {
        let node = self.node.get_ref().as_table()?.get(name)?;
        Some(Self { name, node, ..self })
    }

    /// A table whose fields' names are the file's own.
    pub(super) fn entries(self) -> Vec<Self> {
        match self.node.get_ref() {
            DeValue::Table(table) => {
                table.iter().map(|(name, node)| Self { report: self.report, name: name.get_ref(), node }).collect()
            }
            _ => self.refuse::<Vec<Self>>("must be a table").unwrap_or_default(),
        }
    }
}

/// Whether at most two letters were mistyped, left out or added.
fn differs_little(a: &str, b: &str) -> bool {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (above, to) in row.iter().skip(1).zip(b.bytes()) {
            left = (diagonal + usize::from(from != to)).min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().is_some_and(|distance| *distance <= 2.min(a.len() / 2))
}

#[cfg(test)]
mod tests {
    use super::differs_little;

    #[test]
    fn a_typing_mistake_is_close_to_what_was_meant() {
        for (meant, written) in [("ttl", "tll"), ("history", "histroy"), ("query", "querys"), ("keep", "kep")] {
            assert!(differs_little(meant, written), "{meant} {written}");
        }
        for (other, written) in [("ttl", "url"), ("name", "tags"), ("keep", "freshness")] {
            assert!(!differs_little(other, written), "{other} {written}");
        }
    }
}
