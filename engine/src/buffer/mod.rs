//! The buffer pool: page frames, replacement (B001), the page table (B002), prefetch (B003), write-out (B004).
