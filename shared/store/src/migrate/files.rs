//! The migrations of a folder, and how they go with what was applied.

use super::MigrateError;
use std::collections::BTreeMap;
use std::path::Path;

/// One file, named as the Supabase CLI names it: `<timestamp>_<name>.sql`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Migration {
    pub(super) file: String,
    pub(super) version: String,
    pub(super) name: String,
    pub(super) sql: String,
}

/// A row of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) version: String,
    pub(super) name: String,
    /// `None` where it was only marked as applied (`supabase migration repair`).
    pub(super) sql: Option<String>,
}

/// Reads a folder's `.sql` files, in order.
pub(super) fn read(dir: &Path) -> Result<Vec<Migration>, MigrateError> {
    let unreadable =
        |error: std::io::Error| MigrateError::Folder { dir: dir.display().to_string(), detail: error.to_string() };
    let mut found = BTreeMap::new();
    for item in std::fs::read_dir(dir).map_err(unreadable)? {
        let path = item.map_err(unreadable)?.path();
        if path.extension().is_none_or(|ending| ending != "sql") {
            continue;
        }
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (version, name) = parts(&file).ok_or_else(|| MigrateError::Name { file: file.clone() })?;
        let sql = std::fs::read_to_string(&path).map_err(unreadable)?;
        let migration = Migration { version: version.to_owned(), name: name.to_owned(), file, sql };
        if let Some(other) = found.insert(migration.version.clone(), migration) {
            return Err(MigrateError::Name { file: other.file });
        }
    }
    Ok(found.into_values().collect())
}

/// The first file that is still to be applied; or why none may be.
pub(super) fn pending<'a>(files: &'a [Migration], applied: &[Applied]) -> Result<Option<&'a Migration>, MigrateError> {
    for done in applied {
        let missing = || MigrateError::Missing { file: format!("{}_{}.sql", done.version, done.name) };
        let file = files.iter().find(|file| file.version == done.version).ok_or_else(missing)?;
        if done.sql.as_ref().is_some_and(|sql| essence(sql) != essence(&file.sql)) {
            return Err(MigrateError::Changed { file: file.file.clone() });
        }
    }
    let latest = applied.iter().map(|done| done.version.as_str()).max().unwrap_or_default();
    let is_new = |file: &&Migration| applied.iter().all(|done| done.version != file.version);
    let Some(next) = files.iter().find(is_new) else {
        return Ok(None);
    };
    if next.version.as_str() < latest {
        return Err(MigrateError::OutOfOrder { file: next.file.clone(), latest: latest.to_owned() });
    }
    Ok(Some(next))
}

fn parts(file: &str) -> Option<(&str, &str)> {
    let (version, name) = file.strip_suffix(".sql")?.split_once('_')?;
    let is_timestamp = version.len() == 14 && version.bytes().all(|byte| byte.is_ascii_digit());
    (is_timestamp && !name.is_empty()).then_some((version, name))
}

/// What is the same whether this runner keeps a file whole or the Supabase CLI keeps it by statements: it trims each
/// and drops the semicolons between them.
pub(super) fn essence(sql: &str) -> String {
    sql.chars().filter(|letter| !letter.is_whitespace() && *letter != ';').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(version: &str, sql: &str) -> Migration {
        Migration { file: format!("{version}_it.sql"), version: version.into(), name: "it".into(), sql: sql.into() }
    }

    fn applied(version: &str, sql: &str) -> Applied {
        Applied { version: version.into(), name: "it".into(), sql: Some(sql.into()) }
    }

    #[test]
    fn a_name_is_a_timestamp_and_a_word() {
        assert_eq!(parts("20261120060000_tables.sql"), Some(("20261120060000", "tables")));
        for wrong in ["tables.sql", "2026_tables.sql", "20261120060000_.sql", "2026112006000x_tables.sql"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_the_supabase_cli_applied_counts_as_unchanged() {
        let files = [file("1", "select 1;\n\n-- Two.\nselect 2;\n"), file("2", "select 3;")];
        let by_cli = [applied("1", "select 1;-- Two.\nselect 2")];
        assert_eq!(pending(&files, &by_cli), Ok(Some(&files[1])));
    }

    #[test]
    fn what_does_not_go_with_the_history_is_refused_by_name() {
        let files = [file("1", "select 1;"), file("2", "select 2;")];
        let named = |applied: &[Applied]| pending(&files, applied).unwrap_err().to_string();
        assert!(named(&[applied("1", "select 7;")]).starts_with("1_it.sql was changed"));
        assert!(named(&[applied("0", "select 1;")]).starts_with("0_it.sql was applied"));
        assert!(named(&[applied("2", "select 2;")]).starts_with("1_it.sql is older"));
    }
}
