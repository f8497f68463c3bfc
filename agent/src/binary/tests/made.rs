//! ELF files made here.

/// Where code begins in the file, and at which address the file is mapped.
pub const CODE: usize = 0x100;
pub const ADDRESS: u64 = 0x40_0000;

/// A static executable of x86-64 whose functions lie one behind the other from [`CODE`] on, then data.
pub fn elf(functions: &[(&str, &[u8])], data: &[u8]) -> Vec<u8> {
    let (mut code, mut symbols, mut strings) = (Vec::new(), vec![0; 24], vec![0]);
    for (name, bytes) in functions {
        let address = ADDRESS + (CODE + code.len()) as u64;
        symbols.extend(u32::try_from(strings.len()).unwrap().to_le_bytes());
        symbols.extend([0x12, 0, 1, 0]);
        symbols.extend(address.to_le_bytes());
        symbols.extend((bytes.len() as u64).to_le_bytes());
        strings.extend(name.bytes().chain([0]));
        code.extend_from_slice(bytes);
    }
    let length = CODE + code.len();
    // Data in a segment of its own, aligned as the linker would.
    let data_at = length.next_multiple_of(16);
    let tables = data_at + data.len();
    let names = b"\0.symtab\0.strtab\0";
    let (strings_at, names_at) = (tables + symbols.len(), tables + symbols.len() + strings.len());
    let sections_at = names_at + names.len();
    let segment = |flags: u32, at: usize, length: usize| {
        let mut header = Vec::new();
        header.extend([1, flags].map(u32::to_le_bytes).concat());
        header.extend([at as u64, ADDRESS + at as u64, ADDRESS + at as u64].map(u64::to_le_bytes).concat());
        header.extend([length as u64, length as u64, 0x1000].map(u64::to_le_bytes).concat());
        header
    };
    let section = |name: u32, kind: u32, at: usize, length: usize, link: u32, entry: u64| {
        let mut header = [name, kind].map(u32::to_le_bytes).concat();
        header.extend([0, 0, at as u64, length as u64].map(u64::to_le_bytes).concat());
        header.extend([link, 0].map(u32::to_le_bytes).concat());
        header.extend([1, entry].map(u64::to_le_bytes).concat());
        header
    };
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    file.extend([2_u16, 62].map(u16::to_le_bytes).concat());
    file.extend(1_u32.to_le_bytes());
    file.extend([ADDRESS + CODE as u64, 64, sections_at as u64].map(u64::to_le_bytes).concat());
    file.extend(0_u32.to_le_bytes());
    file.extend([64_u16, 56, 2, 64, 4, 3].map(u16::to_le_bytes).concat());
    file.extend(segment(5, 0, length));
    file.extend(segment(6, data_at, data.len()));
    file.resize(CODE, 0);
    file.extend(&code);
    file.resize(data_at, 0);
    file.extend(data);
    file.extend(&symbols);
    file.extend(&strings);
    file.extend(names);
    file.extend([0; 64]);
    file.extend(section(1, 2, tables, symbols.len(), 2, 24));
    file.extend(section(9, 3, strings_at, strings.len(), 0, 0));
    file.extend(section(9, 3, names_at, names.len(), 0, 0));
    file
}
