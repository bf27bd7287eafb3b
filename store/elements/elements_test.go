package elements

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"spindle/store/arena"
)

// world is a table beside its model.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	mem   *arena.Arena
	table *Table
	model map[string]item

	walk    *Walk
	snap    map[string]item // the model when the walk began
	emitted map[string]item
}

type item struct {
	value    string
	expireAt int64
}

func newWorld(t *testing.T, valueLen int) *world {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, values of %d bytes", seed, valueLen)
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), mem: arena.New(arena.Options{}), model: map[string]item{}}
	t.Cleanup(w.mem.Close)
	w.table = New(w.mem, seed, valueLen)
	return w
}

// key returns one of about n keys, some of them around the lengths at which the head changes.
func (w *world) key(n int) []byte {
	i := w.rng.IntN(n)
	k := fmt.Appendf(nil, "k%d", i)
	switch {
	case i%7 == 0:
		k = append(k, bytes.Repeat([]byte{'x'}, 25+i%9)...)
	case i%101 == 0:
		k = append(k, bytes.Repeat([]byte{'y'}, 150+i%20)...)
	case i == 1:
		k = nil
	}
	return k
}

func (w *world) value() []byte {
	n := w.table.valueLen
	if n == Varying {
		n = []int{0, 1, 10, 126, 127, 128, 129, 5000, w.rng.IntN(40)}[w.rng.IntN(9)]
	}
	v := make([]byte, n)
	for i := range v {
		v[i] = byte(w.rng.Uint32())
	}
	return v
}

func (w *world) put(key []byte) {
	v := w.value()
	e := w.table.Find(key)
	old, exists := w.model[string(key)]
	if exists != e.Exists() {
		w.t.Fatalf("key %q: found %v, want %v", key, e.Exists(), exists)
	}
	if exists {
		copy(w.table.Resize(&e, len(v)), v)
	} else {
		copy(w.table.Insert(&e, key, len(v)), v)
	}
	w.model[string(key)] = item{string(v), old.expireAt}
	if w.rng.IntN(4) == 0 {
		at := w.rng.Int64N(3) * (1000 + w.rng.Int64N(1000))
		w.table.SetExpireAt(&e, at)
		w.model[string(key)] = item{string(v), at}
	}
	w.same(&e, key)
}

// same compares an element with the model.
func (w *world) same(e *Elem, key []byte) {
	k, v := w.table.KeyValue(e.Ref())
	want := w.model[string(key)]
	if !bytes.Equal(k, key) || string(v) != want.value || w.table.ExpireAt(e.Ref()) != want.expireAt {
		w.t.Fatalf("key %q: have %q = %d bytes, expiry %d; want %d bytes, expiry %d", key, k, len(v), w.table.ExpireAt(e.Ref()), len(want.value), want.expireAt)
	}
}

func (w *world) delete(key []byte) {
	e := w.table.Find(key)
	if _, ok := w.model[string(key)]; ok != e.Exists() {
		w.t.Fatalf("key %q: found %v, want %v", key, e.Exists(), ok)
	}
	if e.Exists() {
		w.table.Delete(&e)
		delete(w.model, string(key))
	}
}

func (w *world) beginWalk() {
	w.snap, w.emitted = map[string]item{}, map[string]item{}
	for k, v := range w.model {
		w.snap[k] = v
	}
	w.walk = w.table.BeginWalk(func(r arena.Ref) {
		k, v := w.table.KeyValue(r)
		if _, twice := w.emitted[string(k)]; twice {
			w.t.Fatalf("%q handed out twice", k)
		}
		w.emitted[string(k)] = item{string(v), w.table.ExpireAt(r)}
	})
}

func (w *world) stepWalk() {
	switch steps := 1 + w.rng.IntN(50); {
	case w.rng.IntN(100) == 0:
		w.walk.Stop()
		w.walk = nil
	case w.walk.Step(steps) < steps:
		w.walk = nil
		if len(w.emitted) != len(w.snap) {
			w.t.Fatalf("walk: %d elements, want %d", len(w.emitted), len(w.snap))
		}
		for k, v := range w.snap {
			if w.emitted[k] != v {
				w.t.Fatalf("walk: %q is not as it was", k)
			}
		}
	}
}

// check compares the whole table with the model and its accounts with the records.
func (w *world) check() {
	records, expiring, n := int64(0), 0, 0
	w.table.Scan(0, 1<<40, func(r arena.Ref) {
		records += int64(w.mem.Cap(r))
		e := w.table.At(r)
		if e.Ref() != r {
			w.t.Fatal("At found another record")
		}
		w.same(&e, w.table.Key(r))
		if w.table.ExpireAt(r) != 0 {
			expiring++
		}
		n++
	})
	if n != len(w.model) || n != w.table.Len() || expiring != w.table.Expiring() {
		w.t.Fatalf("%d elements, %d expiring; Len %d, Expiring %d, want %d", n, expiring, w.table.Len(), w.table.Expiring(), len(w.model))
	}
	if w.table.bytes != records || w.mem.Used() > w.table.Bytes() || w.mem.Used() < w.table.Bytes()*9/10 {
		w.t.Fatalf("bytes %d, records %d, arena %d of %d", w.table.bytes, records, w.mem.Used(), w.table.Bytes())
	}
}

// goOnWithCopy takes a copy in the place of the table.
func (w *world) goOnWithCopy() {
	if w.walk != nil {
		w.walk.Step(20) // generations differ
		w.walk.Stop()
		w.walk = nil
	}
	old := w.table
	w.table = old.Copy()
	for old.Free(100) >= 100 {
	}
	w.check()
}

// expire removes what is due and compares with the model.
func (w *world) expire(now int64) {
	for {
		due, done := w.table.Due(now)
		for _, r := range due {
			e := w.table.At(r)
			k := string(w.table.Key(r))
			if at := w.model[k].expireAt; at == 0 || at > now {
				w.t.Fatalf("%q is not due", k)
			}
			w.table.Delete(&e)
			delete(w.model, k)
		}
		if done {
			break
		}
	}
	for k, v := range w.model {
		if v.expireAt != 0 && v.expireAt <= now {
			w.t.Fatalf("%q was due and is still there", k)
		}
	}
}

func TestAgainstModel(t *testing.T) {
	for _, valueLen := range []int{0, 8, Varying} {
		w := newWorld(t, valueLen)
		for phase := range 6 {
			keys, deletes := 3000, 3
			if phase%2 == 1 {
				deletes = 8 // shrinks
			}
			for range 8000 {
				if w.rng.IntN(10) < deletes {
					w.delete(w.key(keys))
				} else {
					w.put(w.key(keys))
				}
				switch {
				case w.walk != nil:
					w.stepWalk()
				case w.rng.IntN(50) == 0:
					w.beginWalk()
				}
			}
			w.mem.BeginDefrag()
			for moves := 0; !w.table.Defrag(10, func(_, _ arena.Ref) { moves++ }); {
				w.put(w.key(keys))
			}
			w.mem.EndDefrag()
			w.check()
			w.goOnWithCopy()
			w.expire(int64(1000 + phase*200))
			w.check()
		}
		if w.walk != nil {
			w.walk.Stop()
		}
		for w.table.Free(100) >= 100 {
		}
		if w.mem.Used() != 0 || w.table.Len() != 0 || w.table.Bytes() != 8 {
			t.Fatalf("after Free: %d bytes used, %d elements, Bytes %d", w.mem.Used(), w.table.Len(), w.table.Bytes())
		}
	}
}

// TestStoppedWalks stops many walks in a row: the next one must still hand out everything.
func TestStoppedWalks(t *testing.T) {
	w := newWorld(t, 0)
	for range 1000 {
		w.put(w.key(5000))
	}
	for range 30 {
		for range w.rng.IntN(6) {
			w.beginWalk()
			w.walk.Step(1 + w.rng.IntN(400))
			w.put(w.key(5000))
			w.delete(w.key(5000))
			w.walk.Stop()
		}
		w.beginWalk()
		for w.walk != nil {
			w.put(w.key(5000))
			if w.walk.Step(64) < 64 {
				w.walk = nil
			}
		}
		if len(w.emitted) != len(w.snap) {
			t.Fatalf("walk: %d elements, want %d", len(w.emitted), len(w.snap))
		}
	}
}

func TestRandomReachesAll(t *testing.T) {
	w := newWorld(t, 0)
	for range 60 {
		w.put(w.key(100))
	}
	seen := map[arena.Ref]bool{}
	for range 20000 {
		seen[w.table.Random(w.rng)] = true
	}
	if len(seen) != w.table.Len() {
		t.Fatalf("%d of %d elements chosen", len(seen), w.table.Len())
	}
}

func TestNoAllocations(t *testing.T) {
	w := newWorld(t, Varying)
	key, value := []byte("some field"), []byte("some value")
	e := w.table.Find(key)
	copy(w.table.Insert(&e, key, len(value)), value)
	if n := testing.AllocsPerRun(1000, func() {
		e := w.table.Find(key)
		copy(w.table.Resize(&e, len(value)), value)
		w.table.SetExpireAt(&e, 77)
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkFind(b *testing.B) {
	mem := arena.New(arena.Options{})
	defer mem.Close()
	t := New(mem, 1, 0)
	for i := range 1 << 20 {
		k := fmt.Appendf(nil, "member:%012d", i)
		e := t.Find(k)
		t.Insert(&e, k, 0)
	}
	keys := make([][]byte, 1<<16)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "member:%012d", i*16)
	}
	i := 0
	for b.Loop() {
		e := t.Find(keys[i&(len(keys)-1)])
		if !e.Exists() {
			b.Fatal("missing")
		}
		i++
	}
	b.ReportMetric(float64(t.Bytes())/float64(t.Len()), "bytes/element")
}
