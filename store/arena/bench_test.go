package arena

import (
	"math/rand"
	"testing"
)

func BenchmarkAllocFree(b *testing.B) {
	a := newArena(b)
	for i := 0; i < b.N; i++ {
		a.Free(a.Alloc(16 + i&127))
	}
}

// BenchmarkChurn replaces random slots among a million of mixed sizes.
func BenchmarkChurn(b *testing.B) {
	a := newArena(b)
	rng := rand.New(rand.NewSource(1))
	refs := make([]Ref, 1<<20)
	for i := range refs {
		refs[i] = a.Alloc(16 + rng.Intn(100))
	}
	b.ResetTimer()
	x := uint64(1)
	for i := 0; i < b.N; i++ {
		x = x*6364136223846793005 + 1442695040888963407
		j := x >> 44
		a.Free(refs[j])
		refs[j] = a.Alloc(16 + int(x>>32)%100)
	}
}

// BenchmarkFill includes the first touch of each page.
func BenchmarkFill(b *testing.B) {
	a := newArena(b)
	for i := 0; i < b.N; i++ {
		a.Bytes(a.Alloc(64), 64)[0] = 1
	}
}
