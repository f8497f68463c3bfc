//! An ELF file as the dynamic linker and the kernel see it: segments, the dynamic section, symbols, frames.
//!
//! Section headers are a convenience of linkers that `strip --strip-section-headers` and packers leave out; they are used for
//! what has no other place (`.symtab`), and to find quickly what can be found without them.

mod dynamic;
mod frames;
mod symbols;

use std::{
    cell::{Cell, OnceCell},
    io,
};

use object::{
    LittleEndian, elf,
    read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _},
};

use super::{
    marks::Marks,
    store::{Span, Store},
};
use crate::limits;
use dynamic::Dynamic;
pub(super) use symbols::{Named, Symbol};

type Header = elf::FileHeader64<LittleEndian>;

const LE: LittleEndian = LittleEndian;

/// A file that can't be inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another kind of file, or one that is cut.
    #[error("not an ELF file of 64 bits, little-endian: uprobes of Picket are for such programs")]
    NotElf,
    /// Another processor.
    #[error("for a processor other than x86-64 and AArch64 (ELF machine {0}): Picket has no probes for it")]
    Processor(u16),
    /// It was cut or changed while it was read, or its disk fails.
    #[error("it could not be read as far as needed ({0}): was it cut meanwhile, or does its disk fail?")]
    Unread(io::ErrorKind),
    /// Its tables are larger than those of any program that is known.
    #[error("more than {} MiB would have to be read to inspect it", limits::BINARY_READ >> 20)]
    TooMuch,
    /// Its headers point outside of it, or there are more than any linker makes.
    #[error(
        "its {0} are outside of the file or more than any linker makes: it is damaged or was made to look strange"
    )]
    Headers(&'static str),
}

/// Processors with probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Processor {
    X86,
    Arm,
}

/// A part of the file that is mapped (`PT_LOAD`).
#[derive(Clone, Copy)]
pub(super) struct Segment<'a> {
    /// Address of its first byte before relocation.
    pub address: u64,
    /// Offset in the file of its first byte.
    pub offset: u64,
    /// Its bytes in the file.
    pub bytes: Span<'a>,
    /// It is code.
    pub executable: bool,
    /// It is data that can change, relocations included.
    pub writable: bool,
}

/// A named part of the file.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    pub name: &'a [u8],
    pub address: u64,
    pub bytes: Span<'a>,
    kind: u32,
    link: u32,
    info: u32,
}

/// A file.
pub(super) struct Image<'a> {
    store: &'a Store<'a>,
    pub processor: Processor,
    segments: Vec<Segment<'a>>,
    sections: Vec<Section<'a>>,
    dynamic: Dynamic<'a>,
    interpreter: Option<Box<str>>,
    build_id: Option<&'a [u8]>,
    frame_header: Option<u64>,
    marks: OnceCell<Marks>,
    /// Bytes of functions that may still be disassembled.
    code: Cell<u64>,
}

impl<'a> Image<'a> {
    pub fn parse(file: &'a Store<'a>) -> Result<Self, Error> {
        let header = Header::parse(file).map_err(|_| Error::NotElf)?;
        if header.is_big_endian() {
            return Err(Error::NotElf);
        }
        let processor = match header.e_machine(LE) {
            elf::EM_X86_64 => Processor::X86,
            elf::EM_AARCH64 => Processor::Arm,
            other => return Err(Error::Processor(other)),
        };
        let programs = header.program_headers(LE, file).map_err(|_| Error::Headers("program headers"))?;
        if programs.len() > limits::BINARY_SEGMENTS {
            return Err(Error::Headers("program headers"));
        }
        let mut image = Self {
            store: file,
            processor,
            segments: Vec::new(),
            sections: sections(header, file),
            dynamic: Dynamic::none(file),
            interpreter: None,
            build_id: None,
            frame_header: None,
            marks: OnceCell::new(),
            code: Cell::new(limits::BINARY_CODE),
        };
        let mut dynamic = None;
        for program in programs {
            match program.p_type(LE) {
                elf::PT_LOAD => {
                    let bytes = span(program, file).ok_or(Error::Headers("segments"))?;
                    image.segments.push(Segment {
                        address: program.p_vaddr(LE),
                        offset: program.p_offset(LE),
                        bytes,
                        executable: program.p_flags(LE) & elf::PF_X != 0,
                        writable: program.p_flags(LE) & elf::PF_W != 0,
                    });
                }
                elf::PT_DYNAMIC => dynamic = span(program, file),
                elf::PT_INTERP => {
                    image.interpreter = span(program, file).and_then(|span| span.text(0));
                }
                elf::PT_GNU_EH_FRAME => image.frame_header = Some(program.p_vaddr(LE)),
                elf::PT_NOTE if image.build_id.is_none() => {
                    image.build_id = program.notes(LE, file).ok().flatten().and_then(build_id);
                }
                _ => {}
            }
        }
        if let Some(bytes) = dynamic {
            image.dynamic = Dynamic::read(&image, bytes);
        }
        Ok(image)
    }

    /// The bytes from an address to the end of what its segment has in the file.
    pub fn from(&self, address: u64) -> Option<Span<'a>> {
        self.segments.iter().find_map(|segment| {
            let start = address.checked_sub(segment.address)?;
            segment.bytes.from(start).filter(|bytes| !bytes.is_empty())
        })
    }

    /// Bytes at an address.
    pub fn at(&self, address: u64, length: u64) -> Option<Span<'a>> {
        self.from(address)?.get(0, length)
    }

    /// Code at an address, up to [`limits::BINARY_CODE`] bytes of all of it.
    pub fn code(&self, address: u64, length: u64) -> Option<Vec<u8>> {
        let left = self.code.get().checked_sub(length)?;
        let code = self.at(address, length)?.bytes()?;
        self.code.set(left);
        Some(code)
    }

    /// Where code at an address is in the file, as uprobes want it.
    pub fn file_offset(&self, address: u64) -> Option<u64> {
        self.segments.iter().filter(|segment| segment.executable).find_map(|segment| {
            let start = address.checked_sub(segment.address)?;
            (start < segment.bytes.length()).then(|| segment.offset.checked_add(start)).flatten()
        })
    }

    /// Segments of a kind, up to [`limits::BINARY_SEARCHED`] bytes of all of them together: they may overlap in a file that
    /// was made to.
    pub fn spans(&self, wanted: impl Fn(&Segment<'a>) -> bool) -> impl Iterator<Item = Segment<'a>> {
        let mut left = limits::BINARY_SEARCHED;
        self.segments.iter().filter(move |segment| wanted(segment)).map(move |segment| {
            let bytes = segment.bytes.first(left);
            left -= bytes.length();
            Segment { bytes, ..*segment }
        })
    }

    /// Where texts are: sections named so, else segments that are neither code nor data that changes; older linkers put
    /// constants beside the code. Up to [`limits::BINARY_SEARCHED`] bytes.
    pub fn constants(&self) -> Vec<Span<'a>> {
        let named = |section: &&Section<'_>| memchr::memmem::find(section.name, b"rodata").is_some();
        let mut found: Vec<_> = self.sections.iter().filter(named).map(|section| section.bytes).collect();
        if found.is_empty() {
            let constant = |segment: &Segment<'_>| !segment.writable && !segment.executable;
            // The first segment has the headers, and constants only in a file of old linkers.
            let apart = self.segments.iter().any(|segment| constant(segment) && segment.offset != 0);
            let wanted = |segment: &Segment<'_>| constant(segment) || (!apart && !segment.writable);
            return self.spans(wanted).map(|segment| segment.bytes).collect();
        }
        let mut left = limits::BINARY_SEARCHED;
        for span in &mut found {
            *span = span.first(left);
            left -= span.length();
        }
        found
    }

    pub fn has_sections(&self) -> bool {
        !self.sections.is_empty()
    }

    /// The first section of a name.
    pub fn section(&self, name: &[u8]) -> Option<Section<'a>> {
        self.sections.iter().find(|section| section.name == name).copied()
    }

    /// There may be TLS code in it whose functions have no names: it has code enough, and does not keep its symbols. `strip`
    /// leaves no local ones, of which a program has hundreds.
    pub fn may_hide_tls(&self) -> bool {
        let code = self.segments.iter().filter(|segment| segment.executable);
        let code = code.fold(0_u64, |sum, segment| sum.saturating_add(segment.bytes.length()));
        let table = self.sections.iter().find(|section| section.kind == elf::SHT_SYMTAB);
        code >= limits::BINARY_TLS_CODE && table.is_none_or(|table| table.info < limits::BINARY_LOCALS)
    }

    pub fn interpreter(&self) -> Option<&str> {
        self.interpreter.as_deref()
    }

    /// It is an executable that loads nothing, or neither a program nor a library.
    pub fn is_static(&self) -> bool {
        self.interpreter.is_none() && self.dynamic.needed.is_empty() && self.dynamic.soname.is_none()
    }

    pub fn build_id(&self) -> Option<&'a [u8]> {
        self.build_id
    }

    pub fn soname(&self) -> Option<&str> {
        self.dynamic.soname.as_deref()
    }

    /// Libraries it asks for.
    pub fn needed(&self) -> impl Iterator<Item = &str> {
        self.dynamic.needed.iter().map(|name| &**name)
    }

    /// What its constants say, looked for once.
    pub fn marks(&self, read: impl FnOnce() -> Marks) -> &Marks {
        self.marks.get_or_init(read)
    }
}

/// What a program header means; none if that is not within the file.
fn span<'a>(program: &elf::ProgramHeader64<LittleEndian>, file: &'a Store<'a>) -> Option<Span<'a>> {
    file.all().get(program.p_offset(LE), program.p_filesz(LE))
}

/// Sections with a place in the file; none if the headers are left out or strange.
fn sections<'a>(header: &Header, file: &'a Store<'a>) -> Vec<Section<'a>> {
    let Ok(table) = header.sections(LE, file) else { return Vec::new() };
    table
        .iter()
        .take(limits::BINARY_SECTIONS)
        .map(|section| Section {
            name: table.section_name(LE, section).unwrap_or_default(),
            address: section.sh_addr(LE),
            bytes: section
                .file_range(LE)
                .and_then(|(start, length)| file.all().get(start, length))
                .unwrap_or_else(|| file.nothing()),
            kind: section.sh_type(LE),
            link: section.sh_link(LE),
            info: section.sh_info(LE),
        })
        .collect()
}

fn build_id<'a>(notes: object::read::elf::NoteIterator<'a, Header>) -> Option<&'a [u8]> {
    notes
        .take(limits::BINARY_NOTES)
        .map_while(Result::ok)
        .find(|note| note.name() == elf::ELF_NOTE_GNU && note.n_type(LE) == elf::NT_GNU_BUILD_ID)
        .map(|note| note.desc())
}
