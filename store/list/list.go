// Package list is a large list: a sequence of chunks, each of which is a listpack in the arena, under a directory of two
// levels. (A list of one chunk is a listpack in its key's record and needs no List.)
//
//	List   | block | block | ...              Go pointers, one per some 128 chunks
//	block  | chunk | chunk | ...              pointer-free: where the listpack is, how many elements it has
//	slot   | gap | listpack | free |          arena memory of a chunk
//
// The counts in the directory find an index without touching the elements. A chunk may have free
// memory on both sides of its listpack, so pushes and pops at either end of the list move nothing but a header.
//
// # Where chunks begin and end
//
// DUMP shows the chunks, so they are cut exactly as Redis 7.0 cuts the nodes of a quicklist: an element goes into a chunk
// while Limits.Allows says so; a full chunk is split where an element is put into its middle, and what lies around is
// merged where it fits; removing never merges. An element above the limit has a chunk of its own.
//
// # Snapshots
//
// BeginWalk freezes the list: it keeps the directory's blocks, and from then on a block or a chunk that is about to change
// is copied first. Which ones are frozen follows from generations: a block or chunk belongs to the walk unless
// it was made since. What the list no longer uses of the frozen chunks is freed when the walk ends.
//
// # Lifetimes
//
// Views of elements are valid until the next change to the list. What is given is copied.
package list

import (
	"slices"

	"spindle/store/arena"
	"spindle/store/listpack"
)

// Limits say how large a chunk may become: list-max-listpack-size. A positive number is the elements per chunk, -1 to -5 stand
// for 4, 8, 16, 32 and 64 KB.
type Limits int

// LimitsOf returns the limits for a value of list-max-listpack-size.
func LimitsOf(n int) Limits { return Limits(max(-5, min(n, 1<<15-1))) }

// chunkBytesSafe bounds chunks that are limited by their number of elements, in bytes.
const chunkBytesSafe = 8192

// ElementMax is the longest element, in bytes.
const ElementMax = 512 << 20

// chunkBytesHard is what no chunk may exceed, in bytes, whatever Redis's rules.
const chunkBytesHard = 900 << 20

// bytesMax returns the size limit of a chunk, in bytes; 0 if the number of elements decides.
func (f Limits) bytesMax() int {
	if f >= 0 {
		return 0
	}
	return 2048 << -f
}

// holds tells whether a chunk may have so many bytes and elements.
func (f Limits) holds(size, count int) bool {
	if size <= f.bytesMax() {
		return true
	}
	return size <= chunkBytesSafe && count <= int(f)
}

// sizeEstimate is what Redis reckons an element takes beside its bytes.
const sizeEstimate = 8

// Allows tells whether a chunk of size bytes and count elements takes one more, of elemLen bytes.
func (f Limits) Allows(size, count, elemLen int) bool {
	return f.holds(size+elemLen+sizeEstimate, count+1)
}

// List is a list. It belongs to one goroutine and implements store.Object and store.Mover. Use New.
type List struct {
	mem    *arena.Arena
	limits Limits
	blocks []*block
	len    int
	chunks int
	bytes  int64 // of the chunks' slots

	gen    uint32 // of what is made now; older is frozen while a walk runs
	walk   *Walk
	moveAt int // block where Move goes on
}

// blockMax is the number of chunks per block.
const blockMax = 128

type block struct {
	chunks []chunk
	elems  int
	gen    uint32
}

// New returns an empty list.
func New(mem *arena.Arena) *List { return &List{mem: mem, limits: -2} }

// SetLimits sets the limits that the next changes obey.
func (l *List) SetLimits(f Limits) { l.limits = f }

// Len returns the number of elements.
func (l *List) Len() int { return l.len }

// Chunks returns the number of chunks.
func (l *List) Chunks() int { return l.chunks }

// listBytes is about what an empty List takes.
const listBytes = 160

// Bytes implements store.Object.
func (l *List) Bytes() int64 {
	return l.bytes + int64(l.chunks)*chunkBytes + int64(len(l.blocks))*64 + listBytes
}

// Copy implements store.Copier.
func (l *List) Copy() any {
	to := New(l.mem)
	to.limits = l.limits
	l.Each(to.AppendChunk)
	return to
}

// Each calls f for all chunks in order.
func (l *List) Each(f func(lp []byte)) {
	for _, b := range l.blocks {
		for i := range b.chunks {
			f(l.view(&b.chunks[i]))
		}
	}
}

// Free implements store.Object. A chunk counts as one step.
func (l *List) Free(steps int) int {
	for n := 0; n < steps; n++ {
		if l.chunks == 0 {
			return n
		}
		l.remove(l.last())
	}
	return steps
}

// Move implements store.Mover. Frozen chunks stay where they are.
func (l *List) Move(steps int) (done bool) {
	if l.walk != nil {
		return true
	}
	for ; steps > 0; steps -= blockMax {
		if l.moveAt >= len(l.blocks) {
			l.moveAt = 0
			return true
		}
		b := l.blocks[l.moveAt]
		for i := range b.chunks {
			if c := &b.chunks[i]; l.mem.Sparse(c.ref) {
				l.realloc(c, int(c.size), 0)
			}
		}
		l.moveAt++
	}
	return false
}

// A place is a chunk's position in the directory.
type place struct{ block, chunk int }

func (l *List) last() place {
	b := len(l.blocks) - 1
	return place{b, len(l.blocks[b].chunks) - 1}
}

// next returns the place behind p, ok false at the end.
func (l *List) next(p place) (_ place, ok bool) {
	if p.chunk++; p.chunk == len(l.blocks[p.block].chunks) {
		p.block++
		p.chunk = 0
	}
	return p, p.block < len(l.blocks)
}

// prev returns the place before p, ok false at the start.
func (l *List) prev(p place) (_ place, ok bool) {
	if p.chunk--; p.chunk < 0 {
		if p.block--; p.block < 0 {
			return p, false
		}
		p.chunk = len(l.blocks[p.block].chunks) - 1
	}
	return p, true
}

// find returns the chunk that has element i, 0 <= i < Len, and its place in the chunk.
func (l *List) find(i int) (p place, rest int) {
	if i < l.len/2 {
		for i >= l.blocks[p.block].elems {
			i -= l.blocks[p.block].elems
			p.block++
		}
	} else {
		from := l.len
		for p.block = len(l.blocks); from > i; {
			p.block--
			from -= l.blocks[p.block].elems
		}
		i -= from
	}
	chunks := l.blocks[p.block].chunks
	for i >= int(chunks[p.chunk].count) {
		i -= int(chunks[p.chunk].count)
		p.chunk++
	}
	return p, i
}

func (l *List) at(p place) *chunk { return &l.blocks[p.block].chunks[p.chunk] }

// ownBlock returns block i for changing.
func (l *List) ownBlock(i int) *block {
	b := l.blocks[i]
	if l.walk == nil || b.gen == l.gen {
		return b
	}
	b = &block{slices.Clone(b.chunks), b.elems, l.gen}
	l.blocks[i] = b
	return b
}

// own returns the chunk at p for changing, with its block.
func (l *List) own(p place) (*block, *chunk) {
	b := l.ownBlock(p.block)
	c := &b.chunks[p.chunk]
	if l.frozen(c) {
		l.thaw(c)
	}
	return b, c
}

// recount notes that a chunk has n more elements.
func (l *List) recount(b *block, c *chunk, n int) {
	c.count += uint32(n)
	b.elems += n
	l.len += n
}

// insert puts c at p, in front of what is there, and returns where it now is. p.chunk may be behind the last of its block.
func (l *List) insert(p place, c chunk) place {
	if len(l.blocks) == 0 {
		l.blocks = append(l.blocks, &block{gen: l.gen})
	}
	if len(l.blocks[p.block].chunks) == blockMax {
		p = l.makeRoom(p)
	}
	b := l.ownBlock(p.block)
	b.chunks = slices.Insert(b.chunks, p.chunk, c)
	b.elems += int(c.count)
	l.len += int(c.count)
	l.chunks++
	return p
}

// makeRoom splits the full block of p, or begins a new one at either end of it, and returns where p now is.
func (l *List) makeRoom(p place) place {
	switch p.chunk {
	case 0:
		l.blocks = slices.Insert(l.blocks, p.block, &block{gen: l.gen})
		return p
	case blockMax:
		l.blocks = slices.Insert(l.blocks, p.block+1, &block{gen: l.gen})
		return place{p.block + 1, 0}
	}
	const half = blockMax / 2
	left := l.ownBlock(p.block)
	right := &block{chunks: slices.Clone(left.chunks[half:]), gen: l.gen}
	left.chunks = left.chunks[:half:half]
	for i := range right.chunks {
		right.elems += int(right.chunks[i].count)
	}
	left.elems -= right.elems
	l.blocks = slices.Insert(l.blocks, p.block+1, right)
	if p.chunk > half {
		return place{p.block + 1, p.chunk - half}
	}
	return p
}

// remove takes the chunk at p out and frees it, or leaves it to the walk.
func (l *List) remove(p place) {
	b := l.ownBlock(p.block)
	c := &b.chunks[p.chunk]
	b.elems -= int(c.count)
	l.len -= int(c.count)
	l.chunks--
	l.drop(c)
	if len(b.chunks) == 1 {
		l.blocks = slices.Delete(l.blocks, p.block, p.block+1)
		return
	}
	b.chunks = slices.Delete(b.chunks, p.chunk, p.chunk+1)
}

// AppendChunk adds the elements of lp, a valid listpack that is not empty, as a chunk of their own at the end.
func (l *List) AppendChunk(lp []byte) {
	c := l.alloc(len(lp))
	copy(l.mem.Bytes(c.ref, len(lp)), lp)
	c.size, c.count = uint32(len(lp)), uint32(listpack.Len(lp))
	l.insert(l.behind(), c)
}

// behind is the place behind the last chunk.
func (l *List) behind() place {
	if len(l.blocks) == 0 {
		return place{}
	}
	p := l.last()
	p.chunk++
	return p
}
