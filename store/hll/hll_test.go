package hll

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"spindle/bench/servers"
)

func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// filled returns a value that has seen n elements.
func filled(t testing.TB, n int, tag string) []byte {
	b := New(nil)
	for i := range n {
		var err error
		if b, _, err = Add(b, fmt.Appendf(nil, "%s:%d", tag, i), 3000); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// TestAgainstRegisters adds random elements at random limits, beside a naive array
// of registers.
func TestAgainstRegisters(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, sparseMax := range []int{0, 30, 300, 3000, 20000} {
		var want Registers
		b, kind := New(nil), false
		for i := range 6000 {
			elem := binary.LittleEndian.AppendUint64(nil, rng.Uint64())[:1+rng.IntN(8)]
			index, run := position(elem)
			var changed bool
			var err error
			if b, changed, err = Add(b, elem, sparseMax); err != nil || changed != (run > want[index]) {
				t.Fatalf("Add: changed %v, err %v", changed, err)
			}
			want[index] = max(want[index], run)
			if kind && !IsDense(b) || !IsDense(b) && len(b) > max(sparseMax, 18) || Check(b) != nil {
				t.Fatalf("dense %v after %v, %d bytes", IsDense(b), kind, len(b))
			}
			kind = IsDense(b)
			if i%100 != 0 {
				continue
			}
			var got Registers
			if err := got.Merge(b); err != nil || got != want {
				t.Fatalf("registers differ, err %v", err)
			}
			if n := must(t, count(b), nil); n != want.Count() {
				t.Fatalf("Count %d, of the registers %d", n, want.Count())
			}
		}
	}
}

func count(b []byte) uint64 {
	n, err := Count(b)
	if err != nil {
		panic(err)
	}
	return n
}

func TestSelfTest(t *testing.T) {
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	if err := SelfTest(rng, 3000, 100000); err != nil {
		t.Error(err)
	}
}

func TestPackEight(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		w := rng.Uint64() & (1<<48 - 1)
		u := unpackEight(w)
		for i := range 8 {
			if byte(u>>(8*i)) != byte(w>>(6*i))&63 {
				t.Fatalf("%x unpacks to %x", w, u)
			}
		}
		if packEight(u) != w {
			t.Fatalf("%x does not come back", w)
		}
		v := unpackEight(rng.Uint64() & (1<<48 - 1))
		m := maxBytes(u, v)
		for i := range 8 {
			if byte(m>>(8*i)) != max(byte(u>>(8*i)), byte(v>>(8*i))) {
				t.Fatalf("max of %x and %x is %x", u, v, m)
			}
		}
	}
}

func TestCorrupt(t *testing.T) {
	good := filled(t, 100, "x")
	for n := range good {
		if err := Check(good[:n]); (err != nil) != (n < headerSize) {
			t.Errorf("cut to %d bytes: %v", n, err)
		}
		if n < headerSize {
			continue
		}
		if _, err := Count(good[:n]); err != ErrCorrupt {
			t.Errorf("Count of %d bytes: %v", n, err)
		}
		if _, err := ToDense(bytes.Clone(good[:n])); err != ErrCorrupt {
			t.Errorf("ToDense of %d bytes: %v", n, err)
		}
	}
	half := append(bytes.Clone(good), 0x40)
	if _, err := Count(half); err != ErrCorrupt {
		t.Errorf("Count with half a code at the end: %v", err)
	}
	if _, err := ToDense(half); err != ErrCorrupt {
		t.Errorf("ToDense with half a code at the end: %v", err)
	}
	long := append(bytes.Clone(good), 0)
	if _, err := Count(long); err != ErrCorrupt {
		t.Errorf("a register too many: %v", err)
	}
	for _, change := range []func(b []byte){func(b []byte) { b[0] = 'h' }, func(b []byte) { b[4] = 2 }, func(b []byte) { b[4] = 0 }} {
		b := bytes.Clone(good)
		if change(b); Check(b) != ErrNotHLL {
			t.Errorf("%.20q passes", b)
		}
	}
}

func FuzzSparse(f *testing.F) {
	f.Add(New(nil)[headerSize:], []byte("a"))
	f.Add(filled(f, 50, "f")[headerSize:], []byte("b"))
	f.Fuzz(func(t *testing.T, codes, elem []byte) {
		b := append(New(nil)[:headerSize], codes...)
		n, err := Count(b)
		var r Registers
		if mergeErr := r.Merge(b); mergeErr != err {
			t.Fatalf("Count: %v, Merge: %v", err, mergeErr)
		}
		if err == nil && r.Count() != n {
			t.Fatalf("Count %d, of the registers %d", n, r.Count())
		}
		Decode(nil, b)
		after, _, addErr := Add(bytes.Clone(b), elem, 3000)
		if err != nil {
			return
		}
		index, run := position(elem)
		r[index] = max(r[index], run)
		var got Registers
		if addErr != nil || got.Merge(after) != nil || got != r {
			t.Fatalf("Add: %v, or the wrong registers", addErr)
		}
	})
}

func TestAllocations(t *testing.T) {
	dense := must2(ToDense(append(make([]byte, 0, DenseSize), New(nil)...)))
	sparse := append(make([]byte, 0, DenseSize), filled(t, 100, "s")...)
	var elem [8]byte
	i := uint64(0)
	if n := testing.AllocsPerRun(200, func() {
		i++
		binary.LittleEndian.PutUint64(elem[:], i)
		dense, _, _ = Add(dense, elem[:], 3000)
		sparse, _, _ = Add(sparse, elem[:], 3000)
		Count(dense)
		Count(sparse)
		var r Registers
		r.Merge(dense)
		r.Merge(sparse)
		r.Count()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func must2(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// same compares our value with redis-server's, after PFADD or PFMERGE and after
// PFCOUNT.
func same(t *testing.T, c *servers.Client, key string, b []byte) {
	t.Helper()
	if got := c.Do("GET", key); got != string(b) {
		t.Fatalf("%s: redis has %d bytes %.60x, we have %d bytes %.60x", key, len(fmt.Sprint(got)), got, len(b), b)
	}
	n := count(b)
	if got := c.Do("PFCOUNT", key); got != int64(n) {
		t.Fatalf("%s: redis counts %v, we count %d", key, got, n)
	}
	SetCached(b, n)
	if got := c.Do("GET", key); got != string(b) {
		t.Fatalf("%s: differs after PFCOUNT", key)
	}
	if cached, ok := Cached(b); !ok || cached != n {
		t.Fatalf("Cached %d %v, want %d", cached, ok, n)
	}
}

func TestRedisBytes(t *testing.T) {
	c := servers.RedisT(t).ClientT(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	values := map[string][]byte{}
	for round, sparseMax := range []int{3000, 0, 60, 500, 3000, 3000, 16000} {
		c.Do("CONFIG", "SET", "hll-sparse-max-bytes", fmt.Sprint(sparseMax))
		key, b := fmt.Sprint("k", round), New(nil)
		for step := range 60 {
			args := []string{"PFADD", key}
			changes := step == 0
			for range rng.IntN(1<<rng.IntN(9)) * (1 + sparseMax/4000) {
				elem := string(binary.LittleEndian.AppendUint64(nil, rng.Uint64())) + "0123456789"[:rng.IntN(10)]
				args = append(args, elem[rng.IntN(8):])
				var changed bool
				var err error
				if b, changed, err = Add(b, []byte(args[len(args)-1]), sparseMax); err != nil {
					t.Fatal(err)
				}
				changes = changes || changed
			}
			if changes {
				Invalidate(b)
			}
			if got := c.Do(args...); (got == int64(1)) != changes {
				t.Fatalf("PFADD answered %v, we changed: %v", got, changes)
			}
			same(t, c, key, b)
			if step%10 == 0 && !IsDense(b) {
				if want, got := c.Do("PFDEBUG", "DECODE", key), string(Decode(nil, b)); want != got {
					t.Fatalf("DECODE\nredis %v\nours  %v", want, got)
				}
			}
		}
		values[key] = b
		values[fmt.Sprint("s", round)] = sparseValue(t, c, rng, fmt.Sprint("s", round), sparseMax)
	}
	t.Run("over the limit", func(t *testing.T) { testOverLimit(t, c) })
	t.Run("merge", func(t *testing.T) { testMerges(t, c, rng, values) })
}

// testOverLimit changes registers of a value that is longer than the limit, but in
// place: that does not make it dense.
func testOverLimit(t *testing.T, c *servers.Client) {
	c.Do("CONFIG", "SET", "hll-sparse-max-bytes", "3000")
	b, r := New(nil), Registers{}
	c.Do("PFADD", "o")
	for i := range 200 {
		b, _, _ = Add(b, []byte(fmt.Sprint(i)), 3000)
		c.Do("PFADD", "o", fmt.Sprint(i))
	}
	c.Do("CONFIG", "SET", "hll-sparse-max-bytes", "100")
	r.Merge(b)
	for i, raised := 0, 0; raised < 20; i++ {
		elem := fmt.Sprint("over", i)
		if index, run := position([]byte(elem)); r[index] > 0 && r[index] < run {
			r[index] = run
			b, _, _ = Add(b, []byte(elem), 100)
			c.Do("PFADD", "o", elem)
			same(t, c, "o", b)
			raised++
		}
	}
	if IsDense(b) {
		t.Error("dense")
	}
}

// sparseValue makes a small value on both sides.
func sparseValue(t *testing.T, c *servers.Client, rng *rand.Rand, key string, sparseMax int) []byte {
	b := New(nil)
	Invalidate(b)
	c.Do("PFADD", key)
	for range 1 + rng.IntN(900) {
		elem := fmt.Sprint(rng.Uint64())
		b, _, _ = Add(b, []byte(elem), sparseMax)
		c.Do("PFADD", key, elem)
	}
	same(t, c, key, b)
	return b
}

func testMerges(t *testing.T, c *servers.Client, rng *rand.Rand, values map[string][]byte) {
	keys := []string{"absent"}
	for i := range 7 {
		keys = append(keys, fmt.Sprint("k", i), fmt.Sprint("s", i), fmt.Sprint("s", i))
	}
	for step := range 200 {
		sparseMax := []int{0, 100, 1500, 3000, 10000}[rng.IntN(5)]
		c.Do("CONFIG", "SET", "hll-sparse-max-bytes", fmt.Sprint(sparseMax))
		var r Registers
		var sources []string
		for range 1 + rng.IntN(4) {
			sources = append(sources, keys[rng.IntN(len(keys))])
		}
		for _, k := range sources {
			if v, ok := values[k]; ok {
				r.Merge(v)
			}
		}
		if got := c.Do(append([]string{"PFCOUNT"}, sources...)...); len(sources) > 1 && got != int64(r.Count()) {
			t.Fatalf("PFCOUNT %v: redis %v, we %d", sources, got, r.Count())
		}
		for _, k := range sources { // PFCOUNT of one key caches
			if v, ok := values[k]; ok && len(sources) == 1 {
				SetCached(v, count(v))
			}
		}
		dst := []string{sources[0], fmt.Sprint("new", step)}[rng.IntN(2)]
		if dst == "absent" {
			continue
		}
		b, ok := values[dst]
		if !ok {
			b = New(nil)
		}
		r.Merge(b)
		toDense := IsDense(b)
		for _, k := range sources {
			toDense = toDense || values[k] != nil && IsDense(values[k])
		}
		b = must(t, must2(r.MergeInto(bytes.Clone(b), toDense, sparseMax)), nil)
		if got := c.Do(append([]string{"PFMERGE", dst}, sources...)...); got != "OK" {
			t.Fatalf("PFMERGE: %v", got)
		}
		same(t, c, dst, b)
		values[dst] = b
	}
}

// TestRedisErrors lets both sides judge strings that are nearly values.
func TestRedisErrors(t *testing.T) {
	c := servers.RedisT(t).ClientT(t)
	good := filled(t, 20, "e")
	dense := must2(ToDense(filled(t, 20, "e")))
	full := bytes.Clone(dense)
	for i := range full[headerSize:] {
		full[headerSize+i] = 0xFF
	}
	cases := [][]byte{nil, []byte("HYLL"), []byte("12345"), good, good[:15], good[:headerSize], good[:len(good)-1],
		append(bytes.Clone(good), 0), dense, full, dense[:len(dense)-1], append(bytes.Clone(dense), 0)}
	for i := range 5 {
		b := bytes.Clone(good)
		b[i]++
		cases = append(cases, b)
	}
	for _, b := range cases {
		c.Do("SET", "e", string(b))
		reply := c.Do("PFCOUNT", "e")
		var n uint64
		err := Check(b)
		if err == nil {
			if cached, ok := Cached(b); ok {
				n = cached
			} else {
				n, err = Count(b)
			}
		}
		var want any = int64(n)
		switch err {
		case ErrNotHLL:
			want = "WRONGTYPE Key is not a valid HyperLogLog string value."
		case ErrCorrupt:
			want = "INVALIDOBJ Corrupted HLL object detected"
		}
		if fmt.Sprint(reply) != fmt.Sprint(want) {
			t.Errorf("%d bytes %.30q: redis %v, we %v", len(b), b, reply, want)
		}
	}
}

func BenchmarkCountDense(b *testing.B) {
	v := filled(b, 100000, "d")
	for b.Loop() {
		Count(v)
	}
}

func BenchmarkCountSparse(b *testing.B) {
	v := filled(b, 1000, "d")
	for b.Loop() {
		Count(v)
	}
}

func BenchmarkMergeDenseAndCount(b *testing.B) {
	v := filled(b, 100000, "d")
	var r Registers
	for b.Loop() {
		r.Merge(v)
		r.Count()
	}
}

func BenchmarkMergeSparse(b *testing.B) {
	v := filled(b, 1000, "d")
	var r Registers
	for b.Loop() {
		r.Merge(v)
	}
}

func BenchmarkMergeIntoSparse(b *testing.B) {
	v := filled(b, 1200, "d")
	var r Registers
	r.Merge(v)
	buf := make([]byte, DenseSize)
	for b.Loop() {
		r.MergeInto(New(buf), false, 3000)
	}
}

func BenchmarkAddDense(b *testing.B) {
	v := filled(b, 100000, "d")
	elem := []byte("element:12345678")
	i := uint64(0)
	for b.Loop() {
		i++
		binary.LittleEndian.PutUint64(elem[8:], i)
		v, _, _ = Add(v, elem, 3000)
	}
}

func BenchmarkAddSparse(b *testing.B) {
	v := filled(b, 1000, "d")
	elem := []byte("element:12345678")
	i := uint64(0)
	for b.Loop() {
		i++
		binary.LittleEndian.PutUint64(elem[8:], i&63)
		v, _, _ = Add(v, elem, 3000)
	}
}

// TestMergeIntoGoesOn checks that resuming the search between registers changes
// nothing.
func TestMergeIntoGoesOn(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 300 {
		var r Registers
		dst := filled(t, rng.IntN(100), fmt.Sprint(rng.Uint64()))
		r.Merge(dst)
		at, step, most := rng.IntN(RegisterCount), 1+rng.IntN(300), 1+rng.IntN(6)
		for range 600 { // runs of few values, so that codes are joined often
			r[at] = max(r[at], byte(1+rng.IntN(most)))
			at = (at + 1 + rng.IntN(step)*rng.IntN(2)) % RegisterCount
		}
		want := bytes.Clone(dst)
		for i, v := range r {
			if v != 0 {
				c := start()
				want, _, _ = sparseSet(want, i, v, 3000, &c)
			}
		}
		Invalidate(want)
		got := must2(r.MergeInto(dst, false, 3000))
		if !bytes.Equal(got, want) {
			t.Fatalf("step %d, values to %d:\ngot  %x\nwant %x", step, most, got, want)
		}
	}
}
