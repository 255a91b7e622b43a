//! The columns that hold sealed or packed bytes, and walks over their rows, some at a time.

use rusqlite::types::Value;
use rusqlite::{Connection, ToSql, params_from_iter};

use super::error::failed;
use super::rows;
use crate::StoreError;
use crate::seal::SealContext;

/// Rows that are read at a time.
pub(super) const ROWS: usize = 256;

/// A column of bytes.
pub(super) struct Column {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The columns that a row lies by, in order.
    pub by: &'static [&'static str],
}

/// One row: the values that it lies by, and its bytes.
pub(super) type Row = (Vec<Value>, Vec<u8>);

impl Column {
    /// How many rows have bytes in it.
    pub(super) fn count(&self, db: &Connection) -> Result<u64, StoreError> {
        let sql = format!("SELECT count({}) FROM {}", self.name, self.table);
        let count = db.query_row(&sql, [], |row| row.get(0)).map_err(failed)?;
        Ok(rows::unsigned(count))
    }

    /// What lies before every row: numbers count from 0, and bytes come after numbers.
    pub(super) fn start(&self) -> Vec<Value> {
        vec![Value::Integer(-1); self.by.len()]
    }

    /// The next rows behind `from`, at most [`ROWS`].
    pub(super) fn behind(&self, db: &Connection, from: &[Value]) -> Result<Vec<Row>, StoreError> {
        let by = self.by.join(", ");
        let places: Vec<String> = (1..=self.by.len()).map(|at| format!("?{at}")).collect();
        let sql = format!(
            "SELECT {by}, {column} FROM {table} WHERE ({by}) > ({}) AND {column} IS NOT NULL ORDER BY {by} LIMIT {ROWS}",
            places.join(", "),
            column = self.name,
            table = self.table,
        );
        let mut statement = db.prepare_cached(&sql).map_err(failed)?;
        let found = statement
            .query_map(params_from_iter(from), |row| {
                let by: Result<Vec<Value>, _> = (0..self.by.len()).map(|at| row.get(at)).collect();
                Ok((by?, row.get(self.by.len())?))
            })
            .map_err(failed)?;
        found.collect::<Result<_, _>>().map_err(failed)
    }

    /// Puts other bytes into a row.
    pub(super) fn update(
        &self,
        db: &Connection,
        by: &[Value],
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let places = self
            .by
            .iter()
            .zip(2..)
            .map(|(name, at)| format!("{name} = ?{at}"));
        let places = places.collect::<Vec<_>>().join(" AND ");
        let sql = format!(
            "UPDATE {} SET {} = ?1 WHERE {places}",
            self.table, self.name
        );
        let by = by.iter().map(|value| value as &dyn ToSql);
        let values: Vec<&dyn ToSql> = std::iter::once(&bytes as &dyn ToSql).chain(by).collect();
        let mut statement = db.prepare_cached(&sql).map_err(failed)?;
        statement.execute(&values[..]).map(drop).map_err(failed)
    }
}

/// A column with sealed rows.
pub(super) struct Sealed {
    /// The column.
    pub column: Column,
    /// What a row is sealed for, by the values that it lies by.
    pub place: fn(&[Value]) -> SealContext,
}

/// All of them but the check of the key. A test holds this against the tables.
pub(super) const SEALED: [Sealed; 16] = [
    Sealed {
        column: Column {
            table: "device",
            name: "record",
            by: &["number"],
        },
        place: |row| SealContext::Record(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "device",
            name: "reply",
            by: &["number"],
        },
        place: |row| SealContext::Reply(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "command",
            name: "body",
            by: &["device", "seq", "part"],
        },
        place: |row| SealContext::Command(number(row, 0), small(row, 1), small(row, 2)),
    },
    Sealed {
        column: Column {
            table: "inventory",
            name: "sealed",
            by: &["device", "part"],
        },
        place: |row| SealContext::Inventory(number(row, 0), small(row, 1)),
    },
    Sealed {
        column: Column {
            table: "inventory_change",
            name: "sealed",
            by: &["device", "number"],
        },
        place: |row| SealContext::InventoryChange(number(row, 0), small(row, 1)),
    },
    Sealed {
        column: Column {
            table: "once",
            name: "answer",
            by: &["number"],
        },
        place: |row| SealContext::StoredResponse(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "batch",
            name: "sealed",
            by: &["place"],
        },
        place: |row| SealContext::Batch(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "app",
            name: "sealed",
            by: &["number"],
        },
        place: |row| SealContext::App(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "webhook",
            name: "sealed",
            by: &["number"],
        },
        place: |row| SealContext::Webhook(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "push_channel",
            name: "sealed",
            by: &["device"],
        },
        place: |row| SealContext::ChannelUri(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "push_profile",
            name: "sealed",
            by: &["number"],
        },
        place: |row| SealContext::PushProfile(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "web_session",
            name: "sealed",
            by: &["number"],
        },
        place: |row| SealContext::WebSession(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "portal_link",
            name: "sealed",
            by: &["number"],
        },
        place: |row| SealContext::PortalLink(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "enrollment",
            name: "sealed",
            by: &["number"],
        },
        place: |row| SealContext::Enrollment(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "enrollment_token",
            name: "sealed",
            by: &["number"],
        },
        place: |row| SealContext::EnrollmentToken(number(row, 0)),
    },
    Sealed {
        column: Column {
            table: "enrollment_ca",
            name: "sealed",
            by: &["number"],
        },
        place: |row| SealContext::EnrollmentAuthority(number(row, 0)),
    },
];

/// A number that a row lies by.
pub(super) fn number(row: &[Value], at: usize) -> u64 {
    match row.get(at) {
        Some(Value::Integer(number)) => rows::unsigned(*number),
        _ => 0,
    }
}

/// The same, where it is small.
pub(super) fn small(row: &[Value], at: usize) -> u32 {
    u32::try_from(number(row, at)).unwrap_or(u32::MAX)
}
