//! Decides the columns of a table: which field each is, and what becomes of the others.

use super::catalogue::{Column, Kind, Table};
use super::constraints::Constraints;
use super::fields::{Field, normalized};
use super::finding::Finding;
use super::mapping::{
    Attribute, FixedValue, IdKind, IdMapping, Mapping, SoftDeletion, SoftDeletionKind, TextMapping, Time,
    UserKind, UserMapping,
};
use super::options::Choices;
use super::status::{self, StatusCounts};

/// Columns of soft deletion, the likeliest first.
const SOFT_DELETION: [&str; 4] = ["deleted_at", "is_deleted", "deleted", "deleted_on"];

/// Collects findings while it reads columns.
pub(super) struct Resolver<'a> {
    table: &'a Table,
    choices: &'a Choices,
    findings: Vec<Finding>,
}

/// Decides the columns. Without a mapping the findings have at least one blocker.
pub(super) fn resolve(
    table: &Table,
    choices: &Choices,
    statuses: Option<&StatusCounts>,
) -> (Option<Mapping>, Vec<Finding>) {
    let mut resolver = Resolver { table, choices, findings: Vec::new() };
    let mapping = resolver.mapping(statuses);
    (mapping, resolver.findings)
}

/// The column of a field: the one that the operator names, or else the likeliest by its name.
pub(super) fn column_of<'a>(
    table: &'a Table,
    choices: &Choices,
    field: Field,
) -> Result<Option<&'a Column>, Finding> {
    let Some(wanted) = choices.columns.iter().find(|it| it.field == field) else {
        return Ok(field.find(table));
    };
    let found = table.column(&wanted.column);
    found
        .map(Some)
        .ok_or_else(|| Finding::blocker(format!("{} has no column {}", table.name.plain(), wanted.column)))
}

impl<'a> Resolver<'a> {
    fn mapping(&mut self, statuses: Option<&StatusCounts>) -> Option<Mapping> {
        let id = self.required(Field::Id);
        let user_id = self.required(Field::UserId);
        let title = self.required(Field::Title);
        let description = self.required(Field::Description);
        let completed = self.required(Field::Completed);
        let created_at = self.time(Field::CreatedAt);
        let updated_at = self.time(Field::UpdatedAt);
        let soft_deletion = self.soft_deletion();
        let completed = completed
            .and_then(|column| status::completed(column, self.choices, statuses, &mut self.findings));
        let id = id.and_then(|column| self.id(column));
        let user_id = user_id.map(user_mapping);
        let title = title.map(|column| self.text(column, 200, column.is_nullable));
        let description = description.map(|column| self.text(column, 1000, false));
        let mut mapping = Mapping {
            table: self.table.name.clone(),
            id: id?,
            user_id: user_id?,
            title: title?,
            description: description?,
            completed: completed?,
            created_at,
            updated_at,
            soft_deletion,
            values: Vec::new(),
            attributes: Vec::new(),
            constraints: Constraints::default(),
        };
        self.others(&mut mapping);
        Some(mapping)
    }

    /// The column of a field without which the view cannot be made.
    fn required(&mut self, field: Field) -> Option<&'a Column> {
        let name = field.name();
        let column = match column_of(self.table, self.choices, field) {
            Ok(column) => column,
            Err(finding) => {
                self.findings.push(finding);
                return None;
            }
        };
        match column {
            Some(column) if field.accepts(column) => Some(column),
            Some(column) if column.is_generated => {
                self.findings.push(is_generated(name, column));
                None
            }
            Some(column) => {
                self.findings.push(Finding::blocker(format!(
                    "{name}: the column {} is of the type {}, and must be {}; name another with --column {name}=…",
                    column.name.plain(),
                    column.declared_type,
                    field.accepted_types()
                )));
                None
            }
            None if field == Field::Description => {
                self.findings.push(Finding::blocker(format!(
                    "description: there is no such column, so descriptions could not be stored; name it with --column description=…, or add \
                     it: ALTER TABLE {} ADD COLUMN description text",
                    self.table.name
                )));
                None
            }
            None => {
                self.findings.push(Finding::blocker(format!(
                    "{name}: there is no such column; name it with --column {name}=…"
                )));
                None
            }
        }
    }

    fn time(&mut self, field: Field) -> Option<Time> {
        let name = field.name();
        let finding = match column_of(self.table, self.choices, field) {
            Err(finding) => finding,
            Ok(Some(column)) if column.is_generated => is_generated(name, column),
            Ok(Some(column)) => {
                if let Kind::Timestamp { zoned } = column.kind {
                    let is_nullable = column.is_nullable;
                    return Some(Time { column: column.name.clone(), zoned, is_nullable });
                }
                Finding::blocker(format!(
                    "{name}: the column {} is of the type {}, and must be a timestamp",
                    column.name.plain(),
                    column.declared_type
                ))
            }
            Ok(None) => {
                let instead = if field == Field::CreatedAt { "1970-01-01" } else { "created_at" };
                Finding::warning(format!(
                    "{name}: there is no such column; clients see {instead} instead, and a change does not alter it"
                ))
            }
        };
        self.findings.push(finding);
        None
    }

    fn id(&mut self, column: &Column) -> Option<IdMapping> {
        let name = column.name.plain();
        if !column.is_unique {
            self.findings.push(Finding::blocker(format!(
                "id: no primary key or unique index of {name} alone guarantees that an id belongs to a single task"
            )));
            return None;
        }
        let has_default = column.default.is_some() || column.is_identity;
        let kind = match (&column.kind, has_default) {
            (Kind::Integer(_), true) => IdKind::Integer,
            (Kind::Integer(_), false) => {
                self.findings.push(Finding::blocker(format!(
                    "id: {name} has neither a sequence nor a default for new tasks"
                )));
                return None;
            }
            (Kind::Uuid, false) => numbered(column, Some("gen_random_uuid()")),
            (_, true) => numbered(column, None),
            (_, false) => numbered(column, Some("gen_random_uuid()::text")),
        };
        if let (IdKind::Numbered { generate: Some(_), .. }, Some(length)) = (&kind, column.max_length)
            && length < 36
        {
            self.findings.push(Finding::blocker(format!(
                "id: {name} has no default, and its {length} characters are too few for a generated UUID"
            )));
            return None;
        }
        Some(IdMapping { column: column.name.clone(), kind })
    }

    fn text(&mut self, column: &Column, limit: i32, null_is_empty: bool) -> TextMapping {
        if let Some(length) = column.max_length.filter(|it| *it < limit) {
            self.findings.push(Finding::warning(format!(
                "{}: the API accepts {limit} characters by default, and the column {length}; a longer text gets the status 422, in /api/v1 400. \
                 Set tasks.title_limit or tasks.description_limit to the column's length",
                column.name.plain()
            )));
        }
        let Column { is_nullable, max_length, .. } = *column;
        TextMapping { column: column.name.clone(), null_is_empty, is_nullable, max_length }
    }

    fn soft_deletion(&mut self) -> Option<SoftDeletion> {
        if self.choices.hard_delete {
            return None;
        }
        let table = self.table;
        let is_named = |column: &&Column, name: &str| normalized(column.name.plain()) == normalized(name);
        let columns =
            SOFT_DELETION.iter().flat_map(|name| table.columns.iter().filter(|it| is_named(it, name)));
        let mut found: Vec<SoftDeletion> = columns
            .filter(|column| !column.is_generated)
            .filter_map(|column| {
                let kind = match column.kind {
                    Kind::Boolean => SoftDeletionKind::Boolean,
                    Kind::Timestamp { zoned } => SoftDeletionKind::Moment { zoned },
                    _ => return None,
                };
                Some(SoftDeletion { column: column.name.clone(), kind })
            })
            .collect();
        if let [first, second, ..] = found.as_slice() {
            self.findings.push(Finding::warning(format!(
                "soft deletion: {0} decides which rows are deleted, and {1} is not written. If your service reads {1}, it still shows tasks that \
                 a client of this server has deleted",
                first.column.plain(),
                second.column.plain()
            )));
        }
        (!found.is_empty()).then(|| found.swap_remove(0))
    }

    /// The columns that are no field: members of `attributes`, and values for those that new rows need.
    fn others(&mut self, mapping: &mut Mapping) {
        for wanted in &self.choices.values {
            match self.table.column(&wanted.column) {
                Some(column) if is_field(mapping, column) => self.findings.push(Finding::blocker(format!(
                    "--set {}: the column is a field of the task, and gets its value from the client",
                    wanted.column
                ))),
                Some(column) if column.is_generated => {
                    self.findings
                        .push(Finding::blocker(format!("--set {}: the column is generated", wanted.column)));
                }
                Some(column) => mapping.values.push(FixedValue {
                    column: column.name.clone(),
                    type_name: column.type_name.clone(),
                    value: wanted.value.clone(),
                }),
                None => self.findings.push(Finding::blocker(format!(
                    "--set {}: {} has no such column",
                    wanted.column,
                    self.table.name.plain()
                ))),
            }
        }
        let table = self.table;
        let others: Vec<&Column> = table.columns.iter().filter(|column| !is_field(mapping, column)).collect();
        for column in others {
            let is_set = mapping.values.iter().any(|it| it.column == column.name);
            if !is_set && !column.has_value_without_insert() {
                let name = column.name.plain();
                self.findings.push(Finding::blocker(format!(
                    "{name}: new tasks need a value for this column, which is NOT NULL without a default; choose it with --set {name}=…"
                )));
            }
            mapping.attributes.push(Attribute {
                column: column.name.clone(),
                is_nullable: column.is_nullable,
                is_generated: column.is_generated,
            });
        }
    }
}

fn is_generated(field: &str, column: &Column) -> Finding {
    Finding::blocker(format!(
        "{field}: PostgreSQL computes the column {}, so it cannot be written; name another with --column {field}=…",
        column.name.plain()
    ))
}

fn numbered(column: &Column, generate: Option<&'static str>) -> IdKind {
    IdKind::Numbered { type_name: column.type_name.clone(), generate }
}

fn user_mapping(column: &Column) -> UserMapping {
    let kind = match column.kind {
        Kind::Uuid => UserKind::Uuid,
        Kind::Integer(2) => UserKind::Integer(i16::MAX.into()),
        Kind::Integer(4) => UserKind::Integer(i32::MAX.into()),
        Kind::Integer(_) => UserKind::Integer(i64::MAX),
        _ => UserKind::Text,
    };
    UserMapping { column: column.name.clone(), kind, max_length: column.max_length }
}

/// Whether the column is a field of the task, or hides deleted rows.
pub(super) fn is_field(mapping: &Mapping, column: &Column) -> bool {
    let times = [&mapping.created_at, &mapping.updated_at];
    let mut columns = vec![
        &mapping.id.column,
        &mapping.user_id.column,
        &mapping.title.column,
        &mapping.description.column,
        mapping.completed.column(),
    ];
    columns.extend(times.into_iter().flatten().map(|time| &time.column));
    columns.extend(mapping.soft_deletion.iter().map(|it| &it.column));
    columns.contains(&&column.name)
}
