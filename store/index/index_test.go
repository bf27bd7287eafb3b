package index

import (
	"cmp"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"spindle/store/arena"
)

// world is an index over eight-byte records that hold their own key, beside the model.
type world struct {
	t    *testing.T
	mem  *arena.Arena
	ix   *Index
	mask uint64 // of hashes, to force collisions
	refs map[uint64]arena.Ref
}

func newWorld(t *testing.T, mask uint64) *world {
	w := &world{t: t, mem: arena.New(arena.Options{}), mask: mask, refs: map[uint64]arena.Ref{}}
	t.Cleanup(w.mem.Close)
	w.ix = New(w.mem, func(r arena.Ref) uint64 { return w.hash(w.key(r)) })
	return w
}

func (w *world) key(r arena.Ref) uint64 { return binary.LittleEndian.Uint64(w.mem.Bytes(r, 8)) }

func (w *world) hash(key uint64) uint64 {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], key)
	return Hash(7, b[:]) & w.mask
}

func (w *world) find(key uint64) (Probe, bool) {
	for p := w.ix.Probe(w.hash(key)); p.Valid(); p.Next() {
		if w.key(p.Ref()) == key {
			return p, true
		}
	}
	return Probe{}, false
}

// fetch fetches random keys, present and missing.
func (w *world) fetch(rng *rand.Rand) {
	var hashes [7]uint64
	for i := range hashes {
		hashes[i] = w.hash(rng.Uint64N(4096))
	}
	w.ix.FetchAll(hashes[:])
}

func (w *world) add(key uint64) {
	if _, ok := w.find(key); ok {
		return
	}
	r := w.mem.Alloc(8)
	binary.LittleEndian.PutUint64(w.mem.Bytes(r, 8), key)
	w.ix.Insert(w.hash(key), r)
	w.refs[key] = r
}

func (w *world) del(key uint64) {
	p, ok := w.find(key)
	if _, want := w.refs[key]; ok != want {
		w.t.Fatalf("key %d: found %v, want %v", key, ok, want)
	}
	if ok {
		w.mem.Free(p.Ref())
		w.ix.Delete(w.hash(key), p)
		delete(w.refs, key)
	}
}

// check verifies order, homes, counts and the directory.
func (w *world) check() {
	w.t.Helper()
	total, depths := 0, [depthMax + 1]int32{}
	w.ix.eachSegment(func(di int, wd word) bool {
		span := 1 << (64 - int(w.ix.shift) - wd.depth())
		if di%span != 0 {
			w.t.Fatalf("segment at %d does not begin its span of %d", di, span)
		}
		for i := range span {
			if word(w.ix.dir[di+i]) != wd {
				w.t.Fatalf("directory entry %d differs from its segment's", di+i)
			}
		}
		depths[wd.depth()]++
		s := w.ix.segment(wd)
		n, last := 0, uint64(0)
		slots := s.slots()
		for i, v := range slots {
			if v == 0 {
				continue
			}
			n++
			tag := v >> tagShift
			if tag < last {
				w.t.Fatalf("tags out of order")
			}
			last = tag
			for j := home(tag, wd); j < i; j++ {
				if slots[j] == 0 {
					w.t.Fatalf("a hole between a record and its home")
				}
			}
			h := w.hash(w.key(arena.Ref(v & refMask)))
			if tagOf(h, wd.depth()) != tag || w.ix.dirIndex(h)&^(span-1) != di {
				w.t.Fatalf("a record in the wrong place")
			}
		}
		if n != int(*s.count()) || slots[len(slots)-1] != 0 {
			w.t.Fatalf("segment has %d records, says %d", n, *s.count())
		}
		total += n
		return true
	})
	if total != w.ix.Len() || total != len(w.refs) {
		w.t.Fatalf("%d records, Len %d, want %d", total, w.ix.Len(), len(w.refs))
	}
	for d := 1; d <= depthMax; d++ {
		if depths[d] != w.ix.depths[d] {
			w.t.Fatalf("%d segments of depth %d, counted %d", depths[d], d, w.ix.depths[d])
		}
	}
}

func TestRandomOperations(t *testing.T) {
	for _, mask := range []uint64{^uint64(0), 0xffffff0000000000, 0xff000000000000ff} {
		seed := uint64(time.Now().UnixNano())
		rng := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t, mask)
		keys := uint64(200_000)
		if mask != ^uint64(0) {
			keys = 3000
		}
		for phase := range 6 {
			for range keys {
				k := rng.Uint64N(keys)
				if rng.IntN(10) < 8 == (phase%2 == 0) {
					w.add(k)
				} else {
					w.del(k)
				}
				if k%64 == 0 {
					w.fetch(rng)
				}
			}
			w.check()
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		for k := range w.refs {
			w.del(k)
		}
		w.fetch(rng)
		w.check()
		if n := w.mem.Used(); n != 0 {
			t.Fatalf("%d bytes left after deleting everything, seed %d", n, seed)
		}
	}
}

// Who copies a table takes records in the order of their hashes: what is there then fills the lower end of its segment without a gap.
func TestInsertInOrder(t *testing.T) {
	for _, mask := range []uint64{^uint64(0), 0xffffff0000000000, 0xff000000000000ff} {
		w := newWorld(t, mask)
		keys := make([]uint64, 4000)
		for i := range keys {
			keys[i] = uint64(i)
		}
		slices.SortFunc(keys, func(a, b uint64) int { return cmp.Compare(w.hash(a), w.hash(b)) })
		for i, k := range keys {
			w.add(k)
			for _, j := range [...]int{0, i / 2, i} {
				if _, ok := w.find(keys[j]); !ok {
					t.Fatalf("mask %x: key %d of %d is gone", mask, j, i)
				}
			}
			if i%100 == 0 {
				w.check()
			}
		}
		w.check()
		for i, k := range keys {
			w.del(k)
			if i%100 == 0 {
				w.check()
			}
		}
	}
}

// A scan returns every record that is there from its start to its end, while others come and go.
func TestScanUnderGrowthAndShrinkage(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t, ^uint64(0))
	const kept = 5000
	for k := range uint64(kept) {
		w.add(k)
	}
	for round := range 20 {
		seen := map[uint64]bool{}
		cursor, calls := uint64(0), 0
		for {
			cursor = w.ix.Scan(cursor, 1+rng.IntN(20), func(r arena.Ref) { seen[w.key(r)] = true })
			if cursor == 0 {
				break
			}
			if calls++; calls > 100_000 {
				t.Fatal("the scan does not end")
			}
			for range 200 {
				k := kept + rng.Uint64N(100_000)
				if round%2 == 0 {
					w.add(k)
				} else {
					w.del(k)
				}
			}
		}
		for k := range uint64(kept) {
			if !seen[k] {
				t.Fatalf("round %d: key %d was not returned, seed %d", round, k, seed)
			}
		}
	}
}

// Crossing a tag window needs some 15 million records with honest hashes; narrow hashes get there sooner.
func TestTagWindows(t *testing.T) {
	w := newWorld(t, ^uint64(0))
	w.ix.rehash = func(r arena.Ref) uint64 { return narrow(w.key(r)) }
	refs := map[uint64]arena.Ref{}
	for k := range uint64(40_000) {
		r := w.mem.Alloc(8)
		binary.LittleEndian.PutUint64(w.mem.Bytes(r, 8), k)
		w.ix.Insert(narrow(k), r)
		refs[k] = r
	}
	if d := 64 - int(w.ix.shift); d < 16 {
		t.Fatalf("depth %d: the test does not reach the second window", d)
	}
	find := func(k uint64) (Probe, bool) {
		for p := w.ix.Probe(narrow(k)); p.Valid(); p.Next() {
			if w.key(p.Ref()) == k {
				return p, true
			}
		}
		return Probe{}, false
	}
	seen := 0
	for c := uint64(0); ; {
		if c = w.ix.Scan(c, 10, func(arena.Ref) { seen++ }); c == 0 {
			break
		}
	}
	if seen != len(refs) {
		t.Fatalf("the scan returned %d of %d", seen, len(refs))
	}
	for k := range refs {
		p, ok := find(k)
		if !ok {
			t.Fatalf("key %d is lost", k)
		}
		w.ix.Delete(narrow(k), p)
	}
	if w.ix.Len() != 0 || len(w.ix.dir) != 1 {
		t.Fatalf("%d left, directory of %d", w.ix.Len(), len(w.ix.dir))
	}
}

// narrow puts all keys below the same ten bits.
func narrow(k uint64) uint64 {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], k)
	return 0x5a<<56 | Hash(1, b[:])>>10&^(0xff<<56)
}

func TestDue(t *testing.T) {
	w := newWorld(t, ^uint64(0))
	for k := range uint64(10_000) {
		w.add(k)
		if k%3 == 0 {
			p, _ := w.find(k)
			w.ix.Mark(w.hash(k), p, int64(k))
		}
	}
	at := func(r arena.Ref) int64 { return int64(w.key(r)) }
	got := 0
	for di, first := 0, true; first || di != 0; first = false {
		var due []arena.Ref
		di, due = w.ix.Due(di, 4, 5000, at, nil)
		for _, r := range due {
			k := w.key(r)
			if k%3 != 0 || k > 5000 {
				t.Fatalf("key %d is not due", k)
			}
			w.del(k)
			got++
		}
	}
	if got != 5000/3+1 {
		t.Fatalf("%d were due", got)
	}
	if _, due := w.ix.Due(0, 1<<20, 5000, func(arena.Ref) int64 { t.Fatal("visited again"); return 0 }, nil); due != nil {
		t.Fatal("due twice")
	}
}

func TestProbeDoesNotAllocate(t *testing.T) {
	w := newWorld(t, ^uint64(0))
	for k := range uint64(5000) {
		w.add(k)
	}
	if n := testing.AllocsPerRun(100, func() { w.find(77) }); n != 0 {
		t.Fatalf("a search allocates %v times", n)
	}
}

func BenchmarkFind(b *testing.B) {
	mem := arena.New(arena.Options{})
	defer mem.Close()
	ix := New(mem, nil)
	var key [8]byte
	const n = 1_000_000
	for i := range uint64(n) {
		binary.LittleEndian.PutUint64(key[:], i)
		r := mem.Alloc(8)
		copy(mem.Bytes(r, 8), key[:])
		ix.Insert(Hash(1, key[:]), r)
	}
	b.ReportMetric(float64(ix.Bytes())/n, "B/key")
	i := uint64(0)
	for b.Loop() {
		i = (i*6364136223846793005 + 1) % n
		binary.LittleEndian.PutUint64(key[:], i)
		for p := ix.Probe(Hash(1, key[:])); p.Valid(); p.Next() {
			if string(mem.Bytes(p.Ref(), 8)) == string(key[:]) {
				break
			}
		}
	}
}
