package command

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSortByKey compares with a stable sort, on few and many keys of few and many bytes.
func TestSortByKey(t *testing.T) {
	const seed = 11
	rng := rand.New(rand.NewPCG(seed, seed))
	for _, n := range []int{0, 1, 2, 63, 64, 65, 1000, 5000} {
		for _, limit := range []uint64{1, 2, 300, 1 << 40, math.MaxUint64} {
			a := make([]sortKey, n)
			for i := range a {
				a[i] = sortKey{rng.Uint64N(limit) << rng.IntN(2), i}
			}
			want := slices.Clone(a)
			slices.SortStableFunc(want, func(x, y sortKey) int { return cmp.Compare(x.key, y.key) })
			if got := sortByKey(a); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %d keys below %d are out of order", seed, n, limit)
			}
		}
	}
}

func TestFloatKeyKeepsOrder(t *testing.T) {
	floats := []float64{math.Inf(-1), -math.MaxFloat64, -1.5, -1, -math.SmallestNonzeroFloat64, 0, math.SmallestNonzeroFloat64, 1, 1.5, math.MaxFloat64, math.Inf(1)}
	for i, f := range floats[1:] {
		if floatKey(floats[i]) >= floatKey(f) {
			t.Errorf("%v is not below %v", floats[i], f)
		}
	}
	if floatKey(math.Copysign(0, -1)) != floatKey(0) {
		t.Error("there are two zeros")
	}
}

func TestArrange(t *testing.T) {
	const seed = 12
	rng := rand.New(rand.NewPCG(seed, seed))
	for n := range 200 {
		keys, a, want := make([]sortKey, n), make([]int, n), make([]int, n)
		for i, pos := range rng.Perm(n) {
			keys[i].pos, a[i], want[i] = pos, 10*i, 10*pos
		}
		if arrange(a, keys); !slices.Equal(a, want) {
			t.Fatalf("%v, want %v", a, want)
		}
	}
}
