//! An ELF file as the dynamic linker and the kernel see it: segments, the dynamic section, symbols, frames.
//!
//! Section headers are a convenience of linkers that `strip --strip-section-headers` and packers leave out; they are used for
//! what has no other place (`.symtab`), and to find quickly what can be found without them.

mod dynamic;
mod frames;
mod symbols;

use std::cell::OnceCell;

use object::{
    LittleEndian, elf,
    read::elf::{FileHeader as _, ProgramHeader as _, SectionHeader as _},
};

use super::marks::Marks;
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
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'a> {
    /// Address of its first byte before relocation.
    pub address: u64,
    /// Offset in the file of its first byte.
    pub offset: u64,
    /// Its bytes in the file.
    pub bytes: &'a [u8],
    /// It is code.
    pub executable: bool,
    /// It is data that can change, relocations included.
    pub writable: bool,
}

/// A named part of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section<'a> {
    pub name: &'a [u8],
    pub address: u64,
    pub bytes: &'a [u8],
    kind: u32,
    link: u32,
}

/// A file.
pub(super) struct Image<'a> {
    pub processor: Processor,
    segments: Vec<Segment<'a>>,
    sections: Vec<Section<'a>>,
    dynamic: Dynamic<'a>,
    interpreter: Option<&'a str>,
    build_id: Option<&'a [u8]>,
    frame_header: Option<u64>,
    marks: OnceCell<Marks<'a>>,
}

impl<'a> Image<'a> {
    pub fn parse(file: &'a [u8]) -> Result<Self, Error> {
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
            processor,
            segments: Vec::new(),
            sections: sections(header, file),
            dynamic: Dynamic::default(),
            interpreter: None,
            build_id: None,
            frame_header: None,
            marks: OnceCell::new(),
        };
        let mut dynamic = None;
        for program in programs {
            match program.p_type(LE) {
                elf::PT_LOAD => {
                    let bytes = program.data(LE, file).map_err(|()| Error::Headers("segments"))?;
                    image.segments.push(Segment {
                        address: program.p_vaddr(LE),
                        offset: program.p_offset(LE),
                        bytes,
                        executable: program.p_flags(LE) & elf::PF_X != 0,
                        writable: program.p_flags(LE) & elf::PF_W != 0,
                    });
                }
                elf::PT_DYNAMIC => dynamic = program.data(LE, file).ok(),
                elf::PT_INTERP => {
                    image.interpreter = program.data(LE, file).ok().and_then(until_nul);
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
    pub fn from(&self, address: u64) -> Option<&'a [u8]> {
        self.segments.iter().find_map(|segment| {
            let start = usize::try_from(address.checked_sub(segment.address)?).ok()?;
            segment.bytes.get(start..).filter(|bytes| !bytes.is_empty())
        })
    }

    /// Bytes at an address.
    pub fn at(&self, address: u64, length: u64) -> Option<&'a [u8]> {
        self.from(address)?.get(..usize::try_from(length).ok()?)
    }

    /// Where code at an address is in the file, as uprobes want it.
    pub fn file_offset(&self, address: u64) -> Option<u64> {
        self.segments.iter().filter(|segment| segment.executable).find_map(|segment| {
            let start = address.checked_sub(segment.address)?;
            (start < segment.bytes.len() as u64).then(|| segment.offset.checked_add(start)).flatten()
        })
    }

    pub fn segments(&self) -> &[Segment<'a>] {
        &self.segments
    }

    /// Segments of a kind, up to [`limits::BINARY_SEARCHED`] bytes of all of them together: they may overlap in a file that
    /// was made to.
    pub fn spans(&self, wanted: impl Fn(&Segment<'a>) -> bool) -> impl Iterator<Item = Segment<'a>> {
        let mut left = limits::BINARY_SEARCHED;
        self.segments.iter().filter(move |segment| wanted(segment)).map(move |segment| {
            let bytes = segment.bytes.get(..left.min(segment.bytes.len())).unwrap_or_default();
            left -= bytes.len();
            Segment { bytes, ..*segment }
        })
    }

    pub fn has_sections(&self) -> bool {
        !self.sections.is_empty()
    }

    /// The first section of a name.
    pub fn section(&self, name: &[u8]) -> Option<Section<'a>> {
        self.sections.iter().find(|section| section.name == name).copied()
    }

    pub fn interpreter(&self) -> Option<&'a str> {
        self.interpreter
    }

    /// It is an executable that loads nothing, or neither a program nor a library.
    pub fn is_static(&self) -> bool {
        self.interpreter.is_none() && self.dynamic.needed.is_empty() && self.dynamic.soname.is_none()
    }

    pub fn build_id(&self) -> Option<&'a [u8]> {
        self.build_id
    }

    pub fn soname(&self) -> Option<&'a str> {
        self.dynamic.soname
    }

    /// Libraries it asks for.
    pub fn needed(&self) -> impl Iterator<Item = &'a str> {
        self.dynamic.needed.iter().copied()
    }

    /// What its constants say, looked for once.
    pub fn marks(&self, read: impl FnOnce() -> Marks<'a>) -> Marks<'a> {
        *self.marks.get_or_init(read)
    }
}

/// Sections with a place in the file; none if the headers are left out or strange.
fn sections<'a>(header: &Header, file: &'a [u8]) -> Vec<Section<'a>> {
    let Ok(table) = header.sections(LE, file) else { return Vec::new() };
    table
        .iter()
        .take(limits::BINARY_SECTIONS)
        .map(|section| Section {
            name: table.section_name(LE, section).unwrap_or_default(),
            address: section.sh_addr(LE),
            bytes: section.data(LE, file).unwrap_or_default(),
            kind: section.sh_type(LE),
            link: section.sh_link(LE),
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

/// Text up to its NUL; no text without one.
pub(super) fn until_nul(bytes: &[u8]) -> Option<&str> {
    let bytes = bytes.get(..limits::BINARY_NAME.min(bytes.len()))?;
    let end = memchr::memchr(0, bytes)?;
    std::str::from_utf8(bytes.get(..end)?).ok()
}

/// A little-endian number.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A little-endian number.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
