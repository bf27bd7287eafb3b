package stream

import (
	"slices"
	"sort"

	"spindle/store/arena"
)

// A table is a sequence of records of one width, in the order of the IDs that they begin with. Nodes, pending entries
// and the entries that a consumer owns are such sequences.
//
//	heads    | first ID, where, how many | ...      pointer-free, one per some hundred records
//	block    | ID, payload | ID, payload | ...      a slot in the arena, 4 KB at most
//
// Records are mostly added at the end and removed at the start; both are cheap everywhere else too.
//
// freeze hands out a view of the records as they are. From then on heads and blocks that are about to change are copied
// first; a block belongs to the view unless it was made since, which its generation tells. What the table itself no longer
// uses is freed by thaw.
type table struct {
	mem     *arena.Arena
	width   int // bytes of a record
	heads   []head
	n       int
	bytes   int64  // of the slots
	gen     uint32 // of blocks made now
	frozen  bool
	shared  bool        // heads are the view's too
	orphans []arena.Ref // of the view alone
}

// head describes a block, which is never empty.
type head struct {
	first ID
	ref   arena.Ref
	count uint32
	gen   uint32
}

const (
	idBytes    = 16
	headBytes  = 32
	blockBytes = 4096
	blockMin   = 4 // records of the smallest block
)

func newTable(mem *arena.Arena, width int) table { return table{mem: mem, width: width} }

func (t *table) blockMax() int { return blockBytes / t.width }

// size returns the memory that the table takes, in bytes.
func (t *table) size() int64 { return t.bytes + int64(cap(t.heads))*headBytes }

func (t *table) alloc(n int) arena.Ref {
	ref := t.mem.Alloc(n)
	t.bytes += int64(t.mem.Cap(ref))
	return ref
}

func (t *table) release(ref arena.Ref) {
	t.bytes -= int64(t.mem.Cap(ref))
	t.mem.Free(ref)
}

// discard gives up a slot made in generation gen.
func (t *table) discard(ref arena.Ref, gen uint32) {
	if t.held(gen) {
		t.orphans = append(t.orphans, ref)
		return
	}
	t.release(ref)
}

// held reports whether what was made in generation gen belongs to the view.
func (t *table) held(gen uint32) bool { return t.frozen && gen != t.gen }

// A pos is the place of a record; it is valid until the table changes.
type pos struct{ block, i int }

func (t *table) records(h *head) []byte { return t.mem.Bytes(h.ref, int(h.count)*t.width) }

func (t *table) valid(p pos) bool { return p.block >= 0 && p.block < len(t.heads) }

// at returns a view of the record at p, not to be changed.
func (t *table) at(p pos) []byte {
	h := &t.heads[p.block]
	return t.records(h)[p.i*t.width:][:t.width]
}

func (t *table) id(p pos) ID { return readID(t.at(p)) }

func (t *table) next(p pos) pos {
	if p.i++; p.i == int(t.heads[p.block].count) {
		return pos{p.block + 1, 0}
	}
	return p
}

// prev returns the place before p, which is not valid at the start. p may be the end.
func (t *table) prev(p pos) pos {
	if p.i--; p.i < 0 {
		if p.block--; p.block >= 0 {
			p.i = int(t.heads[p.block].count) - 1
		}
	}
	return p
}

// end is the place behind the last record.
func (t *table) end() pos { return pos{len(t.heads), 0} }

func (t *table) last() pos { return t.prev(t.end()) }

// seek returns the place of the first record that is not before id.
func (t *table) seek(id ID) pos {
	b := sort.Search(len(t.heads), func(i int) bool { return id.Less(t.heads[i].first) }) - 1
	if b < 0 {
		return pos{}
	}
	h := &t.heads[b]
	recs := t.records(h)
	i := sort.Search(int(h.count), func(i int) bool { return !readID(recs[i*t.width:]).Less(id) })
	if i == int(h.count) {
		return pos{b + 1, 0}
	}
	return pos{b, i}
}

// find returns the place of the record with this id.
func (t *table) find(id ID) (p pos, ok bool) {
	p = t.seek(id)
	return p, t.valid(p) && t.id(p) == id
}

// ownHeads makes the heads the table's own.
func (t *table) ownHeads() {
	if t.shared {
		t.heads = slices.Clone(t.heads)
		t.shared = false
	}
}

// own returns the head of block b, which may be changed then, records and all.
func (t *table) own(b int) *head {
	t.ownHeads()
	h := &t.heads[b]
	if t.held(h.gen) {
		t.resize(h, int(h.count))
	}
	return h
}

// change returns the record at p to be changed. The ID must stay.
func (t *table) change(p pos) []byte {
	t.own(p.block)
	return t.at(p)
}

// resize moves a block into a slot for n records.
func (t *table) resize(h *head, n int) {
	ref := t.alloc(n * t.width)
	copy(t.mem.Bytes(ref, int(h.count)*t.width), t.records(h))
	t.discard(h.ref, h.gen)
	h.ref, h.gen = ref, t.gen
}

// insert adds a record for id, which must have none, and returns it; all but the ID is arbitrary.
func (t *table) insert(id ID) []byte {
	t.ownHeads()
	p := t.room(t.gap(id))
	h := &t.heads[p.block]
	h.count++
	t.n++
	recs := t.records(h)
	at := p.i * t.width
	copy(recs[at+t.width:], recs[at:])
	putID(recs[at:], id)
	if p.i == 0 {
		h.first = id
	}
	return recs[at:][:t.width]
}

// gap returns where a record for id goes: in a block that exists, if there is one, perhaps behind its last record.
func (t *table) gap(id ID) pos {
	p := pos{len(t.heads), 0}
	if n := len(t.heads); n == 0 || !t.id(t.last()).Less(id) {
		p = t.seek(id)
	}
	if p.i == 0 && p.block > 0 {
		p.block--
		p.i = int(t.heads[p.block].count)
	}
	return p
}

// room makes place for a record at p and returns where that now is.
func (t *table) room(p pos) pos {
	limit := t.blockMax()
	switch {
	case len(t.heads) == 0:
		t.heads = append(t.heads, head{ref: t.alloc(blockMin * t.width), gen: t.gen})
		return pos{}
	case int(t.heads[p.block].count) < limit:
	case p.block == len(t.heads)-1 && p.i == limit:
		t.heads = append(t.heads, head{ref: t.alloc(blockMin * t.width), gen: t.gen})
		return pos{p.block + 1, 0}
	default:
		t.split(p.block)
		if left := int(t.heads[p.block].count); p.i > left {
			p = pos{p.block + 1, p.i - left}
		}
	}
	h := t.own(p.block)
	if need := int(h.count) + 1; t.mem.Cap(h.ref) < need*t.width {
		t.resize(h, min(2*need, limit))
	}
	return p
}

// split moves the second half of a block into one of its own.
func (t *table) split(b int) {
	left := t.own(b)
	recs := t.records(left)
	half := int(left.count) / 2
	tail := recs[half*t.width:]
	right := head{first: readID(tail), count: left.count - uint32(half), gen: t.gen, ref: t.alloc(len(recs))}
	copy(t.records(&right), tail)
	left.count = uint32(half)
	t.heads = slices.Insert(t.heads, b+1, right)
}

// remove takes the record at p out.
func (t *table) remove(p pos) {
	t.n--
	if t.heads[p.block].count == 1 {
		t.removeBlock(p.block)
		return
	}
	h := t.own(p.block)
	recs := t.records(h)
	copy(recs[p.i*t.width:], recs[(p.i+1)*t.width:])
	h.count--
	if p.i == 0 {
		h.first = readID(recs)
	}
	if !t.mem.Fits(h.ref, int(h.count)*t.width) {
		t.shrink(p.block)
	}
}

// removeBlock takes a block out, with what is in it.
func (t *table) removeBlock(b int) {
	t.ownHeads()
	t.discard(t.heads[b].ref, t.heads[b].gen)
	if b == 0 {
		t.heads = t.heads[1:] // which costs nothing, and is what happens most
		return
	}
	t.heads = slices.Delete(t.heads, b, b+1)
}

// shrink merges a block that has become half empty with the one behind it, or gives it a smaller slot.
func (t *table) shrink(b int) {
	h := t.own(b)
	if b+1 == len(t.heads) || int(h.count+t.heads[b+1].count) > t.blockMax()/2 {
		t.resize(h, max(int(h.count), blockMin))
		return
	}
	next := t.records(&t.heads[b+1])
	count := h.count
	t.resize(h, int(count+t.heads[b+1].count))
	h.count += t.heads[b+1].count
	copy(t.records(h)[int(count)*t.width:], next)
	t.removeBlock(b + 1)
}

// free removes the records block by block, at most steps blocks. It returns how many those were.
func (t *table) free(steps int) int {
	for n := 0; n < steps; n++ {
		b := len(t.heads) - 1
		if b < 0 {
			t.heads = nil
			return n
		}
		t.n -= int(t.heads[b].count)
		t.removeBlock(b)
	}
	return steps
}

// copy returns a table with the same records.
func (t *table) copy() table {
	c := newTable(t.mem, t.width)
	c.heads, c.n = slices.Clone(t.heads), t.n
	for i := range c.heads {
		h := &c.heads[i]
		n := int(h.count) * t.width
		ref := c.alloc(n)
		copy(t.mem.Bytes(ref, n), t.records(h))
		h.ref, h.gen = ref, 0
	}
	return c
}

// move puts blocks that lie in sparse spans elsewhere. The table must not be frozen.
func (t *table) move() {
	for i := range t.heads {
		if h := &t.heads[i]; t.mem.Sparse(h.ref) {
			t.resize(h, t.mem.Cap(h.ref)/t.width)
		}
	}
}

// A view is a table as it was when it was frozen.
type view struct {
	t     *table
	heads []head
}

// freeze returns a view, which is good until thaw. A frozen table cannot be frozen again.
func (t *table) freeze() view {
	t.gen++
	t.frozen, t.shared = true, true
	return t.look()
}

// look returns a view that is good until the table changes.
func (t *table) look() view { return view{t, t.heads} }

// thaw ends the view.
func (v *view) thaw() {
	t := v.t
	t.frozen, t.shared = false, false
	for _, ref := range t.orphans {
		t.release(ref)
	}
	t.orphans = nil
	v.heads = nil
}

// at returns the record at p, ok false at the end.
func (v *view) at(p pos) (rec []byte, ok bool) {
	if p.block == len(v.heads) {
		return nil, false
	}
	return v.t.records(&v.heads[p.block])[p.i*v.t.width:][:v.t.width], true
}

func (v *view) next(p pos) pos {
	if p.i++; p.i == int(v.heads[p.block].count) {
		return pos{p.block + 1, 0}
	}
	return p
}
