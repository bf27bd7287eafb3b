package zset

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"spindle/store/arena"
	"spindle/store/elements"
	"spindle/store/listpack"
)

type pair struct {
	member string
	score  float64
}

func comparePairs(a, b pair) int {
	if c := cmp.Compare(a.score, b.score); c != 0 && a.score != b.score {
		return c
	}
	return cmp.Compare(a.member, b.member)
}

// subject is a sorted set of either kind under one set of operations.
type subject interface {
	put(member []byte, score float64)
	remove(member []byte)
	removeRange(rank, n int)
	view() View
	check() error
}

type largeSubject struct{ *Set }

func (l largeSubject) put(member []byte, score float64) {
	if e := l.Find(member); e.Exists() {
		l.Update(&e, score)
	} else {
		l.Insert(&e, member, score)
	}
}

func (l largeSubject) remove(member []byte) {
	if e := l.Find(member); e.Exists() {
		l.Remove(&e)
	}
}

func (l largeSubject) removeRange(rank, n int) { l.RemoveRange(rank, n) }
func (l largeSubject) view() View              { return Large(l.Set) }
func (l largeSubject) check() error            { return l.CheckInvariants() }

type packedSubject struct{ lp []byte }

func (p *packedSubject) put(member []byte, score float64) {
	off, _ := FindPacked(p.lp, member)
	if off == listpack.None {
		want := len(p.lp) + EncodedSize(member, score)
		p.lp = InsertPacked(p.lp, member, score)
		if len(p.lp) != want {
			panic(fmt.Sprintf("%q %v: %d bytes, want %d", member, score, len(p.lp), want))
		}
		return
	}
	p.lp = UpdatePacked(p.lp, off, member, score)
}

func (p *packedSubject) remove(member []byte) {
	if off, _ := FindPacked(p.lp, member); off != listpack.None {
		p.lp = RemovePacked(p.lp, off, 1)
	}
}

func (p *packedSubject) removeRange(rank, n int) {
	if off := listpack.Seek(p.lp, 2*rank); off != listpack.None {
		p.lp = RemovePacked(p.lp, off, n)
	}
}

func (p *packedSubject) view() View { return Packed(p.lp) }

func (p *packedSubject) check() error {
	if !listpack.Validate(p.lp, true) || !listpack.Canonical(p.lp) {
		return fmt.Errorf("%q is no listpack in canonical form", p.lp)
	}
	return nil
}

// A world is a set beside its model, which is kept in order.
type world struct {
	*testing.T
	rng   *rand.Rand
	s     subject
	model map[string]float64
	size  int // about how many members there are
	kind  int // of scores: all equal, few, many, any
}

func (w *world) member() []byte {
	i := w.rng.IntN(w.size)
	switch i % 5 {
	case 0:
		return fmt.Appendf(nil, "%d", i)
	case 1:
		return bytes.Repeat(fmt.Appendf(nil, "m%d.", i), 1+i%12)
	}
	return fmt.Appendf(nil, "m%d", i)
}

func (w *world) score() float64 {
	switch w.kind {
	case 0:
		return 7
	case 1:
		return float64(w.rng.IntN(5) - 2)
	case 2:
		return float64(w.rng.IntN(1 << 30))
	}
	odd := []float64{math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 1e300, -1e-300, 1 << 62, -1 << 62, 1<<62 + 1024, 0.1}
	if i := w.rng.IntN(30); i < len(odd) {
		return odd[i]
	}
	return w.rng.NormFloat64()
}

func (w *world) sorted() []pair {
	list := make([]pair, 0, len(w.model))
	for m, s := range w.model {
		list = append(list, pair{m, s})
	}
	slices.SortFunc(list, comparePairs)
	return list
}

func (w *world) step() {
	switch op := w.rng.IntN(100); {
	case op < 60:
		m, s := w.member(), w.score()
		w.s.put(m, s)
		w.model[string(m)] = s
	case op < 97:
		m := w.member()
		w.s.remove(m)
		delete(w.model, string(m))
	case len(w.model) > 0:
		rank := w.rng.IntN(len(w.model))
		n := 1 + w.rng.IntN(1+len(w.model)/10)
		list := w.sorted()
		for _, p := range list[rank:min(len(list), rank+n)] {
			delete(w.model, p.member)
		}
		w.s.removeRange(rank, n)
	}
}

// compare checks everything that can be asked.
func (w *world) compare() {
	w.Helper()
	if err := w.s.check(); err != nil {
		w.Fatal(err)
	}
	v, list := w.s.view(), w.sorted()
	if v.Len() != len(list) {
		w.Fatalf("%d elements, want %d", v.Len(), len(list))
	}
	w.compareOrder(&v, list)
	for range 10 {
		w.compareMember(&v, list)
		w.compareRange(&v, list)
	}
}

func (w *world) compareOrder(v *View, list []pair) {
	w.Helper()
	i := 0
	for it := v.Ascend(0); it.Next(); i++ {
		if got := (pair{string(it.Member()), it.Score()}); got != list[i] {
			w.Fatalf("rank %d: %v, want %v", i, got, list[i])
		}
	}
	if i != len(list) {
		w.Fatalf("ascending %d of %d", i, len(list))
	}
	for it := v.Descend(len(list) - 1); it.Next(); {
		if i--; i < 0 || string(it.Member()) != list[i].member || it.Score() != list[i].score {
			w.Fatalf("descending at %d: %q %v", i, it.Member(), it.Score())
		}
	}
	if i != 0 {
		w.Fatalf("descending ends at %d", i)
	}
	if len(list) > 0 {
		at := w.rng.IntN(len(list))
		if it := v.Ascend(at); !it.Next() || string(it.Member()) != list[at].member {
			w.Fatalf("rank %d: %q, want %q", at, it.Member(), list[at].member)
		}
	}
}

func (w *world) compareMember(v *View, list []pair) {
	w.Helper()
	m := w.member()
	want, exists := w.model[string(m)]
	if got, ok := v.Score(m); ok != exists || got != want {
		w.Fatalf("score of %q: %v %v, want %v %v", m, got, ok, want, exists)
	}
	rank, score, ok := v.Rank(m)
	if ok != exists || ok && (list[rank].member != string(m) || score != want) {
		w.Fatalf("rank of %q: %d %v", m, rank, ok)
	}
}

// compareRange takes two random bounds.
func (w *world) compareRange(v *View, list []pair) {
	w.Helper()
	byMember := w.kind == 0 && w.rng.IntN(2) == 0
	a, b := Bound{After: w.rng.IntN(2) == 0}, Bound{After: w.rng.IntN(2) == 0}
	if byMember {
		a.By, b.By = ByMember, ByMember
		a.Member, b.Member = w.member(), w.member()
		if w.rng.IntN(9) == 0 {
			b.By = AtEnd
		}
	} else {
		a.Score, b.Score = w.score(), w.score()
	}
	front := func(p pair, b *Bound) bool {
		switch {
		case b.By == AtEnd:
			return true
		case byMember:
			return p.member < string(b.Member) || p.member == string(b.Member) && b.After
		}
		return p.score < b.Score || p.score == b.Score && b.After
	}
	var want []pair
	for _, p := range list {
		if !front(p, &a) && front(p, &b) {
			want = append(want, p)
		}
	}
	rank, n := v.Range(&a, &b, w.rng.IntN(2) == 0)
	if n != len(want) || n > 0 && list[rank] != want[0] {
		w.Fatalf("range %+v %+v: %d from %d, want %d of %v", a, b, n, rank, len(want), list)
	}
}

func newWorld(t *testing.T, kind, size int) *world {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return &world{T: t, rng: rand.New(rand.NewPCG(seed, 0)), model: map[string]float64{}, size: size, kind: kind}
}

func newLarge(t testing.TB) *Set {
	mem := arena.New(arena.Options{})
	t.Cleanup(mem.Close)
	return New(mem, 1)
}

func TestAgainstModel(t *testing.T) {
	for kind := range 4 {
		t.Run(fmt.Sprintf("packed scores %d", kind), func(t *testing.T) {
			w := newWorld(t, kind, 80)
			w.s = &packedSubject{listpack.New(nil)}
			for range 3000 {
				w.step()
				w.compare()
			}
		})
		for _, size := range []int{100, 1000, 20000} {
			t.Run(fmt.Sprintf("large scores %d of %d", kind, size), func(t *testing.T) {
				w := newWorld(t, kind, size)
				set := newLarge(t)
				w.s = largeSubject{set}
				for i := range 40000 {
					w.step()
					if i%(size/2) == 0 {
						w.compare()
					}
				}
				w.compare()
				w.drain(set)
			})
		}
	}
}

// drain pops from both ends until nothing is left.
func (w *world) drain(set *Set) {
	for n := 0; len(w.model) > 0; n++ {
		list := w.sorted()
		k := min(len(list), 1+w.rng.IntN(200))
		from := 0
		if n%2 == 1 {
			from = len(list) - k
		}
		for _, p := range list[from : from+k] {
			delete(w.model, p.member)
		}
		set.RemoveRange(from, k)
		w.compare()
	}
	if got := set.tree.bytes; got != 0 {
		w.Errorf("an empty set has %d bytes of nodes", got)
	}
}

// Elements that come in order leave full leaves.
func TestFillInOrder(t *testing.T) {
	for _, sign := range []float64{1, -1} {
		s := newLarge(t)
		const n = 100_000
		for i := range n {
			m := fmt.Appendf(nil, "m%d", i)
			e := s.Find(m)
			s.Insert(&e, m, sign*float64(i))
		}
		if err := s.CheckInvariants(); err != nil {
			t.Fatal(err)
		}
		if per := float64(s.tree.bytes) / n; per > 18 {
			t.Errorf("sign %v: %.1f bytes of tree per element", sign, per)
		}
	}
}

func TestCopyAndFree(t *testing.T) {
	for _, n := range []int{0, 1, 62, 63, 5000, 300_000} {
		s := newLarge(t)
		fill(s, n)
		before := s.tree.mem.Used()
		c := s.Copy().(*Set)
		if err := c.CheckInvariants(); err != nil {
			t.Fatalf("copy of %d: %v", n, err)
		}
		a, b := Large(s), Large(c)
		for x, y := a.Ascend(0), b.Ascend(0); x.Next(); {
			if !y.Next() || !bytes.Equal(x.Member(), y.Member()) || x.Score() != y.Score() {
				t.Fatalf("copy of %d: %q %v, want %q %v", n, y.Member(), y.Score(), x.Member(), x.Score())
			}
		}
		for c.Free(100) >= 100 {
		}
		if got := s.tree.mem.Used(); got != before {
			t.Errorf("%d elements: %d bytes left of a freed copy", n, got-before)
		}
		if err := s.CheckInvariants(); err != nil {
			t.Fatal(err)
		}
	}
}

func fill(s *Set, n int) {
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		m := fmt.Appendf(nil, "member:%d", i)
		e := s.Find(m)
		s.Insert(&e, m, float64(rng.IntN(1+n/3)))
	}
}

func TestBuilder(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, n := range []int{0, 1, 100, 70_000} {
		s := newLarge(t)
		b := NewBuilder(s.tree.mem, 1)
		model := map[string]float64{}
		sum := func(a, b float64) float64 { return a + b }
		for range n {
			m, score := fmt.Appendf(nil, "m%d", rng.IntN(n)), float64(rng.IntN(9))
			model[string(m)] += score
			b.Merge(b.Hash(m), m, score, sum)
		}
		for range n / 10 {
			m := fmt.Appendf(nil, "m%d", rng.IntN(n))
			delete(model, string(m))
			b.Remove(b.Hash(m), m)
		}
		b.Sort()
		w := &world{T: t, model: model, rng: rng, size: max(n, 1), kind: 1}
		list := w.sorted()
		for i, p := range list {
			if m, score := b.At(i); string(m) != p.member || score != p.score {
				t.Fatalf("place %d: %q %v, want %v", i, m, score, p)
			}
		}
		w.s = largeSubject{b.End()}
		w.compare()
		for range 2000 {
			w.step()
		}
		w.compare()
	}
}

// A walk hands out what was there when it began, whatever happens meanwhile.
func TestWalk(t *testing.T) {
	w := newWorld(t, 2, 2000)
	set := newLarge(t)
	w.s = largeSubject{set}
	for range 5 {
		for range 5000 {
			w.step()
		}
		want := map[string]float64{}
		for m, s := range w.model {
			want[m] = s
		}
		got := map[string]float64{}
		walk := set.BeginWalk(func(member []byte, score float64) {
			if _, again := got[string(member)]; again {
				t.Fatalf("%q twice", member)
			}
			got[string(member)] = score
		})
		for walk.Step(20) >= 20 {
			for range 15 {
				w.step()
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d elements, want %d", len(got), len(want))
		}
		for m, s := range want {
			if got[m] != s {
				t.Fatalf("%q: %v, want %v", m, got[m], s)
			}
		}
		w.compare()
	}
}

// Defragmentation keeps everything and empties sparse spans while the set changes.
func TestMove(t *testing.T) {
	w := newWorld(t, 0, 60_000)
	set := newLarge(t)
	w.s = largeSubject{set}
	for range 200_000 {
		m := w.member()
		w.s.put(m, 7)
		w.model[string(m)] = 7
	}
	list := w.sorted()
	for i, p := range list {
		if i%8 != 0 {
			w.s.remove([]byte(p.member))
			delete(w.model, p.member)
		}
	}
	mem := set.tree.mem
	inSpans := func() int64 { st := mem.Stats(); return st.Committed - st.Free }
	before := inSpans()
	if mem.BeginDefrag() == 0 {
		t.Fatal("nothing to move")
	}
	for !set.Move(50) {
		w.step()
	}
	mem.EndDefrag()
	w.compare()
	if after := inSpans(); after > before*2/3 {
		t.Errorf("%d bytes before, %d after", before, after)
	}
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	s := newLarge(t)
	fill(s, 10_000)
	member := []byte("member:777")
	score := 0.0
	update := func() {
		e := s.Find(member)
		score += 37.5
		s.Update(&e, score)
	}
	read := func() {
		v := Large(s)
		v.Score(member)
		v.Rank(member)
		for it, n := v.Ascend(100), 0; n < 10 && it.Next(); n++ {
			_ = it.Member()
		}
	}
	for name, f := range map[string]func(){"update": update, "read": read} {
		if n := testing.AllocsPerRun(200, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkSet(b *testing.B) {
	s := newLarge(b)
	const n = 1_000_000
	rng := rand.New(rand.NewPCG(1, 1))
	members := make([][]byte, n)
	for i := range members {
		members[i] = fmt.Appendf(nil, "member:%010d", i)
		e := s.Find(members[i])
		s.Insert(&e, members[i], rng.Float64())
	}
	b.Logf("%.1f bytes per element, of them %.1f tree", float64(s.Bytes())/n, float64(s.tree.bytes)/n)
	b.Run("update", func(b *testing.B) {
		for b.Loop() {
			e := s.Find(members[rng.IntN(n)])
			s.Update(&e, rng.Float64())
		}
	})
	b.Run("rank", func(b *testing.B) {
		for b.Loop() {
			e := s.Find(members[rng.IntN(n)])
			s.Rank(&e)
		}
	})
	b.Run("range", func(b *testing.B) {
		for b.Loop() {
			v := Large(s)
			for it, k := v.Ascend(rng.IntN(n)), 0; k < 10 && it.Next(); k++ {
				_ = it.Member()
			}
		}
	})
	b.Run("popmin and insert", func(b *testing.B) {
		for b.Loop() {
			v := Large(s)
			it := v.Ascend(0)
			it.Next()
			m := append(make([]byte, 0, 32), it.Member()...)
			s.RemoveRange(0, 1)
			e := elements.Missing(s.Hash(m))
			s.Insert(&e, m, rng.Float64())
		}
	})
}
