package zset

import (
	"unsafe"

	"spindle/store/arena"
)

// Nodes are Go structs without pointers in the arena's memory, which is aligned to 8 bytes and which the collector does
// not know. A *leaf or *inner is valid until its slot is freed.

const (
	leafBytes  = int(unsafe.Sizeof(leaf{}))
	innerBytes = int(unsafe.Sizeof(inner{}))
)

func (t *tree) leaf(r arena.Ref) *leaf   { return (*leaf)(t.mem.Ptr(r)) }
func (t *tree) inner(r arena.Ref) *inner { return (*inner)(t.mem.Ptr(r)) }
