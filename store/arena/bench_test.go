package arena

import (
	"fmt"
	"math/rand"
	"testing"
	"time"
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

// BenchmarkHugePages compares page sizes: the time to fill a slot, the time of
// a random access that depends on the one before, and resident bytes per slot,
// with all slots live and after nine in ten were freed in long stretches.
func BenchmarkHugePages(b *testing.B) {
	for _, huge := range []bool{false, true} {
		b.Run(fmt.Sprintf("huge=%v", huge), func(b *testing.B) {
			for range b.N {
				benchPages(b, huge)
			}
		})
	}
}

func benchPages(b *testing.B, huge bool) {
	const slots, reads = 8 << 20, 4 << 20
	a := New(Options{HugePages: huge})
	defer a.Close()
	refs := make([]uint32, slots) // 32 bits are enough here
	before := resident()
	start := time.Now()
	for i := range refs {
		r := a.Alloc(64)
		clear(a.Bytes(r, 64))
		refs[i] = uint32(r)
	}
	b.ReportMetric(float64(time.Since(start))/slots, "ns/fill")
	b.ReportMetric(float64(resident()-before)/slots, "B/slot")
	start = time.Now()
	x := uint64(1)
	for range reads {
		x = x*6364136223846793005 + 1442695040888963407
		x += uint64(a.Bytes(Ref(refs[x>>41]), 64)[16])
	}
	b.ReportMetric(float64(time.Since(start))/reads, "ns/read")
	for i, r := range refs {
		if i%100_000 >= 10_000 {
			a.Free(Ref(r))
		}
	}
	start = time.Now()
	released, _ := a.Trim(16 << 20)
	b.ReportMetric(float64(released>>20), "MB/trim")
	b.ReportMetric(float64(time.Since(start)/time.Microsecond), "us/trim")
	trimAll(a)
	b.ReportMetric(float64(resident()-before)/slots, "B/slot-freed")
}
