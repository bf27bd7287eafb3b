package stream

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"spindle/store/arena"
	"spindle/store/listpack"
)

// modelEntry is an entry of a model, with its pairs joined.
type modelEntry struct {
	id    ID
	pairs string
}

type modelPending struct {
	consumer string
	time     int64
	count    uint64
}

// model is a stream done naively.
type model struct {
	entries []modelEntry
	groups  map[string]*modelGroup
}

type modelGroup struct {
	consumers map[string]bool
	pending   map[ID]modelPending
}

// text prints all of a model.
func (m *model) text() string {
	var b bytes.Buffer
	for _, e := range m.entries {
		fmt.Fprintf(&b, "%v %s\n", e.id, e.pairs)
	}
	for _, name := range slices.Sorted(maps.Keys(m.groups)) {
		g := m.groups[name]
		fmt.Fprintf(&b, "group %s\n", name)
		ids := slices.SortedFunc(maps.Keys(g.pending), ID.Compare)
		for _, id := range ids {
			p := g.pending[id]
			fmt.Fprintf(&b, "pending %v %s %d %d\n", id, p.consumer, p.time, p.count)
		}
		for _, c := range slices.Sorted(maps.Keys(g.consumers)) {
			fmt.Fprintf(&b, "consumer %s\n", c)
			for _, id := range ids {
				if g.pending[id].consumer == c {
					fmt.Fprintf(&b, "owns %v\n", id)
				}
			}
		}
	}
	return b.String()
}

// printer is a Visitor that prints as model.text does.
type printer struct{ b bytes.Buffer }

func joined(it *Iterator) string {
	var out []byte
	for range it.Fields() {
		f, v := it.NextPair()
		out = append(listpack.AppendTo(out, it.Listpack(), f), '=')
		out = append(listpack.AppendTo(out, it.Listpack(), v), ' ')
	}
	return string(out)
}

func (p *printer) Node(id ID, lp []byte) {
	EachEntry(id, lp, func(it *Iterator) { fmt.Fprintf(&p.b, "%v %s\n", it.ID(), joined(it)) })
}
func (p *printer) Meta(Meta)          {}
func (p *printer) Group(g GroupState) { fmt.Fprintf(&p.b, "group %s\n", g.Name) }
func (p *printer) Pending(e PendingState) {
	fmt.Fprintf(&p.b, "pending %v %s %d %d\n", e.ID, e.Consumer, e.Time, e.Deliveries)
}
func (p *printer) Consumer(c ConsumerState) { fmt.Fprintf(&p.b, "consumer %s\n", c.Name) }
func (p *printer) Owned(id ID)              { fmt.Fprintf(&p.b, "owns %v\n", id) }

func walked(s *Stream) string {
	var p printer
	s.Visit(&p)
	return p.b.String()
}

// tester applies random operations to a stream and its model.
type tester struct {
	*testing.T
	*rand.Rand
	s      *Stream
	m      *model
	limits Limits
	now    int64

	walk   *Walk // running, or nil
	out    *printer
	before string // what the walk has to hand out
}

func (t *tester) add() {
	id := ID{t.s.Last.Ms + uint64(t.IntN(3)), uint64(t.IntN(4))}
	if !t.s.Last.Less(id) {
		id, _ = t.s.Last.Next()
	}
	var pairs [][]byte
	text := ""
	for i := range 1 + t.IntN(3) {
		f, v := fmt.Sprintf("f%d", i+t.IntN(9)/8), fmt.Sprint(t.IntN(1000))
		if t.IntN(40) == 0 {
			v = string(bytes.Repeat([]byte("x"), t.IntN(6000)))
		}
		pairs = append(pairs, []byte(f), []byte(v))
		text += f + "=" + v + " "
	}
	if !t.s.Append(id, pairs, t.limits) {
		t.Fatal("an entry was refused")
	}
	t.m.entries = append(t.m.entries, modelEntry{id, text})
}

// someID returns an ID that may be there.
func (t *tester) someID() ID {
	if n := len(t.m.entries); n > 0 && t.IntN(4) > 0 {
		return t.m.entries[t.IntN(n)].id
	}
	return ID{uint64(t.IntN(int(t.s.Last.Ms) + 2)), uint64(t.IntN(4))}
}

func (t *tester) remove(id ID) {
	had := len(t.m.entries)
	t.m.entries = slices.DeleteFunc(t.m.entries, func(e modelEntry) bool { return e.id == id })
	if t.s.Remove(id) != (len(t.m.entries) < had) {
		t.Fatalf("Remove(%v) is wrong about what was there", id)
	}
}

func (t *tester) trim() {
	tr := Trim{ByID: t.IntN(2) == 0, MaxLen: t.IntN(len(t.m.entries) + 2), MinID: t.someID(), Approx: t.IntN(2) == 0, Limit: t.IntN(2) * t.IntN(20)}
	n := t.s.Trim(tr)
	gone := t.m.entries[:n]
	t.m.entries = t.m.entries[n:]
	over := n > 0 && (tr.ByID && !gone[n-1].id.Less(tr.MinID) || !tr.ByID && len(t.m.entries) < tr.MaxLen)
	rest := len(t.m.entries) > 0 && (tr.ByID && t.m.entries[0].id.Less(tr.MinID) || !tr.ByID && len(t.m.entries) > tr.MaxLen)
	if over || rest && !tr.Approx && tr.Limit == 0 || tr.Limit > 0 && tr.Approx && n > tr.Limit {
		t.Fatalf("%+v removed %d entries", tr, n)
	}
}

func (t *tester) pend() {
	name := fmt.Sprintf("g%d", t.IntN(3))
	g, mg := t.s.Group([]byte(name)), t.m.groups[name]
	if (g == nil) != (mg == nil) {
		t.Fatal("a group is there or is not")
	}
	switch {
	case g == nil:
		t.s.CreateGroup([]byte(name), ID{}, 0)
		t.m.groups[name] = &modelGroup{map[string]bool{}, map[ID]modelPending{}}
		return
	case t.IntN(300) == 0:
		g := t.s.RemoveGroup([]byte(name))
		for g.Free(3) == 3 {
		}
		delete(t.m.groups, name)
		return
	}
	cname := fmt.Sprintf("c%d", t.IntN(4))
	c := g.Consumer([]byte(cname))
	switch r := t.IntN(100); {
	case c == nil:
		g.CreateConsumer([]byte(cname), t.now)
		mg.consumers[cname] = true
	case r == 0:
		g.RemoveConsumer(c)
		delete(mg.consumers, cname)
		maps.DeleteFunc(mg.pending, func(_ ID, p modelPending) bool { return p.consumer == cname })
	case r < 50:
		id := t.someID()
		_, had := mg.pending[id]
		delete(mg.pending, id)
		if g.Ack(id) != had {
			t.Fatalf("Ack(%v) is wrong about what was there", id)
		}
	default:
		p := Pending{t.someID(), c, t.now, uint64(t.IntN(9))}
		g.SetPending(p)
		mg.pending[p.ID] = modelPending{cname, p.Time, p.Deliveries}
	}
}

func (t *tester) ranges() {
	from, to := t.someID(), t.someID()
	var want, got []modelEntry
	for _, e := range t.m.entries {
		if !e.id.Less(from) && !to.Less(e.id) {
			want = append(want, e)
		}
	}
	back := t.IntN(2) == 0
	if back {
		slices.Reverse(want)
	}
	for it := t.s.Range(from, to, back); it.Next(); {
		got = append(got, modelEntry{it.ID(), joined(&it)})
	}
	if !slices.Equal(got, want) {
		t.Fatalf("range %v %v, back %v: %v, want %v", from, to, back, got, want)
	}
}

func (t *tester) walkOn() {
	switch {
	case t.walk == nil:
		t.out, t.before = new(printer), t.m.text()
		t.walk = t.s.BeginWalk(t.out)
	case t.IntN(50) == 0:
		t.walk.Stop()
		t.walk = nil
	default:
		steps := 1 + t.IntN(10)
		if t.walk.Step(steps) >= steps {
			return
		}
		t.walk = nil
		if got := t.out.b.String(); got != t.before {
			t.Fatalf("a walk handed out\n%s\nwant\n%s", got, t.before)
		}
	}
}

func (t *tester) check() {
	if err := t.s.CheckInvariants(); err != nil {
		t.Fatal(err)
	}
	first, top := ID{}, ID{}
	if n := len(t.m.entries); n > 0 {
		first, top = t.m.entries[0].id, t.m.entries[n-1].id
	}
	if t.s.Entries() != len(t.m.entries) || t.s.First != first || t.s.Top() != top {
		t.Fatalf("%d entries from %v to %v, want %d from %v to %v", t.s.Entries(), t.s.First, t.s.Top(), len(t.m.entries), first, top)
	}
}

// step does one random operation.
func (t *tester) step() {
	t.now++
	switch r := t.IntN(100); {
	case r < 45:
		t.add()
	case r < 55:
		t.remove(t.someID())
	case r < 57:
		t.trim()
	case r < 60:
		t.ranges()
	case r < 66:
		t.walkOn()
	case r < 67 && t.walk == nil:
		t.s.Move(1 << 20)
	default:
		t.pend()
	}
}

func TestAgainstModel(t *testing.T) {
	for range 6 {
		seed := rand.Uint64()
		rng := rand.New(rand.NewPCG(seed, 0))
		limits := []Limits{{4096, 100}, {0, 3}, {300, 0}, {4096, 1}}[rng.IntN(4)]
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			mem := arena.New(arena.Options{Reserve: 256 << 20})
			defer mem.Close()
			x := &tester{T: t, Rand: rng, s: New(mem), m: &model{groups: map[string]*modelGroup{}}, limits: limits}
			for i := range 6000 {
				x.step()
				if i%61 == 0 {
					x.check()
				}
			}
			x.finish(mem)
		})
	}
}

// finish compares everything, copies the stream, and frees both.
func (t *tester) finish(mem *arena.Arena) {
	if t.walk != nil {
		t.walk.Stop()
	}
	t.check()
	want := t.m.text()
	c := t.s.Copy().(*Stream)
	for len(t.m.entries) > 0 {
		t.remove(t.m.entries[0].id)
	}
	t.check()
	if got := walked(c); got != want {
		t.Errorf("copy: %s\nwant %s", got, want)
	}
	if err := c.CheckInvariants(); err != nil {
		t.Error("copy:", err)
	}
	for _, s := range []*Stream{c, t.s} {
		for n := s.Len(); s.Free(5) == 5; n -= 5 {
			if n < 0 {
				t.Fatal("more to free than Len says")
			}
		}
	}
	if mem.Used() != 0 || t.s.nodes.bytes != 0 {
		t.Errorf("%d bytes are left, the stream counts %d", mem.Used(), t.s.nodes.bytes)
	}
}

func TestIDs(t *testing.T) {
	f := func(a, b ID, ok bool) {
		t.Helper()
		if got, k := a.Next(); got != b || k != ok {
			t.Errorf("after %v comes %v, %v", a, got, k)
		}
		if got, k := b.Prev(); got != a || k != ok {
			t.Errorf("before %v comes %v, %v", b, got, k)
		}
	}
	f(ID{0, 0}, ID{0, 1}, true)
	f(ID{0, MaxID.Seq}, ID{1, 0}, true)
	f(MaxID, ID{}, false)
}

func TestTooLarge(t *testing.T) {
	mem := arena.New(arena.Options{Reserve: 256 << 20})
	defer mem.Close()
	s := New(mem)
	huge := make([]byte, 512<<20) // never touched
	if s.Append(ID{1, 1}, [][]byte{huge, huge, huge, huge}, Limits{}) || s.Entries() != 0 || mem.Used() != 0 {
		t.Error("an entry of 2 GB was taken")
	}
}

func TestMemory(t *testing.T) {
	mem := arena.New(arena.Options{Reserve: 1 << 30})
	defer mem.Close()
	s := New(mem)
	const n = 100_000
	pairs := [][]byte{[]byte("field"), []byte("value:0123456789")}
	for i := range uint64(n) {
		s.Append(ID{1_700_000_000_000 + i/3, i % 3}, pairs, Limits{4096, 100})
	}
	if per := float64(s.Bytes()) / n; per > 30 {
		t.Errorf("%.1f bytes per entry", per)
	}
	g := s.CreateGroup([]byte("g"), ID{}, 0)
	c := g.CreateConsumer([]byte("c"), 0)
	before := s.Bytes()
	for it := s.Range(ID{}, MaxID, false); it.Next(); {
		g.SetPending(Pending{it.ID(), c, 1, 1})
	}
	if per := float64(s.Bytes()-before) / n; per > 64 {
		t.Errorf("%.1f bytes per pending entry", per)
	}
}

func BenchmarkAppend(b *testing.B) {
	mem := arena.New(arena.Options{Reserve: 4 << 30})
	defer mem.Close()
	s := New(mem)
	pairs := [][]byte{[]byte("field"), []byte("value:0123456789")}
	b.ReportAllocs()
	for i := range b.N {
		s.Append(ID{uint64(i) + 1, 0}, pairs, Limits{4096, 100})
	}
}
