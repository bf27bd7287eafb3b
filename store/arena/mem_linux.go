package arena

import "golang.org/x/sys/unix"

const (
	mapNoReserve = unix.MAP_NORESERVE
	// DONTNEED drops the pages at once. FREE would keep them in the resident
	// size until the system is short, and users judge us by that size.
	adviceFree = unix.MADV_DONTNEED
)

// adviseHuge asks for huge pages or forbids them.
func (r *reservation) adviseHuge(on bool) {
	advice := unix.MADV_NOHUGEPAGE
	if on {
		advice = unix.MADV_HUGEPAGE
	}
	_ = unix.Madvise(r.mem, advice) // kernels without huge pages say EINVAL
}
