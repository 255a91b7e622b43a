//! Compares the views of an export, NDJSON and CSV, with its entries: one pass over each file,
//! an entry at a time.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};

use super::export::View;
use modegate_core::audit::verify::SourceFault;
use modegate_core::tlog::Entry;

/// Most bytes of a line: an entry, each byte of it twice, and some cells.
const LINE_BYTES: u64 = 1 << 20;

/// The views of an export, as far as they were compared.
#[derive(Debug)]
pub(super) struct Views {
    /// Those that begin further on, by their first entries.
    waiting: VecDeque<ViewFile>,
    open: Vec<OpenView>,
    expected: Vec<u8>,
    found: Vec<u8>,
}

/// A file of a view.
#[derive(Debug)]
pub(super) struct ViewFile {
    path: String,
    view: View,
    first: u64,
    last: u64,
}

#[derive(Debug)]
struct OpenView {
    file: ViewFile,
    reader: BufReader<File>,
}

impl ViewFile {
    /// The file that has this path; `None` unless it is that of a view.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let (_, name) = path.split_once('/')?;
        let (range, _) = name.split_once('.')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        let mut views = [View::Jsonl, View::Csv].into_iter();
        let view = views.find(|view| view.path(first, last) == path)?;
        Some(ViewFile {
            path: path.to_owned(),
            view,
            first,
            last,
        })
    }

    /// Whether it is of entries that are there.
    pub(super) fn is_within(&self, first: u64, size: u64) -> bool {
        first <= self.first && self.first <= self.last && self.last < size
    }

    fn unreadable(&self, error: &io::Error) -> SourceFault {
        SourceFault::Unreadable {
            path: self.path.clone(),
            why: error.to_string(),
        }
    }
}

impl Views {
    /// Of these files.
    pub(super) fn new(mut files: Vec<ViewFile>) -> Self {
        files.sort_by_key(|file| file.first);
        Views {
            waiting: files.into(),
            open: Vec::new(),
            expected: Vec::new(),
            found: Vec::new(),
        }
    }

    /// The path of the first file that has something else for this entry, or more behind its
    /// last one. It is not compared any further.
    pub(super) fn differing(
        &mut self,
        number: u64,
        entry: Entry<'_>,
        open: impl Fn(&str) -> Result<File, SourceFault>,
    ) -> Result<Option<String>, SourceFault> {
        while self
            .waiting
            .front()
            .is_some_and(|file| file.first <= number)
        {
            let file = self.waiting.pop_front();
            let Some(file) = file.filter(|file| number <= file.last) else {
                continue;
            };
            let reader = BufReader::new(open(&file.path)?);
            let mut opened = OpenView { file, reader };
            let is_header = opened.begin(number, &mut self.expected, &mut self.found);
            match is_header.map_err(|error| opened.file.unreadable(&error))? {
                true => self.open.push(opened),
                false => return Ok(Some(opened.file.path)),
            }
        }
        let mut differing = None;
        for (at, opened) in self.open.iter_mut().enumerate() {
            self.expected.clear();
            let line = opened.file.view.line(&mut self.expected, number, entry);
            let is_same = line
                .and_then(|()| opened.has_next(&self.expected, &mut self.found))
                .and_then(|is_next| Ok(is_next && (number < opened.file.last || opened.ends()?)))
                .map_err(|error| opened.file.unreadable(&error))?;
            if !is_same {
                differing = Some(at);
                break;
            }
        }
        let differing = differing.map(|at| self.open.swap_remove(at).file.path);
        self.open.retain(|opened| number < opened.file.last);
        Ok(differing)
    }
}

impl OpenView {
    /// Goes to the line of an entry. Whether the file begins as it should.
    fn begin(
        &mut self,
        number: u64,
        expected: &mut Vec<u8>,
        found: &mut Vec<u8>,
    ) -> io::Result<bool> {
        expected.clear();
        self.file.view.header(expected)?;
        let begins = self.has_next(expected, found)?;
        for _ in self.file.first..number {
            self.skip(found)?;
        }
        Ok(begins)
    }

    /// Whether these are the next bytes.
    fn has_next(&mut self, expected: &[u8], found: &mut Vec<u8>) -> io::Result<bool> {
        found.clear();
        let most = expected.len() as u64;
        self.reader.by_ref().take(most).read_to_end(found)?;
        Ok(found == expected)
    }

    /// Skips the line of an entry, in which a quoted cell may have line ends of its own.
    fn skip(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
        line.clear();
        loop {
            let mut part = self.reader.by_ref().take(LINE_BYTES);
            let read = part.read_until(b'\n', line)?;
            let quotes = line.iter().filter(|&&byte| byte == b'"').count();
            let is_whole = self.file.view == View::Jsonl || quotes.is_multiple_of(2);
            if is_whole || read == 0 || line.len() as u64 > LINE_BYTES {
                return Ok(());
            }
        }
    }

    fn ends(&mut self) -> io::Result<bool> {
        Ok(self.reader.fill_buf()?.is_empty())
    }
}
