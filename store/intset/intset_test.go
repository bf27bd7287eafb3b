package intset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"spindle/bench/servers"
)

var edges = []int64{0, 1, -1, 127, 128, -128, math.MaxInt16, math.MinInt16, math.MaxInt16 + 1, math.MinInt16 - 1,
	math.MaxInt32, math.MinInt32, math.MaxInt32 + 1, math.MinInt32 - 1, math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, math.MinInt64 + 1}

// value returns integers of one width more often than not, so that sets stay narrow
// for a while.
func value(rng *rand.Rand, bits int) int64 {
	if rng.IntN(100) == 0 {
		return edges[rng.IntN(len(edges))]
	}
	return int64(rng.Uint64()) >> (64 - bits)
}

func check(t *testing.T, s []byte, model []int64) {
	t.Helper()
	if Len(s) != len(model) || len(s) != HeaderSize+len(model)*Width(s) || Validate(s, true) != (len(model) > 0) {
		t.Fatalf("len %d bytes %d width %d, want %d values", Len(s), len(s), Width(s), len(model))
	}
	for i, v := range model {
		if Get(s, i) != v {
			t.Fatalf("value %d is %d, want %d", i, Get(s, i), v)
		}
	}
	if len(model) > 0 && (Min(s) != model[0] || Max(s) != model[len(model)-1]) {
		t.Fatalf("Min %d Max %d", Min(s), Max(s))
	}
}

func TestModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for round := range 60 {
		bits := []int{6, 16, 32, 64}[round%4]
		s, model := New(nil), []int64(nil)
		for range 300 {
			v := value(rng, bits)
			i, had := slices.BinarySearch(model, v)
			if at, found := Find(s, v); at != i || found != had || Has(s, v) != had {
				t.Fatalf("Find(%d) = %d %v, want %d %v", v, at, found, i, had)
			}
			if rng.IntN(3) > 0 {
				size := SizeAfterAdd(s, v)
				var added bool
				if s, added = Add(s, v); added == had || added && len(s) != size {
					t.Fatalf("Add(%d) = %v, %d bytes, promised %d", v, added, len(s), size)
				}
				if !had {
					model = slices.Insert(model, i, v)
				}
			} else {
				var removed bool
				if s, removed = Remove(s, v); removed != had {
					t.Fatalf("Remove(%d) = %v", v, removed)
				}
				if had {
					model = slices.Delete(model, i, i+1)
				}
			}
			check(t, s, model)
			if len(model) > 0 && !slices.Contains(model, Random(s, rng)) {
				t.Fatal("Random returned a stranger")
			}
		}
	}
}

// TestWiden adds every edge to a set of every width, at both ends.
func TestWiden(t *testing.T) {
	for _, base := range [][]int64{{}, {5}, {-3, 7}, {-40000, 3}, {-40000, 1 << 40}} {
		for _, v := range edges {
			s, model := New(nil), slices.Clone(base)
			for _, b := range base {
				s, _ = Add(s, b)
			}
			s, _ = Add(s, v)
			if i, had := slices.BinarySearch(model, v); !had {
				model = slices.Insert(model, i, v)
			}
			check(t, s, model)
		}
	}
}

func TestValidate(t *testing.T) {
	s := New(nil)
	for _, v := range []int64{1, 2, 70000} {
		s, _ = Add(s, v)
	}
	bad := func(what string, b []byte, deep bool) {
		t.Helper()
		if Validate(b, deep) {
			t.Errorf("%s passes", what)
		}
	}
	for n := range s {
		bad("a cut set", s[:n], false)
	}
	bad("an empty set", New(nil), false)
	for _, width := range []byte{0, 1, 3, 16} {
		b := bytes.Clone(s)
		b[0] = width
		bad("a wrong width", b, false)
	}
	b := bytes.Clone(s)
	binary.LittleEndian.PutUint32(b[4:], math.MaxUint32)
	bad("a huge count", b, false)
	b = bytes.Clone(s)
	b[HeaderSize] = 2
	bad("equal values", b, true)
	b[HeaderSize] = 3
	bad("descending values", b, true)
	if !Validate(b, false) || !Validate(s, true) {
		t.Error("a good one is refused")
	}
}

func FuzzValidate(f *testing.F) {
	s := New(nil)
	for _, v := range edges {
		s, _ = Add(s, v)
		f.Add(bytes.Clone(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !Validate(b, true) {
			return
		}
		for i := range Len(b) {
			if at, found := Find(b, Get(b, i)); !found || at != i {
				t.Fatalf("value %d is found at %d", i, at)
			}
		}
		b, _ = Add(b, math.MinInt64)
		b, _ = Remove(b, Max(b))
		if Len(b) > 0 && !Validate(b, true) {
			t.Fatal("invalid after a change")
		}
	})
}

func TestAllocations(t *testing.T) {
	s := New(make([]byte, 0, 4096))
	for i := range int64(200) {
		s, _ = Add(s, i*7)
	}
	if n := testing.AllocsPerRun(100, func() {
		Find(s, 700)
		s, _ = Add(s, 701)
		s, _ = Remove(s, 701)
	}); n != 0 {
		t.Errorf("find, add and remove allocate %v times", n)
	}
}

// TestRedisBytes compares with the intsets of redis-server.
func TestRedisBytes(t *testing.T) {
	c := servers.RedisT(t).ClientT(t)
	c.Do("CONFIG", "SET", "rdbcompression", "no")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for round, bits := range []int{5, 8, 16, 17, 32, 33, 64} {
		ours, key := New(nil), fmt.Sprint("set", round)
		for range 300 {
			v := int64(rng.Uint64()) >> (64 - bits)
			if rng.IntN(4) > 0 {
				ours, _ = Add(ours, v)
				c.Do("SADD", key, strconv.FormatInt(v, 10))
			} else {
				ours, _ = Remove(ours, v)
				c.Do("SREM", key, strconv.FormatInt(v, 10))
			}
		}
		payload := []byte(c.Do("DUMP", key).(string))
		got := payload[1 : len(payload)-10] // between type and version, checksum
		if payload[0] != 11 || !bytes.HasSuffix(got, ours) || len(got)-len(ours) > 5 {
			t.Errorf("%d bits: type %d\nredis %x\nours  %x", bits, payload[0], got, ours)
		}
	}
}

func BenchmarkFind512(b *testing.B) {
	for _, step := range []int64{3, 1 << 20, 1 << 40} {
		s := New(nil)
		for i := range int64(512) {
			s, _ = Add(s, i*step)
		}
		b.Run(fmt.Sprintf("%d_bytes", Width(s)), func(b *testing.B) {
			i := int64(0)
			for b.Loop() {
				i = (i + 97) & 511
				Find(s, i*step)
			}
		})
	}
}

func BenchmarkAddRemove512(b *testing.B) {
	s := New(nil)
	for i := range int64(512) {
		s, _ = Add(s, i*2)
	}
	for b.Loop() {
		s, _ = Add(s, 511)
		s, _ = Remove(s, 511)
	}
}
