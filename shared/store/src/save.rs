//! Saves what came of leased calls: one statement for a batch, an array per column.

use crate::store::BATCH;
use crate::wire::{column, count, instant, ms, span_ms};
use crate::{Connector, Store};
use tokio_postgres::Row;
use tokio_postgres::types::Type;
use weir_flow::entry::Validators;
use weir_flow::ports::{Finding, Port, PortError, Save, Saved};
use weir_policy::time::Timestamp;

/// What the quarantine keeps of an answer.
const EXCERPT_BYTES: usize = 4096;

impl<C: Connector> Store<C> {
    pub(crate) async fn save_batch(&self, project: &str, saves: &[Save]) -> Result<Vec<Saved>, PortError> {
        let mut columns = Columns::default();
        for save in saves {
            columns.push(save);
        }
        let sql = "select * from weir.save_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
                   $17, $18, $19, $20, $21)";
        let rows = self.call(BATCH, sql, &columns.params(&project)).await?;
        if rows.len() != saves.len() {
            let detail = format!("`weir.save_batch` answered {} of {} saves", rows.len(), saves.len());
            return Err(PortError::permanent(Port::Persistent, detail));
        }
        rows.iter().map(saved).collect()
    }
}

fn saved(row: &Row) -> Result<Saved, PortError> {
    match column::<&str>(row, "outcome")? {
        "kept" => Ok(Saved::Kept {
            version: count(row, "version")?,
            changed: column(row, "changed")?,
            changed_at: instant(row, "changed_ms")?,
        }),
        "noted" => Ok(Saved::Noted),
        "lost" => Ok(Saved::Lost),
        other => Err(PortError::permanent(Port::Persistent, format!("`weir.save_batch` answered `{other}`"))),
    }
}

/// The batch, column by column; what a finding does not have is null.
#[derive(Default)]
struct Columns<'a> {
    keys: Vec<&'a str>,
    tokens: Vec<i64>,
    asked: Vec<i64>,
    findings: Vec<&'static str>,
    due: Vec<Option<i64>>,
    news_after: Vec<i64>,
    bodies: Vec<Option<&'a [u8]>>,
    content_types: Vec<Option<&'a str>>,
    revalidated: Vec<bool>,
    etags: Vec<Option<&'a str>>,
    last_modifieds: Vec<Option<&'a str>>,
    meanings: Vec<Option<&'a [u8]>>,
    weak: Vec<bool>,
    reasons: Vec<Option<&'a str>>,
    excerpts: Vec<Option<&'a [u8]>>,
    retries: Vec<Option<i64>>,
    pauses: Vec<Option<i64>>,
    /// Which save of the batch, counted from 1, an observation belongs to.
    observed_in: Vec<i64>,
    observed_names: Vec<&'a str>,
    observed_values: Vec<&'a str>,
}

/// What varies with the finding.
#[derive(Default)]
struct Detail<'a> {
    finding: &'static str,
    body: Option<&'a [u8]>,
    content_type: Option<&'a str>,
    validators: Option<&'a Validators>,
    meaning: Option<&'a [u8]>,
    weak: bool,
    reason: Option<&'a str>,
    excerpt: Option<&'a [u8]>,
    retry_at: Option<Timestamp>,
    pause_until: Option<Timestamp>,
    observed: &'a [(String, String)],
}

impl<'a> Columns<'a> {
    fn push(&mut self, save: &'a Save) {
        let detail = Detail::of(&save.finding);
        self.keys.push(save.key.as_str());
        self.tokens.push(save.token);
        self.asked.push(ms(save.asked_at));
        self.findings.push(detail.finding);
        self.due.push(save.due_at.map(ms));
        self.news_after.push(span_ms(save.news_after));
        self.bodies.push(detail.body);
        self.content_types.push(detail.content_type);
        self.revalidated.push(detail.validators.is_some());
        self.etags.push(detail.validators.and_then(|sent| sent.etag.as_deref()));
        self.last_modifieds.push(detail.validators.and_then(|sent| sent.last_modified.as_deref()));
        self.meanings.push(detail.meaning);
        self.weak.push(detail.weak);
        self.reasons.push(detail.reason);
        self.excerpts.push(detail.excerpt);
        self.retries.push(detail.retry_at.map(ms));
        self.pauses.push(detail.pause_until.map(ms));
        let position = i64::try_from(self.keys.len()).unwrap_or(i64::MAX);
        for (name, value) in detail.observed {
            self.observed_in.push(position);
            self.observed_names.push(name);
            self.observed_values.push(value);
        }
    }

    fn params<'b>(&'b self, project: &'b &str) -> [crate::store::Param<'b>; 21] {
        [
            (project as _, Type::TEXT),
            (&self.keys as _, Type::TEXT_ARRAY),
            (&self.tokens as _, Type::INT8_ARRAY),
            (&self.asked as _, Type::INT8_ARRAY),
            (&self.findings as _, Type::TEXT_ARRAY),
            (&self.due as _, Type::INT8_ARRAY),
            (&self.news_after as _, Type::INT8_ARRAY),
            (&self.bodies as _, Type::BYTEA_ARRAY),
            (&self.content_types as _, Type::TEXT_ARRAY),
            (&self.revalidated as _, Type::BOOL_ARRAY),
            (&self.etags as _, Type::TEXT_ARRAY),
            (&self.last_modifieds as _, Type::TEXT_ARRAY),
            (&self.meanings as _, Type::BYTEA_ARRAY),
            (&self.weak as _, Type::BOOL_ARRAY),
            (&self.reasons as _, Type::TEXT_ARRAY),
            (&self.excerpts as _, Type::BYTEA_ARRAY),
            (&self.retries as _, Type::INT8_ARRAY),
            (&self.pauses as _, Type::INT8_ARRAY),
            (&self.observed_in as _, Type::INT8_ARRAY),
            (&self.observed_names as _, Type::TEXT_ARRAY),
            (&self.observed_values as _, Type::TEXT_ARRAY),
        ]
    }
}

impl<'a> Detail<'a> {
    fn of(finding: &'a Finding) -> Self {
        match finding {
            Finding::New(new) => Self {
                finding: "new",
                body: Some(&new.body),
                content_type: Some(&new.content_type),
                validators: Some(&new.validators),
                meaning: Some(&new.meaning),
                weak: new.weak,
                observed: &new.observed,
                ..Self::default()
            },
            Finding::Same { validators } => {
                Self { finding: "same", validators: validators.as_ref(), ..Self::default() }
            }
            Finding::Bad { reason, excerpt, retry_at } => Self {
                finding: "bad",
                reason: Some(reason),
                excerpt: Some(excerpt.get(..excerpt.len().min(EXCERPT_BYTES)).unwrap_or_default()),
                retry_at: Some(*retry_at),
                ..Self::default()
            },
            Finding::Absent { retry_at } => Self { finding: "absent", retry_at: Some(*retry_at), ..Self::default() },
            Finding::Failed { reason, retry_at, pause_until } => Self {
                finding: "failed",
                reason: Some(reason),
                retry_at: Some(*retry_at),
                pause_until: *pause_until,
                ..Self::default()
            },
        }
    }
}
