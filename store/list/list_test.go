package list

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"spindle/store/arena"
	"spindle/store/listpack"
)

// check compares a list with its model and looks at all counts.
func (l *List) check(t testing.TB, model []string) {
	t.Helper()
	n, chunks, slots := 0, 0, int64(0)
	for _, b := range l.blocks {
		elems := 0
		for i := range b.chunks {
			c := &b.chunks[i]
			lp := l.view(c)
			if !listpack.Validate(lp, true) || listpack.Len(lp) != int(c.count) || c.count == 0 {
				t.Fatalf("bad chunk %+v", *c)
			}
			elems += int(c.count)
			slots += int64(l.mem.Cap(c.ref))
		}
		if elems != b.elems || len(b.chunks) == 0 || len(b.chunks) > blockMax {
			t.Fatalf("block of %d elements says %d", elems, b.elems)
		}
		n += elems
		chunks += len(b.chunks)
	}
	if l.walk != nil {
		for _, r := range l.walk.orphans {
			slots += int64(l.mem.Cap(r))
		}
	}
	if n != l.len || chunks != l.chunks || slots != l.bytes || n != len(model) {
		t.Fatalf("%d elements (%d counted), model %d; %d chunks (%d); %d bytes (%d)", l.len, n, len(model), l.chunks, chunks, l.bytes, slots)
	}
	if got := l.all(); !slices.Equal(got, model) {
		t.Fatalf("differs from the model: %d elements", len(got))
	}
}

func (l *List) all() (out []string) {
	l.Each(func(lp []byte) { out = appendAll(out, lp) })
	return out
}

func appendAll(out []string, lp []byte) []string {
	for off := listpack.First(lp); off != listpack.None; off = listpack.Next(lp, off) {
		out = append(out, string(listpack.AppendTo(nil, lp, off)))
	}
	return out
}

func element(c Cursor) string {
	lp, off := c.Element()
	return string(listpack.AppendTo(nil, lp, off))
}

// driver changes a list and its model alike.
type driver struct {
	testing.TB
	rng   *rand.Rand
	l     *List
	model []string
	long  int // one element in so many is long
}

func (d *driver) elem() string {
	switch d.rng.IntN(4) {
	case 0:
		return fmt.Sprint(d.rng.IntN(100))
	case 1:
		return fmt.Sprint(d.rng.Int64())
	}
	n := d.rng.IntN(60)
	if d.rng.IntN(d.long) == 0 {
		n = d.rng.IntN(10000)
	}
	return strings.Repeat(string(rune('a'+d.rng.IntN(26))), n)
}

func (d *driver) step() {
	n := len(d.model)
	switch op := d.rng.IntN(12); {
	case op < 4 || n == 0:
		e, front := d.elem(), d.rng.IntN(2) == 0
		d.l.Push([]byte(e), front)
		if front {
			d.model = slices.Insert(d.model, 0, e)
		} else {
			d.model = append(d.model, e)
		}
	case op < 6:
		d.pop()
	case op < 7:
		i, e := d.rng.IntN(n), d.elem()
		d.l.Replace(i, []byte(e))
		d.model[i] = e
	case op < 10:
		d.insert()
	case op < 11 && d.rng.IntN(4) == 0:
		i := d.rng.IntN(n)
		del := d.rng.IntN(min(n-i, 100) + 1)
		d.l.Delete(i, del)
		d.model = slices.Delete(d.model, i, i+del)
	default:
		d.remove()
	}
}

func (d *driver) pop() {
	front := d.rng.IntN(2) == 0
	lp, off := d.l.End(front)
	i := len(d.model) - 1
	if front {
		i = 0
	}
	if got := string(listpack.AppendTo(nil, lp, off)); got != d.model[i] {
		d.Fatalf("end is %q, want %q", got, d.model[i])
	}
	d.l.Pop(front)
	d.model = slices.Delete(d.model, i, i+1)
}

func (d *driver) insert() {
	i, e, after := d.rng.IntN(len(d.model)), d.elem(), d.rng.IntN(2) == 0
	c := d.l.Cursor(i)
	if got := element(c); got != d.model[i] {
		d.Fatalf("element %d is %q, want %q", i, got, d.model[i])
	}
	d.l.Insert(&c, []byte(e), after)
	if after {
		i++
	}
	d.model = slices.Insert(d.model, i, e)
}

func (d *driver) remove() {
	e, back, most := d.model[d.rng.IntN(len(d.model))], d.rng.IntN(2) == 0, 1+d.rng.IntN(8)
	needle := listpack.MakeNeedle([]byte(e))
	got := d.l.Remove(&needle, most, back)
	if back {
		slices.Reverse(d.model)
	}
	n := 0
	d.model = slices.DeleteFunc(d.model, func(s string) bool {
		if s == e && n < most {
			n++
			return true
		}
		return false
	})
	if back {
		slices.Reverse(d.model)
	}
	if n != got {
		d.Fatalf("removed %d, want %d", got, n)
	}
}

func newDriver(t testing.TB, seed uint64, limits Limits) *driver {
	d := &driver{TB: t, rng: rand.New(rand.NewPCG(seed, 0)), l: New(arena.New(arena.Options{Reserve: 1 << 30})), long: 20}
	t.Cleanup(d.l.mem.Close)
	d.l.SetLimits(limits)
	return d
}

func TestAgainstModel(t *testing.T) {
	for _, limits := range []Limits{-1, -2, -5, 0, 1, 5, 128} {
		t.Run(fmt.Sprint(limits), func(t *testing.T) {
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			d := newDriver(t, seed, limits)
			for i := range 6000 {
				d.step()
				if i%50 == 0 {
					d.l.check(t, d.model)
				}
			}
			d.l.check(t, d.model)
			d.iterate()
			for d.l.Free(10) == 10 {
			}
			if d.l.mem.Used() != 0 || d.l.bytes != 0 {
				t.Fatalf("%d bytes left", d.l.mem.Used())
			}
		})
	}
}

// iterate walks in both directions.
func (d *driver) iterate() {
	i := 0
	for c := d.l.Cursor(0); c.Valid(); c.Step(false) {
		if element(c) != d.model[i] {
			d.Fatalf("element %d differs", i)
		}
		i++
	}
	if i != len(d.model) {
		d.Fatalf("%d of %d elements forwards", i, len(d.model))
	}
	for c := d.l.Cursor(len(d.model) - 1); c.Valid(); c.Step(true) {
		if i--; element(c) != d.model[i] {
			d.Fatalf("element %d differs", i)
		}
	}
	if i != 0 {
		d.Fatalf("%d elements left out backwards", i)
	}
}

func TestWalkSeesTheBegin(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	d := newDriver(t, seed, 4)
	for round := range 60 {
		for range 400 {
			d.step()
		}
		want := slices.Clone(d.model)
		var got []string
		w := d.l.BeginWalk(func(lp []byte) { got = appendAll(got, lp) })
		stop := round%5 == 4
		for n := 0; ; n++ {
			for range d.rng.IntN(30) {
				d.step()
			}
			d.l.check(t, d.model)
			d.l.Move(1000)
			if stop && n == 5 {
				w.Stop()
				break
			}
			if steps := 1 + d.rng.IntN(50); w.Step(steps) < steps {
				break
			}
		}
		if !stop && !slices.Equal(got, want) {
			t.Fatalf("round %d: the walk saw %d elements, want %d", round, len(got), len(want))
		}
		d.l.check(t, d.model)
	}
	for d.l.Free(10) == 10 {
	}
	if d.l.mem.Used() != 0 {
		t.Fatalf("%d bytes left", d.l.mem.Used())
	}
}

func TestMove(t *testing.T) {
	d := newDriver(t, 1, 4)
	for i := range 200_000 {
		d.l.Push(fmt.Appendf(nil, "%d-%s", i, strings.Repeat("x", i%50)), false)
	}
	for d.l.Len() > 40_000 {
		d.l.Delete(d.rng.IntN(d.l.Len()-20), 20)
	}
	d.model = d.l.all()
	if d.l.mem.BeginDefrag() == 0 {
		t.Fatal("nothing to defragment")
	}
	for !d.l.Move(100) {
	}
	d.l.check(t, d.model)
	for _, b := range d.l.blocks {
		for _, c := range b.chunks {
			if d.l.mem.Sparse(c.ref) {
				t.Fatal("a chunk is left in a sparse span")
			}
		}
	}
	d.l.mem.EndDefrag()
}

func TestReplaceLarge(t *testing.T) {
	d := newDriver(t, 1, -2)
	for i := range 5 {
		d.l.Push(fmt.Append(nil, i), false)
		d.model = append(d.model, fmt.Sprint(i))
	}
	for _, i := range []int{2, 0, 4, 2, 4} {
		p, j := d.l.find(i)
		d.l.replaceLarge(p, j, fmt.Appendf(nil, "large%d", i))
		d.model[i] = fmt.Sprintf("large%d", i)
		d.l.check(t, d.model)
	}
}

func TestEndsDoNotAllocate(t *testing.T) {
	d := newDriver(t, 1, -2)
	e := bytes.Repeat([]byte("x"), 20)
	for range 5000 {
		d.l.Push(e, true)
	}
	n := testing.AllocsPerRun(2000, func() {
		d.l.Push(e, true)
		d.l.Push(e, false)
		d.l.Push(e, true)
		d.l.Pop(true)
		d.l.Pop(false)
	})
	if n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkPushPop(b *testing.B) {
	d := newDriver(b, 1, -2)
	e := []byte("xxx")
	for _, front := range []bool{true, false} {
		b.Run(fmt.Sprintf("push/front=%v", front), func(b *testing.B) {
			for range b.N {
				d.l.Push(e, front)
			}
		})
		b.Run(fmt.Sprintf("pop/front=%v", front), func(b *testing.B) {
			for range 1000 + b.N {
				d.l.Push(e, front)
			}
			b.ResetTimer()
			for range b.N {
				d.l.Pop(front)
			}
		})
	}
}

func BenchmarkIndex10M(b *testing.B) {
	d := newDriver(b, 1, -2)
	for range 10_000_000 {
		d.l.Push([]byte("element"), false)
	}
	b.ResetTimer()
	for range b.N {
		d.l.Cursor(5_000_000)
	}
}

// TestMergeLimit has two chunks that Redis merges to 8194 bytes, and two that it does not to 8195.
func TestMergeLimit(t *testing.T) {
	for _, more := range []int{0, 1} {
		d := newDriver(t, 1, 3)
		for _, elems := range [][]string{{strings.Repeat("a", 8), ""}, {strings.Repeat("b", 8170+more)}} {
			lp := listpack.New(nil)
			for _, e := range elems {
				lp = listpack.Append(lp, []byte(e))
			}
			d.l.AppendChunk(lp)
		}
		size := int(d.l.at(place{0, 0}).size + d.l.at(place{0, 1}).size)
		if size-mergeSaves != chunkBytesSafe+more {
			t.Fatalf("%d bytes do not test the limit", size)
		}
		if got := d.l.mergeable(place{}); got != (more == 0) {
			t.Errorf("%d bytes are mergeable: %v", size, got)
		}
	}
}
