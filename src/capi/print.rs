//! Manual section "Retrieving Query Result Information", and older manuals: printing whole results.
//!
//! Contract of all functions: `res` is NULL or a result that has not been cleared, and no thread clears or changes it
//! meanwhile; streams are NULL or open.

use std::ffi::{c_char, c_int};

use super::guard::{catch, see_result};
use super::pager::{self, or_stdout};
use super::ptr;
use super::stdio;
use super::types::PGresult;
use crate::client::print::{self, DisplayOptions, PrintOptions};

/// `PQprintOpt`: what `PQprint` is to show.
#[repr(C)]
pub struct PQprintOpt {
    /// Column names above and the number of rows below.
    pub header: c_char,
    /// Pad values to the width of their column.
    pub align: c_char,
    /// Borders around everything.
    pub standard: c_char,
    /// HTML tables.
    pub html3: c_char,
    /// One line a value.
    pub expanded: c_char,
    /// Show what is taller than the screen through a pager.
    pub pager: c_char,
    /// What stands between values.
    pub fieldSep: *mut c_char,
    /// Attributes of HTML's table element.
    pub tableOpt: *mut c_char,
    /// HTML's caption.
    pub caption: *mut c_char,
    /// Names instead of the columns' own, up to a NULL.
    pub fieldName: *mut *mut c_char,
}

/// The most bytes of a separator.
const LONGEST_SEPARATOR: usize = c_int::MAX as usize;

/// The options of C; `None` without a separator.
///
/// # Safety
/// The texts are NULL or NUL-terminated, the names NULL or ended by a NULL; all stay unchanged for `'a`.
unsafe fn options_of<'a>(opt: &'a PQprintOpt) -> Option<PrintOptions<'a>> {
    // SAFETY: the caller's promise.
    unsafe {
        let mut names = Vec::new();
        if !opt.fieldName.is_null() {
            let mut next = opt.fieldName;
            while let Some(name) = ptr::text(*next) {
                names.push(name);
                next = next.add(1);
            }
        }
        Some(PrintOptions {
            header: opt.header != 0,
            align: opt.align != 0,
            standard: opt.standard != 0,
            html: opt.html3 != 0,
            expanded: opt.expanded != 0,
            separator: ptr::text(opt.fieldSep)?,
            table_options: ptr::text(opt.tableOpt).unwrap_or_default(),
            caption: ptr::text(opt.caption),
            names,
        })
    }
}

/// `void PQprint(FILE *fout, const PGresult *res, const PQprintOpt *po)` — prints a result as the options say; NULL
/// stands for stdout.
///
/// # Safety
/// The contract at the top of this module; `po` is NULL, or its texts are NULL or NUL-terminated and its names NULL or
/// ended by a NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQprint(
    fout: *mut libc::FILE,
    res: *const PGresult,
    po: *const PQprintOpt,
) {
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        see_result(res, (), |r| {
            let Some(opt) = po.as_ref() else { return };
            let Some(options) = options_of(opt) else {
                return;
            };
            if options.separator.len() > LONGEST_SEPARATOR {
                return stdio::write_stderr(b"overlong field separator\n");
            }
            let stream = or_stdout(fout);
            let table = |out: print::Emit<'_>| print::print(&r.result, &options, out);
            let is_taller = |rows, columns| print::is_taller(&r.result, &options, rows, columns);
            if opt.pager == 0 || !pager::shows(stream, is_taller, &table) {
                table(&mut |piece| stdio::write(stream, piece));
            }
        });
    }
}

/// `void PQdisplayTuples(const PGresult *res, FILE *fp, int fillAlign, const char *fieldSep, int printHeader, int
/// quiet)` — prints a result in columns; NULL stands for stdout, and for a space.
///
/// # Safety
/// The contract at the top of this module; `fieldSep` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQdisplayTuples(
    res: *const PGresult,
    fp: *mut libc::FILE,
    fillAlign: c_int,
    fieldSep: *const c_char,
    printHeader: c_int,
    quiet: c_int,
) {
    // SAFETY: the pointers are covered by the contract above.
    catch((), || unsafe {
        let options = DisplayOptions {
            align: fillAlign != 0,
            separator: ptr::text(fieldSep).unwrap_or(b" "),
            header: printHeader != 0,
            quiet: quiet != 0,
        };
        let stream = or_stdout(fp);
        print::display(res.as_ref().map(|r| &r.result), &options, &mut |piece| {
            stdio::write(stream, piece);
        });
        stdio::flush(stream);
    });
}

/// `void PQprintTuples(const PGresult *res, FILE *fout, int PrintAttNames, int TerseOutput, int colWidth)` — prints a
/// result in boxes; nothing without a stream.
///
/// # Safety
/// The contract at the top of this module.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PQprintTuples(
    res: *const PGresult,
    fout: *mut libc::FILE,
    PrintAttNames: c_int,
    TerseOutput: c_int,
    colWidth: c_int,
) {
    if fout.is_null() {
        return;
    }
    // SAFETY: the pointers are covered by the contract above.
    unsafe {
        see_result(res, (), |r| {
            let width = usize::try_from(colWidth).unwrap_or(0);
            print::print_tuples(
                &r.result,
                PrintAttNames != 0,
                TerseOutput != 0,
                width,
                &mut |piece| stdio::write(fout, piece),
            );
        });
    }
}
