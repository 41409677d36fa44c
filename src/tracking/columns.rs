//! Rows as structs: each field from the column of its name.
//!
//! sqlx can derive this. Its derive is a second sqlx with a second SQLite, compiled for the compiler, which everybody's
//! first build would wait for.

/// Declares a struct that `sqlx::query_as` fills by the names of its fields.
macro_rules! columns {
    ($vis:vis struct $row:ident { $($column:ident: $type:ty,)+ }) => {
        $vis struct $row {
            $($column: $type,)+
        }

        impl<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> for $row {
            fn from_row(row: &'r sqlx::sqlite::SqliteRow) -> sqlx::Result<Self> {
                Ok(Self { $($column: sqlx::Row::try_get(row, stringify!($column))?,)+ })
            }
        }
    };
}

pub(super) use columns;
