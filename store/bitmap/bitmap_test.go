package bitmap

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"
)

func random(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// randomBytes are often all zeros or all ones but for one bit.
func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	switch rng.IntN(3) {
	case 0:
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	case 1:
		Combine(Not, b, [][]byte{b})
	}
	if n > 0 {
		b[rng.IntN(n)] ^= 1 << rng.IntN(8)
	}
	return b
}

func TestCountAndFind(t *testing.T) {
	rng := random(t)
	for range 20000 {
		b := randomBytes(rng, rng.IntN(200))
		total := int64(len(b)) * 8
		from := rng.Int64N(total + 1)
		to := from + rng.Int64N(total-from+1)
		ones, first := int64(0), [2]int64{-1, -1}
		for i := from; i < to; i++ {
			bit := Bit(b, i)
			ones += int64(bit)
			if first[bit] < 0 {
				first[bit] = i
			}
		}
		if got := CountRange(b, from, to); got != ones {
			t.Fatalf("%x: %d ones from %d to %d, want %d", b, got, from, to, ones)
		}
		for bit, want := range first {
			if got := Find(b, byte(bit), from, to); got != want {
				t.Fatalf("%x: first %d from %d to %d is at %d, want %d", b, bit, from, to, got, want)
			}
		}
	}
}

func TestSetBit(t *testing.T) {
	rng := random(t)
	b := make([]byte, 20)
	model := map[int64]byte{}
	for range 2000 {
		i, bit := rng.Int64N(160), byte(rng.IntN(2))
		SetBit(b, i, bit)
		model[i] = bit
		for i := range int64(200) {
			if Bit(b, i) != model[i] {
				t.Fatalf("bit %d is %d", i, Bit(b, i))
			}
		}
	}
}

// truth is each operation on one bit of each source.
func truth(op Op, in []byte) byte {
	ones := 0
	for _, x := range in {
		ones += int(x)
	}
	others := ones - int(in[0])
	yes := false
	switch op {
	case And:
		yes = ones == len(in)
	case Or:
		yes = ones > 0
	case Xor:
		yes = ones%2 == 1
	case Not:
		yes = ones == 0
	case Diff:
		yes = in[0] == 1 && others == 0
	case Diff1:
		yes = in[0] == 0 && others > 0
	case AndOr:
		yes = in[0] == 1 && others > 0
	case One:
		yes = ones == 1
	}
	if yes {
		return 1
	}
	return 0
}

func TestCombine(t *testing.T) {
	rng := random(t)
	for op := And; op <= One; op++ {
		for round := range 300 {
			sources := make([][]byte, 1+rng.IntN(5))
			if op == Not {
				sources = sources[:1]
			}
			size, long := 40, 0
			if round < 3 {
				size = 2*blockBytes + 100
			}
			for i := range sources {
				sources[i] = randomBytes(rng, rng.IntN(size))
				long = max(long, len(sources[i]))
			}
			got, want := randomBytes(rng, long), make([]byte, long)
			Combine(op, got, sources)
			in := make([]byte, len(sources))
			for i := range int64(long) * 8 {
				for j, s := range sources {
					in[j] = Bit(s, i)
				}
				SetBit(want, i, truth(op, in))
			}
			for _, s := range sources {
				if len(s) == long { // in place
					Combine(op, s, sources)
					if !bytes.Equal(s, want) {
						t.Fatalf("operation %d in place: %x, want %x", op, s, want)
					}
					break
				}
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("operation %d on %x: %x, want %x", op, sources, got, want)
			}
		}
	}
}

// widths returns all there are.
func widths() (all []Width) {
	for n := uint8(1); n <= 64; n++ {
		if all = append(all, Width{n, true}); n < 64 {
			all = append(all, Width{n, false})
		}
	}
	return all
}

func TestLoadAndStore(t *testing.T) {
	rng := random(t)
	for _, w := range widths() {
		for range 200 {
			b := randomBytes(rng, 24)
			i := rng.Int64N(int64(len(b)*8-int(w.Bits)) + 1)
			v := w.wrap(int64(rng.Uint64()))
			want := bytes.Clone(b)
			for j := range int64(w.Bits) {
				SetBit(want, i+j, byte(uint64(v)>>(int64(w.Bits)-1-j)&1))
			}
			w.Store(b, i, v)
			if !bytes.Equal(b, want) {
				t.Fatalf("%v: storing %d at %d gives %x, want %x", w, v, i, b, want)
			}
			if got := w.Load(b, i); got != v {
				t.Fatalf("%v: %d at %d, want %d", w, got, i, v)
			}
			if got := w.Load(b[:i>>3], i); got != 0 {
				t.Fatalf("%v: %d beyond the end", w, got)
			}
		}
	}
}

// TestOverflow compares with numbers that cannot overflow.
func TestOverflow(t *testing.T) {
	rng := random(t)
	edges := []int64{0, 1, -1, 2, -2, 1<<63 - 1, -1 << 63, 1 << 62, -1 << 62}
	pick := func() int64 {
		if rng.IntN(2) == 0 {
			return edges[rng.IntN(len(edges))] >> rng.IntN(64)
		}
		return int64(rng.Uint64()) >> rng.IntN(64)
	}
	for _, w := range widths() {
		lowest, highest := w.limits()
		for range 1000 {
			old, by := w.wrap(pick()), pick()
			sum := new(big.Int).Add(big.NewInt(old), big.NewInt(by))
			fits := sum.Cmp(big.NewInt(lowest)) >= 0 && sum.Cmp(big.NewInt(highest)) <= 0
			for _, o := range []Overflow{Wrap, Saturate, Fail} {
				want, wantOK := old+by, fits || o != Fail
				switch {
				case fits:
				case o == Wrap:
					want = w.wrap(old + by)
				case o == Fail:
					want = 0
				case by > 0:
					want = highest
				default:
					want = lowest
				}
				if got, ok := w.Add(old, by, o); got != want || ok != wantOK {
					t.Fatalf("%v: %d + %d with %d: %d, %v, want %d, %v", w, old, by, o, got, ok, want, wantOK)
				}
			}
		}
	}
}

func BenchmarkCount(b *testing.B) {
	p := randomBytes(rand.New(rand.NewPCG(1, 2)), 1<<20)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		Count(p)
	}
}

func BenchmarkFind(b *testing.B) {
	p := make([]byte, 1<<20)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		Find(p, 1, 0, int64(len(p))*8)
	}
}

func BenchmarkCombine(b *testing.B) {
	p := make([]byte, 1<<20)
	q := make([]byte, 1<<20)
	dst := make([]byte, 1<<20)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		Combine(And, dst, [][]byte{p, q})
	}
}
