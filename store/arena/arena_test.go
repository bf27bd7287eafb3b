package arena

import (
	"encoding/binary"
	"flag"
	"math/rand"
	"testing"
	"time"
)

var seedFlag = flag.Int64("seed", 0, "seed of the random tests; 0 takes the time")

func newRand(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = time.Now().UnixNano()
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewSource(seed))
}

func newArena(t testing.TB) *Arena {
	a := New(Options{})
	t.Cleanup(a.Close)
	return a
}

func check(t testing.TB, a *Arena) {
	t.Helper()
	if err := a.CheckInvariants(); err != nil {
		t.Fatal(err)
	}
}

// model is the naive view of an arena: what each live slot must contain.
type model struct {
	t    testing.TB
	a    *Arena
	rng  *rand.Rand
	refs []Ref
	lens []int
	keys []uint64
	used int64
}

func (m *model) alloc(n int) {
	r := m.a.Alloc(n)
	if r == 0 || r >= 1<<RefBits || m.a.Cap(r) < n {
		m.t.Fatalf("Alloc(%d) = %#x with %d bytes", n, r, m.a.Cap(r))
	}
	key := m.rng.Uint64()
	paint(m.a.Bytes(r, m.a.Cap(r)), key)
	m.refs, m.lens, m.keys = append(m.refs, r), append(m.lens, n), append(m.keys, key)
	m.used += int64(m.a.Cap(r))
}

func (m *model) verify(i int) {
	if !painted(m.a.Bytes(m.refs[i], m.a.Cap(m.refs[i])), m.keys[i]) {
		m.t.Fatalf("slot %#x of %d bytes changed", m.refs[i], m.lens[i])
	}
}

func (m *model) free(i int) {
	m.verify(i)
	m.used -= int64(m.a.Cap(m.refs[i]))
	m.a.Free(m.refs[i])
	last := len(m.refs) - 1
	m.refs[i], m.lens[i], m.keys[i] = m.refs[last], m.lens[last], m.keys[last]
	m.refs, m.lens, m.keys = m.refs[:last], m.lens[:last], m.keys[:last]
}

// move does what an owner does for a sparse slot.
func (m *model) move(i int) {
	old, n := m.refs[i], m.a.Cap(m.refs[i])
	r := m.a.Alloc(m.lens[i])
	copy(m.a.Bytes(r, n), m.a.Bytes(old, n))
	m.a.Free(old)
	m.refs[i] = r
}

// defrag runs one whole pass over all slots and returns how many moved.
func (m *model) defrag() (moved int) {
	m.a.BeginDefrag()
	for i := range m.refs {
		if m.a.Sparse(m.refs[i]) {
			m.move(i)
			moved++
		}
	}
	m.a.EndDefrag()
	return moved
}

func (m *model) verifyAll() {
	m.t.Helper()
	for i := range m.refs {
		m.verify(i)
	}
	if m.a.Used() != m.used {
		m.t.Fatalf("Used() = %d, want %d", m.a.Used(), m.used)
	}
	check(m.t, m.a)
}

func paint(b []byte, key uint64) {
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, key)
		b, key = b[8:], key*0x9E3779B97F4A7C15+1
	}
}

func painted(b []byte, key uint64) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != key {
			return false
		}
		b, key = b[8:], key*0x9E3779B97F4A7C15+1
	}
	return true
}

func trimAll(a *Arena) {
	a.Trim(1 << 40)
}

func TestClasses(t *testing.T) {
	for n := 1; n <= maxSmall; n++ {
		c := classOf(n)
		size := int(classSizes[c])
		if size < n || size%8 != 0 || c > 0 && int(classSizes[c-1]) >= n {
			t.Fatalf("%d bytes go to class %d of %d", n, c, size)
		}
		if n > 128 && float64(size-n)/float64(n) > 0.125 {
			t.Fatalf("%d bytes waste too much of %d", n, size)
		}
		if n > 128 && n <= fineMax && float64(size-n)/float64(n) > 0.0625 {
			t.Fatalf("%d bytes waste too much of %d", n, size)
		}
	}
	for i, size := range classSizes {
		bytes := int(classPages[i]) << pageShift
		if slots := bytes / int(size); float64(bytes-slots*int(size)) > 0.03*float64(bytes) || slots < 8 {
			t.Errorf("class %d: %d slots in %d bytes", size, slots, bytes)
		}
	}
}

func TestRandomAgainstModel(t *testing.T) {
	rng := newRand(t)
	m := &model{t: t, a: newArena(t), rng: rng}
	sizes := []func() int{
		func() int { return 1 + rng.Intn(128) },
		func() int { return 1 + rng.Intn(2000) },
		func() int { return 1 + rng.Intn(40<<10) },
		func() int { return 30<<10 + rng.Intn(600<<10) },
	}
	for round := range 60 {
		size := sizes[round%len(sizes)]
		grow := rng.Intn(100)
		steps := []int{8000, 3000, 400, 60}[round%len(sizes)]
		for range rng.Intn(steps) {
			if rng.Intn(100) < grow {
				m.alloc(size())
			} else if len(m.refs) > 0 {
				m.free(rng.Intn(len(m.refs)))
			}
		}
		switch rng.Intn(4) {
		case 0:
			m.defrag()
		case 1:
			m.a.Trim(int64(rng.Intn(8 << 20)))
		case 2:
			m.a.BeginDefrag() // goes on through the next round
		}
		m.verifyAll()
	}
	for len(m.refs) > 0 {
		m.free(rng.Intn(len(m.refs)))
	}
	m.a.EndDefrag()
	trimAll(m.a)
	m.verifyAll()
	if got := m.a.Committed(); got > slackMin {
		t.Fatalf("empty arena holds %d bytes", got)
	}
}

func TestEverySizeIsUsable(t *testing.T) {
	m := &model{t: t, a: newArena(t), rng: newRand(t)}
	for n := 1; n < 70<<10; n += 1 + n/64 {
		m.alloc(n)
	}
	m.verifyAll()
}

func TestPutsNewAndOldInOnePlace(t *testing.T) {
	a := newArena(t)
	r := a.Alloc(100)
	a.Free(r)
	if got := a.Alloc(97); got != r {
		t.Fatalf("freed slot %#x is not used again, got %#x", r, got)
	}
}

func TestFits(t *testing.T) {
	a := newArena(t)
	r := a.Alloc(1000)
	f := func(n int, want bool) {
		t.Helper()
		if got := a.Fits(r, n); got != want {
			t.Fatalf("Fits(%d bytes, %d) = %v", a.Cap(r), n, got)
		}
	}
	f(a.Cap(r)+1, false)
	f(a.Cap(r), true)
	f(600, true)
	f(500, false)
	f(0, false)
	r = a.Alloc(8)
	f(1, true)
}

func TestLargeRunsJoin(t *testing.T) {
	a := newArena(t)
	const n = 3 << 20
	var refs []Ref
	for range 40 {
		refs = append(refs, a.Alloc(n))
	}
	a.Alloc(40 << 10) // keeps the frontier away
	mapped := a.Stats().Mapped
	for i := range refs { // odd ones first, so that joining has two sides
		a.Free(refs[(i*2+1)%41%40])
		if i == 20 {
			check(t, a)
		}
	}
	check(t, a)
	big := a.Alloc(40 * n)
	if got := a.Stats().Mapped; got != mapped {
		t.Fatalf("range grew from %d to %d though %d bytes were free side by side", mapped, got, 40*n)
	}
	if a.Cap(big) != 40*n {
		t.Fatalf("Cap = %d", a.Cap(big))
	}
	check(t, a)
}

// TestSpansBecomeLargeRuns frees small slots and wants their pages back as one
// large value, and the other way round.
func TestSpansBecomeLargeRuns(t *testing.T) {
	a := newArena(t)
	for range 3 {
		var refs []Ref
		for range 100_000 {
			refs = append(refs, a.Alloc(64))
		}
		for _, r := range refs {
			a.Free(r)
		}
		a.Free(a.Alloc(6 << 20))
		check(t, a)
	}
	if got := a.Stats().Mapped; got > growStep {
		t.Fatalf("range grew to %d", got)
	}
}

func TestHugeRunGoesBack(t *testing.T) {
	a := newArena(t)
	keep := a.Alloc(600 << 20) // its twentieth, the slack, is 30 MB
	r := a.Alloc(100 << 20)
	before := a.Committed()
	a.Free(r)
	if a.Committed() != before {
		t.Fatal("freeing gave memory back before Trim")
	}
	if n, more := a.Trim(16 << 20); n != 16<<20 || !more {
		t.Fatalf("Trim(16 MB) released %d, more %v", n, more)
	}
	trimAll(a)
	if got := before - a.Committed(); got < 70<<20 {
		t.Fatalf("only %d of 100 MB went back", got)
	}
	check(t, a)
	a.Free(keep)
	trimAll(a)
	if got := a.Committed(); got > slackMin {
		t.Fatalf("%d bytes are still held", got)
	}
	check(t, a)
}

// A caller that trims in slices must not stop early at runs that are short.
func TestPurgeInSlices(t *testing.T) {
	a := newArena(t)
	var refs []Ref
	for range 2000 {
		refs = append(refs, a.Alloc(40<<10))
	}
	for i := 0; i < len(refs); i += 2 {
		a.Free(refs[i])
	}
	before, released := a.Committed(), int64(0)
	for more := true; more; {
		var n int64
		n, more = a.Purge(256 << 10)
		released += n
		if n > 256<<10 {
			t.Fatalf("a slice of %d bytes", n)
		}
		check(t, a)
	}
	if released != 1000*40<<10 || before-a.Committed() != released {
		t.Fatalf("%d bytes went, Committed fell by %d", released, before-a.Committed())
	}
}

func TestArenasAreIndependent(t *testing.T) {
	rng := newRand(t)
	var ms []*model
	for range 4 {
		ms = append(ms, &model{t: t, a: New(Options{Reserve: 1 << 30}), rng: rng})
	}
	for range 20_000 {
		m := ms[rng.Intn(len(ms))]
		if rng.Intn(3) > 0 || len(m.refs) == 0 {
			m.alloc(1 + rng.Intn(300))
		} else {
			m.free(rng.Intn(len(m.refs)))
		}
	}
	for _, m := range ms {
		m.verifyAll()
		m.a.Close()
	}
}

func TestRangeExhausted(t *testing.T) {
	a := New(Options{Reserve: minReserve})
	defer a.Close()
	a.Alloc(100 << 20)
	defer func() {
		if recover() == nil {
			t.Fatal("no panic when the range is used up")
		}
		check(t, a)
		a.Alloc(100) // it goes on with what it has
	}()
	a.Alloc(200 << 20)
}

func TestBadSizesPanic(t *testing.T) {
	a := newArena(t)
	for _, n := range []int{0, -1, -1 << 63, MaxAlloc + 1, 1<<63 - 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Alloc(%d) did not panic", n)
				}
			}()
			a.Alloc(n)
		}()
	}
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	if invariants {
		t.Skip("the invariants build keeps maps")
	}
	a := newArena(t)
	refs := make([]Ref, 10_000)
	n := testing.AllocsPerRun(20, func() {
		for i := range refs {
			refs[i] = a.Alloc(16 + i%500)
		}
		for _, r := range refs {
			a.Free(r)
		}
		a.Free(a.Alloc(1 << 20))
		a.BeginDefrag()
		a.EndDefrag()
		a.Trim(1 << 20)
	})
	if n != 0 {
		t.Fatalf("%v Go allocations", n)
	}
}

func TestStats(t *testing.T) {
	a := newArena(t)
	for range 2000 {
		a.Alloc(60)
	}
	a.Alloc(1 << 20)
	a.Free(a.Alloc(1 << 20))
	s := a.Stats()
	if s.Used != 2000*64+1<<20 || s.Used != a.Used() || s.Committed != a.Committed() {
		t.Fatalf("%+v", s)
	}
	if len(s.Classes) != 1 || s.Classes[0] != (ClassStats{Size: 64, SpanBytes: 64 << 10, Spans: 2, Slots: 2048, Live: 2000}) {
		t.Fatalf("%+v", s.Classes)
	}
	if s.LargeRuns != 1 || s.Large != 1<<20 || s.Free != 1<<20 || s.Fragmentation() < 1.8 || s.Fragmentation() > 2 {
		t.Fatalf("%+v %v", s, s.Fragmentation())
	}
}
