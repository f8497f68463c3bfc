//! Where functions begin and end, for functions without a symbol: from the unwind table (`.eh_frame_hdr`), which stripping
//! keeps.

use std::ops::Range;

use gimli::{BaseAddresses, EhFrame, EhFrameHdr, EhFrameOffset, Pointer, UnwindSection as _};

use super::Image;

impl Image<'_> {
    /// The function that an address is in, as the unwind table has it. A function's cold part is a function there.
    pub fn frame(&self, address: u64) -> Option<Range<u64>> {
        let header_address = self.frame_header?;
        let bases = BaseAddresses::default().set_eh_frame_hdr(header_address);
        let section = self.from(header_address)?;
        let header = EhFrameHdr::from(section).parse(&bases, 8).ok()?;
        let Pointer::Direct(frames_address) = header.eh_frame_ptr() else { return None };
        let bases = bases.set_eh_frame(frames_address);
        let frames = EhFrame::from(self.from(frames_address)?);
        let table = header.table()?;
        // Rows that a table says it has but can't: gimli 0.34 multiplies their number unchecked.
        let rows = table.iter(&bases).size_hint().1?;
        if rows as u64 > section.length() {
            return None;
        }
        let Pointer::Direct(found) = table.lookup(address, &bases).ok()? else { return None };
        let offset = EhFrameOffset(found.checked_sub(frames_address)?);
        let frame = frames.fde_from_offset(&bases, offset, EhFrame::cie_from_offset).ok()?;
        frame.contains(address).then(|| frame.initial_address()..frame.end_address())
    }
}
