//! Where functions begin and end, for functions without a symbol: from the unwind table (`.eh_frame_hdr`), which stripping
//! keeps.

use std::ops::Range;

use gimli::{BaseAddresses, EhFrame, EhFrameHdr, EndianSlice, LittleEndian, Pointer, UnwindSection as _};

use super::Image;

impl Image<'_> {
    /// The function that an address is in, as the unwind table has it. A function's cold part is a function there.
    pub fn frame(&self, address: u64) -> Option<Range<u64>> {
        let header_address = self.frame_header?;
        let bases = BaseAddresses::default().set_eh_frame_hdr(header_address);
        let header = EhFrameHdr::from(EndianSlice::new(self.from(header_address)?, LittleEndian));
        let header = header.parse(&bases, 8).ok()?;
        let Pointer::Direct(frames_address) = header.eh_frame_ptr() else { return None };
        let bases = bases.set_eh_frame(frames_address);
        let frames = EhFrame::from(EndianSlice::new(self.from(frames_address)?, LittleEndian));
        let table = header.table()?;
        let frame = table.fde_for_address(&frames, &bases, address, EhFrame::cie_from_offset).ok()?;
        Some(frame.initial_address()..frame.end_address())
    }
}
