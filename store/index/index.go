// Package index finds records by hash. It is the hash table under the keyspace
// and under every large hash, set and sorted set.
//
// The table is ordered by hash: the top bits of a hash choose a segment through
// a directory (extendible hashing), the following bits choose the home slot in
// it, and slots within a segment are kept sorted (linear probing with ordered
// insertion, "Robin Hood" without a stored distance).
//
//	directory   one word per hash prefix: ref of the segment, slots, depth
//	segment     | deadline 8 B | count 4 B | pad 4 B | slot ... slot | tail |
//	slot 8 B    tag 26 bits | mark 1 bit | arena.Ref 37 bits      0 = empty
//
// What the order buys:
//   - a segment grows by a quarter, splits in two or merges with its neighbour by
//     one linear copy of at most 1,024 slots; there is no whole-table rehash, no
//     doubling spike and no insert that pays for the others;
//   - a scan cursor is a position in hash space, valid whatever grows or shrinks
//     between two calls: every element present throughout is returned;
//   - an unsuccessful search stops at the first larger tag.
//
// The tag is 26 bits of the hash below the first tagBase(depth) ones, enough to
// place a slot when its segment is copied; the record itself is only read by the
// caller's comparison. Only when a segment crosses a tag window (15, 23, ... bits
// deep: beyond some 14 million elements) are its records hashed again, through Rehash.
//
// The mark bit is the caller's, as is the segment's deadline: the keyspace marks
// keys with an expiry and keeps a lower bound of their times, so that the
// expiry cycle visits only segments which have something to expire.
//
// An index is not safe for concurrent use.
package index

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"unsafe"

	"spindle/store/arena"
)

const (
	refBits  = 37
	refMask  = 1<<refBits - 1
	markBit  = 1 << refBits
	tagShift = refBits + 1 // 38
	tagBits  = 64 - tagShift

	headerBytes = 16
	slotsMax    = 1024
	depthMax    = 30

	// NoDeadline is the deadline of a segment without marked records.
	NoDeadline = math.MaxInt64
)

// slotSteps are the sizes a segment grows through, in slots without the tail.
// Each is filled to seven eighths before the next one is taken.
var slotSteps = [...]int{8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 640, 768, 896, slotsMax}

// Index maps hashes to arena references. Use New.
type Index struct {
	mem    *arena.Arena
	rehash func(arena.Ref) uint64
	dir    []uint64
	shift  uint // 64 - directory depth
	len    int
	bytes  int64               // of all segments
	depths [depthMax + 1]int32 // segments of each depth

	fetched byte // so that the compiler does not leave fetch out
}

// New returns an empty index whose segments live in mem. rehash must return the
// hash that a record was inserted with; it is called rarely (see the package comment).
func New(mem *arena.Arena, rehash func(arena.Ref) uint64) *Index {
	ix := &Index{mem: mem, rehash: rehash}
	ix.reset()
	return ix
}

func (ix *Index) reset() {
	ix.dir = []uint64{0}
	ix.shift, ix.len, ix.bytes = 64, 0, 0
	ix.depths = [depthMax + 1]int32{1}
}

// Len returns the number of records.
func (ix *Index) Len() int { return ix.len }

// Bytes returns the memory of directory and segments, in bytes.
func (ix *Index) Bytes() int64 { return ix.bytes + int64(cap(ix.dir))*8 }

// A directory word: ref 37 bits | slots 11 bits at 37 | depth 8 bits at 48.
type word uint64

func makeWord(r arena.Ref, slots, depth int) word {
	return word(uint64(r) | uint64(slots)<<refBits | uint64(depth)<<48)
}
func (w word) ref() arena.Ref { return arena.Ref(w & refMask) }
func (w word) slots() int     { return int(w>>refBits) & (1<<11 - 1) }
func (w word) depth() int     { return int(w>>48) & 0xff }

// tagBase is the number of leading hash bits that tags at this depth leave out.
func tagBase(depth int) uint {
	if depth <= 14 {
		return 0
	}
	return uint((depth-15)/8+1) * 8
}

func tagOf(h uint64, depth int) uint64 { return h << tagBase(depth) >> tagShift }

// home is the slot a tag belongs to; it grows with the tag.
func home(tag uint64, w word) int {
	d := w.depth()
	hi, _ := bits.Mul64(tag<<(tagShift+uint(d)-tagBase(d)), uint64(w.slots()))
	return int(hi)
}

// segment is a view of one segment's memory.
type segment struct {
	p unsafe.Pointer
	n int // slots with the tail
}

func (ix *Index) segment(w word) segment {
	r := w.ref()
	if r == 0 {
		return segment{}
	}
	return segment{ix.mem.Ptr(r), (ix.mem.Cap(r) - headerBytes) / 8}
}

func (s segment) slot(i int) *uint64 {
	return (*uint64)(unsafe.Add(s.p, headerBytes+i*8))
}
func (s segment) slots() []uint64  { return unsafe.Slice(s.slot(0), s.n) }
func (s segment) deadline() *int64 { return (*int64)(s.p) }
func (s segment) count() *int32    { return (*int32)(unsafe.Add(s.p, 8)) }

// dirIndex returns the place of h's prefix in the directory.
func (ix *Index) dirIndex(h uint64) int { return int(h >> ix.shift) } // a shift by 64 gives 0

// tailOf is the usual number of slots behind the last home.
func tailOf(slots int) int { return 8 + slots/32 }

// newSegment allocates a cleared segment.
func (ix *Index) newSegment(slots, depth, tail int) (word, segment) {
	r := ix.mem.Alloc(headerBytes + 8*(slots+tail))
	w := makeWord(r, slots, depth)
	s := ix.segment(w)
	clear(s.slots())
	*s.deadline(), *s.count() = NoDeadline, 0
	ix.bytes += int64(ix.mem.Cap(r))
	return w, s
}

func (ix *Index) freeSegment(w word) {
	if w.ref() != 0 {
		ix.bytes -= int64(ix.mem.Cap(w.ref()))
		ix.mem.Free(w.ref())
	}
}

// setWord points all directory entries of the prefix that di lies in at w.
func (ix *Index) setWord(di int, w word) {
	span := 1 << (64 - ix.shift - uint(w.depth()))
	di &^= span - 1
	for i := range span {
		ix.dir[di+i] = uint64(w)
	}
}

// Probe walks the records that may belong to a hash. It is valid until the next Insert,
// Delete or Clear.
type Probe struct {
	at  *uint64
	tag uint64
}

// Probe starts a search for h:
//
//	p := ix.Probe(h)
//	for ; p.Valid(); p.Next() {
//		if equal(p.Ref(), key) { ... }
//	}
func (ix *Index) Probe(h uint64) Probe {
	w := word(ix.dir[h>>(ix.shift&127)])
	r := w.ref()
	if r == 0 {
		return Probe{}
	}
	tag := tagOf(h, w.depth())
	p := Probe{(*uint64)(unsafe.Add(ix.mem.Ptr(r), headerBytes+home(tag, w)*8)), tag}
	near := uintptr(unsafe.Pointer(p.at)) + stride*8
	// The last slot of the tail stays empty, so this needs no bound.
	for v := *p.at; v != 0; v = *p.at {
		if t := v >> tagShift; t >= tag {
			if t == tag {
				return p
			}
			break
		}
		p.at = (*uint64)(unsafe.Add(unsafe.Pointer(p.at), 8))
		if uintptr(unsafe.Pointer(p.at)) == near {
			return ix.far(p, w)
		}
	}
	return Probe{}
}

// far is Probe where the first slots, before p, did not hold as much as the tag.
//
//go:noinline
func (ix *Index) far(p Probe, w word) Probe {
	s := ix.segment(w)
	i := int(uintptr(unsafe.Pointer(p.at))-uintptr(unsafe.Pointer(s.slot(0)))) / 8
	p.at = s.slot(s.seek(i-1, p.tag))
	if *p.at == 0 || *p.at>>tagShift != p.tag {
		return Probe{}
	}
	return p
}

// stride is how many slots are looked at one by one before seek is called.
const stride = 8

// seek returns the first slot behind i that is empty or holds tag or more. Slot i, at or behind the tag's home, holds less.
//
// Where hashes are spread evenly it is near. But who copies one set into another takes the members in the order of their hashes, and
// those inserted so far all share the lower end of the segment: a run of hundreds. A slot in it that holds less has no empty ones between its
// home and itself, and all before it hold less too; so it can be searched by halves.
func (s segment) seek(i int, tag uint64) int {
	below := func(at int) bool { v := *s.slot(at); return v != 0 && v>>tagShift < tag }
	step := stride
	for i+step < s.n && below(i+step) {
		i += step
		step *= 2
	}
	end := min(i+step, s.n-1) // the last slot is empty
	for end-i > 1 {
		if mid := (i + end) / 2; below(mid) {
			i = mid
		} else {
			end = mid
		}
	}
	return end
}

// FetchAll loads the slots and the records that the search for each hash will read, many at a time.
func (ix *Index) FetchAll(hashes []uint64) {
	sum := byte(0)
	for _, h := range hashes {
		w := word(ix.dir[h>>(ix.shift&127)])
		if r := w.ref(); r != 0 {
			sum += *(*byte)(unsafe.Add(ix.mem.Ptr(r), headerBytes+home(tagOf(h, w.depth()), w)*8))
		}
	}
	for _, h := range hashes {
		if p := ix.Probe(h); p.at != nil {
			sum += *(*byte)(ix.mem.Ptr(p.Ref()))
		}
	}
	ix.fetched += sum
}

// Valid reports whether p stands on a candidate.
func (p *Probe) Valid() bool { return p.at != nil }

// Next moves to the next candidate.
func (p *Probe) Next() {
	p.at = (*uint64)(unsafe.Add(unsafe.Pointer(p.at), 8))
	if *p.at>>tagShift != p.tag || *p.at == 0 {
		p.at = nil
	}
}

// Ref returns the candidate's record.
func (p *Probe) Ref() arena.Ref { return arena.Ref(*p.at & refMask) }

// Replace puts r in the place of the candidate's record, which must have the same hash.
func (p *Probe) Replace(r arena.Ref) { *p.at = *p.at&^refMask | uint64(r) }

// Marked returns the candidate's mark.
func (p *Probe) Marked() bool { return *p.at&markBit != 0 }

// Insert adds r under hash h. It does not look for an equal record.
func (ix *Index) Insert(h uint64, r arena.Ref) {
	ix.insert(h, uint64(r))
	ix.len++
}

func (ix *Index) insert(h uint64, v uint64) {
	for {
		di := ix.dirIndex(h)
		w := word(ix.dir[di])
		if w.ref() != 0 {
			s := ix.segment(w)
			if int(*s.count()) < w.slots()-w.slots()/8 && s.insert(w, v&(1<<tagShift-1)|tagOf(h, w.depth())<<tagShift) {
				return
			}
		}
		ix.grow(di)
	}
}

// insert puts v in order. It reports false when the tail is full.
func (s segment) insert(w word, v uint64) bool {
	slots := s.slots()
	tag := v >> tagShift
	i := home(tag, w)
	for n := 0; slots[i] != 0 && slots[i]>>tagShift <= tag; n++ {
		if n == stride {
			i = s.seek(i, tag+1)
			break
		}
		i++
	}
	end := i
	for slots[end] != 0 {
		end++
	}
	if end >= s.n-1 {
		return false
	}
	copy(slots[i+1:end+1], slots[i:end])
	slots[i] = v
	*s.count()++
	return true
}

// grow makes room in the segment at directory place di.
func (ix *Index) grow(di int) {
	w := word(ix.dir[di])
	for _, n := range slotSteps {
		if n > w.slots() {
			if ix.resize(di, n) {
				return
			}
			w = word(ix.dir[di])
		}
	}
	ix.split(di)
}

// resize copies a segment into one of n slots. It reports false if the new tail is too short.
func (ix *Index) resize(di, n int) bool {
	old := word(ix.dir[di])
	w, s := ix.newSegment(n, old.depth(), tailOf(n))
	if old.ref() != 0 {
		from := ix.segment(old)
		*s.deadline() = *from.deadline()
		if !fill(w, s, from.slots()) {
			ix.freeSegment(w)
			return false
		}
	}
	ix.freeSegment(old)
	ix.setWord(di, w)
	return true
}

// fill appends the non-empty slots in from, sorted as they are, to the empty segment s.
func fill(w word, s segment, from []uint64) bool {
	slots := s.slots()
	next, count := 0, int32(0)
	for _, v := range from {
		if v == 0 {
			continue
		}
		i := max(next, home(v>>tagShift, w))
		if i >= s.n-1 {
			return false
		}
		slots[i] = v
		next = i + 1
		count++
	}
	*s.count() = count
	return true
}

// split divides a full segment in two, one bit deeper.
func (ix *Index) split(di int) {
	old := word(ix.dir[di])
	depth := old.depth() + 1
	if depth > depthMax {
		panic("index: more equal hashes than a segment holds")
	}
	if depth > 64-int(ix.shift) {
		ix.deepen()
		di *= 2
	}
	span := 1 << (64 - int(ix.shift) - old.depth())
	di &^= span - 1
	from := ix.segment(old)
	all := ix.retag(old, from, depth)
	// The bit that tells the halves apart, as it stands in a slot's tag.
	bit := uint64(1) << (63 - (uint(depth) - 1 - tagBase(depth)))
	cut := 0
	for cut < len(all) && (all[cut] == 0 || all[cut]&bit == 0) {
		cut++
	}
	ix.depths[old.depth()]--
	ix.depths[depth] += 2
	for i, half := range [2][]uint64{all[:cut], all[cut:]} {
		w := ix.build(half, depth)
		*ix.segment(w).deadline() = *from.deadline()
		ix.setWord(di+i*span/2, w)
	}
	ix.freeSegment(old)
}

// build makes a segment of the given depth that holds the non-empty slots in from.
func (ix *Index) build(from []uint64, depth int) word {
	n := 0
	for _, v := range from {
		if v != 0 {
			n++
		}
	}
	for _, slots := range slotSteps {
		if n > slots-slots/8 {
			continue
		}
		w, s := ix.newSegment(slots, depth, tailOf(slots))
		if fill(w, s, from) {
			return w
		}
		ix.freeSegment(w)
	}
	// An uneven spread: a tail for everything always suffices.
	w, s := ix.newSegment(slotsMax, depth, n+1)
	fill(w, s, from)
	return w
}

// retag returns the slots of segment w with tags as they have to be at depth.
func (ix *Index) retag(w word, s segment, depth int) []uint64 {
	if tagBase(depth) == tagBase(w.depth()) {
		return s.slots()
	}
	ix.fetch(s)
	out := make([]uint64, 0, s.n)
	for _, v := range s.slots() {
		if v != 0 {
			h := ix.rehash(arena.Ref(v & refMask))
			out = append(out, v&(1<<tagShift-1)|tagOf(h, depth)<<tagShift)
		}
	}
	// Old tags order by their bits only; the new window has more of them.
	sortSlots(out)
	return out
}

// fetch begins to load the records of a segment: each is a cache miss, and a processor can wait for ten of them at once.
func (ix *Index) fetch(s segment) {
	for _, v := range s.slots() {
		if v != 0 {
			ix.fetched += *(*byte)(ix.mem.Ptr(arena.Ref(v & refMask)))
		}
	}
}

// deepen doubles the directory.
func (ix *Index) deepen() {
	dir := make([]uint64, 2*len(ix.dir))
	for i, w := range ix.dir {
		dir[2*i], dir[2*i+1] = w, w
	}
	ix.dir = dir
	ix.shift--
}

// Delete removes the candidate at p, found under hash h, and invalidates p.
func (ix *Index) Delete(h uint64, p Probe) {
	di := ix.dirIndex(h)
	w := word(ix.dir[di])
	s := ix.segment(w)
	slots := s.slots()
	i := int(uintptr(unsafe.Pointer(p.at))-uintptr(s.p)-headerBytes) / 8
	// Shift back what stands behind, up to a slot that is at home.
	for slots[i+1] != 0 && home(slots[i+1]>>tagShift, w) <= i {
		slots[i] = slots[i+1]
		i++
	}
	slots[i] = 0
	*s.count()--
	ix.len--
	if int(*s.count()) < w.slots()/4 {
		ix.shrink(di)
	}
}

// shrink reduces the segment at di: it merges with its buddy as long as both are small, or else gets fewer slots.
func (ix *Index) shrink(di int) {
	merged := false
	for ix.mergeSmall(&di) {
		merged = true
	}
	w := word(ix.dir[di])
	n := ix.count(w)
	if w.depth() == 0 && n == 0 {
		ix.freeSegment(w)
		ix.dir[0] = 0
	}
	if merged || n == 0 && w.depth() == 0 {
		return
	}
	// To about half full, so that a few inserts do not grow it again at once.
	for _, slots := range slotSteps {
		if slots >= 2*n && slots < w.slots() {
			ix.resize(di, slots)
			return
		}
	}
}

// mergeSmall merges the segment at di with its buddy if together they fill at most half a segment. It moves
// di to the place of the result.
func (ix *Index) mergeSmall(di *int) bool {
	w := word(ix.dir[*di])
	if w.depth() == 0 {
		return false
	}
	span := 1 << (64 - int(ix.shift) - w.depth())
	left := *di &^ (2*span - 1)
	a, b := word(ix.dir[left]), word(ix.dir[left+span])
	if a.depth() != b.depth() || ix.count(a)+ix.count(b) > slotsMax/2 {
		return false
	}
	before := len(ix.dir)
	ix.merge(left, a, b)
	*di = left / (before / len(ix.dir)) // the directory may be shorter now
	return true
}

func (ix *Index) count(w word) int {
	if w.ref() == 0 {
		return 0
	}
	return int(*ix.segment(w).count())
}

// merge joins two buddies, whose first directory place is left, one bit shallower.
func (ix *Index) merge(left int, a, b word) {
	depth := a.depth() - 1
	sa, sb := ix.segment(a), ix.segment(b)
	all := make([]uint64, 0, sa.n+sb.n)
	all = append(all, ix.retag(a, sa, depth)...)
	all = append(all, ix.retag(b, sb, depth)...)
	w := ix.build(all, depth)
	*ix.segment(w).deadline() = min(*sa.deadline(), *sb.deadline())
	ix.freeSegment(a)
	ix.freeSegment(b)
	ix.depths[depth+1] -= 2
	ix.depths[depth]++
	ix.setWord(left, w)
	if top := 64 - int(ix.shift); top == depth+1 && ix.depths[top] == 0 {
		ix.flatten()
	}
}

// flatten halves the directory as often as no segment needs its depth.
func (ix *Index) flatten() {
	top := 64 - int(ix.shift)
	d := top
	for d > 0 && ix.depths[d] == 0 {
		d--
	}
	dir := make([]uint64, 1<<d)
	for i := range dir {
		dir[i] = ix.dir[i<<(top-d)]
	}
	ix.dir = dir
	ix.shift = uint(64 - d)
}

// Clone returns an index of the same layout, with marks and deadlines, in which dup(r) stands for record r. rehash is New's.
func (ix *Index) Clone(rehash func(arena.Ref) uint64, dup func(arena.Ref) arena.Ref) *Index {
	to := New(ix.mem, rehash)
	to.dir = make([]uint64, len(ix.dir))
	to.shift, to.len, to.depths = ix.shift, ix.len, ix.depths
	copy(to.dir, ix.dir) // the words of no segment
	ix.eachSegment(func(di int, w word) bool {
		from := ix.segment(w)
		ix.fetch(from)
		copied, s := to.newSegment(w.slots(), w.depth(), from.n-w.slots())
		for i, v := range from.slots() {
			if v != 0 {
				*s.slot(i) = v&^refMask | uint64(dup(arena.Ref(v&refMask)))
			}
		}
		*s.deadline(), *s.count() = *from.deadline(), *from.count()
		to.setWord(di, copied)
		return true
	})
	return to
}

// Clear frees all segments, not the records.
func (ix *Index) Clear() {
	ix.eachSegment(func(_ int, w word) bool { ix.freeSegment(w); return true })
	ix.reset()
}

// Drain takes about steps records out, a segment at a time and in order, hands each to f and frees
// the segments. It returns how many it took; fewer than steps means that the index is empty. Between calls only Drain and
// Len may be used.
func (ix *Index) Drain(steps int, f func(arena.Ref)) int {
	taken := 0
	ix.eachSegment(func(di int, w word) bool {
		if taken >= steps {
			return false
		}
		for _, v := range ix.segment(w).slots() {
			if v != 0 {
				f(arena.Ref(v & refMask))
				taken++
			}
		}
		ix.freeSegment(w)
		ix.setWord(di, makeWord(0, 0, w.depth()))
		return true
	})
	if ix.len -= taken; taken < steps {
		ix.reset()
	}
	return taken
}

// eachSegment calls f once per segment, with its first directory place.
func (ix *Index) eachSegment(f func(di int, w word) bool) {
	for di := 0; di < len(ix.dir); {
		w := word(ix.dir[di])
		if w.ref() != 0 && !f(di, w) {
			return
		}
		di += 1 << (64 - int(ix.shift) - w.depth())
	}
}

// CursorBits is the width of scan cursors. They fit a float64, for clients that read numbers as such.
const CursorBits = 52

// Scan calls f for at least count records (fewer at the end of the table) from cursor on and
// returns the cursor to go on with, 0 at the end. A record present from a scan's
// first call to its last is returned at least once, whatever happens in between;
// when the table shrinks meanwhile some may be returned twice.
// f must not insert or delete.
func (ix *Index) Scan(cursor uint64, count int, f func(arena.Ref)) uint64 {
	at := cursor << (64 - CursorBits)
	for {
		di := ix.dirIndex(at)
		w := word(ix.dir[di])
		width := uint(64 - w.depth()) // of the segment's part of hash space
		if w.ref() != 0 {
			base := tagBase(w.depth())
			slots := ix.segment(w).slots()
			from := tagOf(at, w.depth())
			last := uint64(0)
			for i := home(from, w); i < len(slots); i++ {
				v := slots[i]
				if v == 0 || v>>tagShift < from {
					continue
				}
				if tag := v >> tagShift; count <= 0 && tag != last {
					// Stop between two tags: the next cursor is the second one's place in hash space.
					prefix := at &^ (1<<(64-base) - 1)
					return (prefix | tag<<(tagShift-base)) >> (64 - CursorBits)
				} else {
					last = tag
				}
				f(arena.Ref(v & refMask))
				count--
			}
		}
		if width >= 64 {
			return 0
		}
		at = (at>>width + 1) << width
		if at == 0 {
			return 0
		}
		if count <= 0 {
			return at >> (64 - CursorBits)
		}
	}
}

// Random returns a record chosen with about equal probability, 0 when the index is empty.
func (ix *Index) Random(rng *rand.Rand) arena.Ref {
	return arena.Ref(ix.random(rng, 0) & refMask)
}

// RandomMarked is Random over the marked records. It gives up after a bounded number of segments
// without one and returns 0 then.
func (ix *Index) RandomMarked(rng *rand.Rand) arena.Ref {
	return arena.Ref(ix.random(rng, markBit) & refMask)
}

func (ix *Index) random(rng *rand.Rand, mark uint64) uint64 {
	if ix.len == 0 {
		return 0
	}
	di := ix.dirIndex(rng.Uint64())
	for tries := 0; tries < len(ix.dir)+64; tries++ {
		w := word(ix.dir[di])
		if s := ix.segment(w); s.p != nil && *s.count() > 0 && (mark == 0 || *s.deadline() != NoDeadline) {
			if v := s.random(rng, mark); v != 0 {
				return v
			}
		}
		if tries < 64 {
			di = ix.dirIndex(rng.Uint64())
		} else if di++; di == len(ix.dir) {
			di = 0
		}
	}
	return 0
}

// random picks a slot of s: by chance while that is likely to hit, then by a walk from a random place.
func (s segment) random(rng *rand.Rand, mark uint64) uint64 {
	slots := s.slots()
	for range 64 {
		if v := slots[rng.IntN(len(slots))]; v != 0 && v&mark == mark {
			return v
		}
	}
	start := rng.IntN(len(slots))
	for i := range slots {
		if v := slots[(start+i)%len(slots)]; v != 0 && v&mark == mark {
			return v
		}
	}
	return 0
}

// Mark sets the mark of the candidate at p, found under h, and lowers its segment's deadline to at most at.
func (ix *Index) Mark(h uint64, p Probe, at int64) {
	*p.at |= markBit
	s := ix.segment(word(ix.dir[ix.dirIndex(h)]))
	*s.deadline() = min(*s.deadline(), at)
}

// Unmark clears the mark at p.
func (p *Probe) Unmark() { *p.at &^= markBit }

// Due looks from directory place di on for a segment whose deadline has come, in at most steps segments.
// It calls visit for each of its marked records, which returns the record's own deadline, and appends the records
// whose time is at or before now to due. The segment's deadline becomes the smallest of the others'. next is the
// place to go on from, 0 after a full round.
func (ix *Index) Due(di, steps int, now int64, visit func(arena.Ref) int64, due []arena.Ref) (next int, found []arena.Ref) {
	if di >= len(ix.dir) {
		di = 0
	}
	for ; steps > 0 && di < len(ix.dir); steps-- {
		w := word(ix.dir[di])
		di = di&^(1<<(64-int(ix.shift)-w.depth())-1) + 1<<(64-int(ix.shift)-w.depth())
		if w.ref() == 0 {
			continue
		}
		s := ix.segment(w)
		if *s.deadline() > now {
			continue
		}
		earliest := int64(NoDeadline)
		for _, v := range s.slots() {
			if v&markBit == 0 {
				continue
			}
			if t := visit(arena.Ref(v & refMask)); t <= now {
				due = append(due, arena.Ref(v&refMask))
			} else {
				earliest = min(earliest, t)
			}
		}
		*s.deadline() = earliest
		if len(due) > 0 {
			break
		}
	}
	if di >= len(ix.dir) {
		di = 0
	}
	return di, due
}

// Deadline returns a lower bound of the marked records' times, NoDeadline if there is none. It looks at every segment.
func (ix *Index) Deadline() int64 {
	earliest := int64(NoDeadline)
	ix.eachSegment(func(_ int, w word) bool {
		earliest = min(earliest, *ix.segment(w).deadline())
		return true
	})
	return earliest
}

// Stats describes the table for DEBUG HTSTATS.
type Stats struct {
	Segments, Slots, Records, Directory, Depth int
}

// Stats walks the directory.
func (ix *Index) Stats() Stats {
	st := Stats{Records: ix.len, Directory: len(ix.dir), Depth: 64 - int(ix.shift)}
	ix.eachSegment(func(_ int, w word) bool {
		st.Segments++
		st.Slots += w.slots()
		return true
	})
	return st
}
