//! What a reader sees in partition directories: rows with the columns that the names say.

use std::fs::{self, File};
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::{Deserialize, Serialize};
use streamwriter::BoxError;
use streamwriter::serde_json::{Map, Value, from_str, from_value};

use super::read::Row;

/// Reads JSON lines that are partitioned by `even` and `text`.
pub(super) fn json_lines(directory: &Path) -> Result<Vec<u64>, BoxError> {
    let mut rows = Vec::new();
    each_file(directory, "jsonl", Vec::new(), &mut |path, columns| {
        let text = fs::read_to_string(path)?;
        if !text.ends_with('\n') {
            return Err("a part of a file".into());
        }
        for line in text.lines() {
            let mut row: Map<String, Value> = from_str(line)?;
            for (column, value) in columns {
                let value = match (column.as_str(), value) {
                    (_, None) => Value::Null,
                    ("even", Some(text)) => Value::Bool(text.parse()?),
                    (_, Some(text)) => Value::String(text.clone()),
                };
                if row.insert(column.clone(), value).is_some() {
                    return Err(format!("column {column} is in the file as well").into());
                }
            }
            rows.push(from_value::<Row>(Value::Object(row))?.checked()?);
        }
        Ok(())
    })?;
    Ok(rows)
}

/// Reads Parquet that is partitioned by `text`.
pub(super) fn parquet(directory: &Path) -> Result<Vec<u64>, BoxError> {
    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct InFile {
        number: u64,
        even: Option<bool>,
    }
    let mut rows = Vec::new();
    each_file(directory, "parquet", Vec::new(), &mut |path, columns| {
        let [(column, Some(text))] = columns else {
            return Err(format!("other directories than one for `text`: {columns:?}").into());
        };
        if column != "text" {
            return Err("another column".into());
        }
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()?;
        for batch in reader {
            for InFile { number, even } in serde_arrow::from_record_batch::<Vec<InFile>>(&batch?)? {
                let text = text.clone();
                rows.push(Row { number, text, even }.checked()?);
            }
        }
        Ok(())
    })?;
    Ok(rows)
}

type Columns = Vec<(String, Option<String>)>;
type ReadFile<'r> = dyn FnMut(&Path, &[(String, Option<String>)]) -> Result<(), BoxError> + 'r;

fn each_file(
    directory: &Path,
    extension: &str,
    columns: Columns,
    read: &mut ReadFile<'_>,
) -> Result<(), BoxError> {
    let Ok(entries) = fs::read_dir(directory) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|_| "not text")?;
        if entry.file_type()?.is_file() {
            let path = entry.path();
            if path.extension().is_some_and(|found| found == extension) {
                read(&path, &columns).map_err(|error| format!("{}: {error}", path.display()))?;
            }
        } else if name != "_streamwriter" {
            let (column, value) = name.split_once('=').ok_or("a foreign directory")?;
            let value = (value != "__HIVE_DEFAULT_PARTITION__").then(|| unescaped(value));
            let mut columns = columns.clone();
            columns.push((column.to_owned(), value.transpose()?));
            each_file(&entry.path(), extension, columns, read)?;
        }
    }
    Ok(())
}

fn unescaped(value: &str) -> Result<String, BoxError> {
    let mut parts = value.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (code, rest) = part.split_at_checked(2).ok_or("not an escape")?;
        text.push(char::from(u8::from_str_radix(code, 16)?));
        text.push_str(rest);
    }
    Ok(text)
}
