package arena

import "unsafe"

// The memory of an arena is not Go memory: it is mapped by us, it never moves
// and the collector neither scans nor frees it. All unsafe operations are in
// this file, and they do three things:
//
//   - turn a Ref into an address inside the range. That is right for every Ref
//     that Alloc returned and that was not freed; builds tagged invariants
//     check it.
//   - keep the list of freed slots inside the freed slots, which are ours.
//   - view the mapped tables as slices of pointer-free types. Mappings start on
//     a page, so every alignment holds, and fresh ones read as zeros, which is a
//     valid value of these types.
//
// No pointer into Go memory is ever stored in the range.

type base = unsafe.Pointer

const spanSize = int64(unsafe.Sizeof(span{}))

// Ptr returns the address of slot r. It is valid until Free.
func (a *Arena) Ptr(r Ref) unsafe.Pointer {
	if invariants {
		a.debugView(r, 0)
	}
	return unsafe.Add(a.baseP, uintptr(r)<<3)
}

// Bytes returns the first n bytes of slot r, n <= Cap(r). The view is valid
// until Free. Its capacity is n, so that append copies instead of running over.
func (a *Arena) Bytes(r Ref, n int) []byte {
	if invariants {
		a.debugView(r, n)
	}
	return unsafe.Slice((*byte)(unsafe.Add(a.baseP, uintptr(r)<<3)), n)
}

func (a *Arena) link(r Ref) Ref { return *(*Ref)(unsafe.Add(a.baseP, uintptr(r)<<3)) }

func (a *Arena) setLink(r, next Ref) { *(*Ref)(unsafe.Add(a.baseP, uintptr(r)<<3)) = next }

// bind points the arena at its mappings.
func (a *Arena) bind(pages, ids int64) {
	a.baseP = unsafe.Pointer(unsafe.SliceData(a.data.mem))
	a.pageMap = view[uint32](&a.tables[0], pages)
	a.spans = view[span](&a.tables[1], ids)
	a.dirty = view[uint64](&a.tables[2], pages/64)
}

func view[T uint32 | uint64 | span](r *reservation, n int64) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(r.mem))), n)
}
