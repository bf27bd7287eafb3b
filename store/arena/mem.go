//go:build linux || darwin || freebsd || netbsd || openbsd

package arena

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

var sysPageSize = os.Getpagesize()

// tableStep is how many bytes of a table are committed at a time.
const tableStep = 1 << 20

// reservation is a range of address space. None of it may be touched before it
// is committed; committed memory reads as zeros.
type reservation struct {
	mem       []byte
	committed int64 // bytes from the start, where commit is used
}

func (r *reservation) reserve(size int64) error {
	size = (size + tableStep - 1) &^ (tableStep - 1)
	mem, err := unix.Mmap(-1, 0, int(size), unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE|mapNoReserve)
	if err != nil {
		return err
	}
	r.mem, r.committed = mem, 0
	return nil
}

func (r *reservation) unmap() {
	if r.mem != nil {
		_ = unix.Munmap(r.mem) // fails only for ranges that are not mapped
	}
	*r = reservation{}
}

// commit makes the first size bytes usable.
func (r *reservation) commit(size int64) {
	if size <= r.committed {
		return
	}
	size = min((size+tableStep-1)&^(tableStep-1), int64(len(r.mem)))
	r.commitFrom(r.committed, size)
	r.committed = size
}

// commitFrom makes a page-aligned part usable.
func (r *reservation) commitFrom(from, to int64) {
	if err := unix.Mprotect(r.mem[from:to], unix.PROT_READ|unix.PROT_WRITE); err != nil {
		panic(fmt.Sprintf("arena: out of memory: the system refuses %d KB more: %v", (to-from)>>10, err))
	}
}

// release tells the system that the content of a part is no longer needed. The
// part stays usable.
func (r *reservation) release(from, to int64) {
	size := int64(sysPageSize)
	from, to = (from+size-1)&^(size-1), to&^(size-1)
	if from < to {
		_ = unix.Madvise(r.mem[from:to], adviceFree) // advice: a refusal costs memory, no more
	}
}
