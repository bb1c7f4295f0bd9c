//! The folder in which a store travels.
//!
//! `manifest.json` says what is in it, and is replaced as a whole after each table
//! that is complete; each table has a file of its own, a line of JSON a row. Who has
//! it has what was stored: only its owner may look into it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{
    self, BufRead as _, BufReader, BufWriter, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _,
};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::row::{Row, from_line, size, to_line};
use super::sum::Sum;
use super::table::Table;
use super::{Bounds, Counters, TransferError};

pub const MANIFEST: &str = "manifest.json";

/// Raised when a table or a column is another one than before.
pub const FORMAT: u32 = 1;

/// Longer than the line of any row that fits a database.
const LINE_BYTES_MAX: u64 = 2 << 30;

/// What a folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// Of the program that began it.
    pub version: String,
    pub begun_at: Timestamp,
    /// Names the key that secrets are sealed with.
    pub seal_key: String,
    /// Those that are complete.
    pub tables: IndexMap<String, Sum>,
    /// Once all of it is complete.
    pub counters: Option<Counters>,
}

impl Manifest {
    pub fn begin(seal_key: &str, begun_at: Timestamp) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            begun_at,
            seal_key: seal_key.to_owned(),
            tables: IndexMap::new(),
            counters: None,
        }
    }

    /// What a table holds.
    pub fn sum(&self, table: &Table) -> Sum {
        self.tables.get(table.name).copied().unwrap_or_default()
    }

    /// Tells one export from another.
    pub fn digest(&self) -> String {
        let text = serde_json::to_vec(self).expect("its keys are texts");
        Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

pub struct Folder(PathBuf);

impl Folder {
    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    fn file(&self, table: &Table) -> PathBuf {
        self.0.join(format!("{}.jsonl", table.name))
    }

    /// `None` if it has none.
    pub fn manifest(&self) -> Result<Option<Manifest>, TransferError> {
        let path = self.0.join(MANIFEST);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.map_err(TransferError::io("read", &path))?,
        };
        /// What every format has.
        #[derive(Deserialize)]
        struct Formatted {
            format: u32,
        }
        let malformed = |error: serde_json::Error| {
            let number = error.line() as u64;
            TransferError::Line { path: path.clone(), number, reason: error.to_string() }
        };
        let Formatted { format } = serde_json::from_slice(&text).map_err(malformed)?;
        if format != FORMAT {
            return Err(TransferError::OtherFormat(format));
        }
        serde_json::from_slice(&text).map(Some).map_err(malformed)
    }

    /// Makes it, unless it is there and empty.
    pub fn make(&self) -> Result<(), TransferError> {
        let path = self.0.as_path();
        private_folder().create(path).map_err(TransferError::io("make", path))?;
        let mut entries = fs::read_dir(path).map_err(TransferError::io("read", path))?;
        match entries.next() {
            None => Ok(()),
            Some(_) => Err(TransferError::Occupied(path.to_owned())),
        }
    }

    /// After what it says is complete.
    pub fn save(&self, manifest: &Manifest) -> Result<(), TransferError> {
        let (path, draft) = (self.0.join(MANIFEST), self.0.join("manifest.json.new"));
        let save = || {
            let mut file = private_file().write(true).create(true).truncate(true).open(&draft)?;
            serde_json::to_writer_pretty(&mut file, manifest)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            File::open(&self.0)?.sync_all()
        };
        save().map_err(TransferError::io("write", &path))
    }

    /// The rows of a table from `position` on.
    pub fn read(
        &self,
        table: &'static Table,
        position: Position,
    ) -> Result<TableReader, TransferError> {
        let path = self.file(table);
        let open = || -> io::Result<_> {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(position.offset))?;
            Ok(BufReader::new(file))
        };
        let file = match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(TransferError::Missing(path));
            }
            opened => opened.map_err(TransferError::io("read", &path))?,
        };
        Ok(TableReader { table, path, file, position, line: Vec::new() })
    }

    /// To write the rows of a table behind those that are there.
    pub fn write(&self, table: &'static Table) -> Result<TableWriter, TransferError> {
        let path = self.file(table);
        let mut options = private_file();
        let file = options.write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(TransferError::io("write", &path))?;
        let mut there = self.read(table, Position::default())?;
        let mut last = None;
        loop {
            match there.next() {
                Ok(Some(row)) => last = Some(row),
                // What is behind the last whole line was being written when it was cut off.
                Ok(None) | Err(TransferError::Line { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        let Position { offset, sum } = there.position;
        let cut = file.set_len(offset).and_then(|()| file.seek(SeekFrom::End(0)));
        cut.map_err(TransferError::io("write", &path))?;
        Ok(TableWriter { table, path, file: BufWriter::new(file), sum, last })
    }
}

/// How far a file was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Bytes.
    pub offset: u64,
    /// Of the rows up to there.
    pub sum: Sum,
}

pub struct TableReader {
    table: &'static Table,
    path: PathBuf,
    file: BufReader<File>,
    position: Position,
    line: Vec<u8>,
}

impl TableReader {
    pub fn table(&self) -> &'static Table {
        self.table
    }

    pub fn position(&self) -> Position {
        self.position
    }

    /// The next row; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Row>, TransferError> {
        self.line.clear();
        let mut line = (&mut self.file).take(LINE_BYTES_MAX);
        let read = line.read_until(b'\n', &mut self.line);
        let length = read.map_err(TransferError::io("read", &self.path))?;
        let Some((b'\n', line)) = self.line.split_last() else {
            return if length == 0 {
                Ok(None)
            } else {
                Err(self.wrong("it is cut off".to_owned()))
            };
        };
        let row = from_line(self.table, line).map_err(|reason| self.wrong(reason))?;
        self.position.offset += length as u64;
        self.position.sum.add(self.table, &row);
        Ok(Some(row))
    }

    /// The next rows, as many as fit.
    pub fn next_rows(&mut self, bounds: Bounds) -> Result<Vec<Row>, TransferError> {
        let (mut rows, mut bytes) = (Vec::new(), 0);
        while rows.len() < bounds.rows_max
            && bytes < bounds.bytes_max
            && let Some(row) = self.next()?
        {
            bytes += size(&row);
            rows.push(row);
        }
        Ok(rows)
    }

    fn wrong(&self, reason: String) -> TransferError {
        let number = self.position.sum.rows + 1;
        TransferError::Line { path: self.path.clone(), number, reason }
    }

    /// Compares what was read with what it should have been.
    pub fn check(&self, expected: Sum) -> Result<(), TransferError> {
        let found = self.position.sum;
        if found == expected {
            return Ok(());
        }
        Err(TransferError::File { path: self.path.clone(), expected, found })
    }
}

pub struct TableWriter {
    table: &'static Table,
    path: PathBuf,
    file: BufWriter<File>,
    sum: Sum,
    last: Option<Row>,
}

impl TableWriter {
    pub fn rows(&self) -> u64 {
        self.sum.rows
    }

    pub fn last(&self) -> Option<&Row> {
        self.last.as_ref()
    }

    pub fn append(&mut self, rows: Vec<Row>) -> Result<(), TransferError> {
        for row in &rows {
            let written = self.file.write_all(&to_line(row));
            written.map_err(TransferError::io("write", &self.path))?;
            self.sum.add(self.table, row);
        }
        self.last = rows.into_iter().next_back().or(self.last.take());
        Ok(())
    }

    /// After the last row: what is written is on the disk.
    pub fn finish(mut self) -> Result<Sum, TransferError> {
        let synced = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        synced.map_err(TransferError::io("write", &self.path))?;
        Ok(self.sum)
    }
}

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "there are no modes to set"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
