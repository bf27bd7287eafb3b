package arena

import (
	"fmt"
	"os"
	"runtime"
	"testing"
)

// resident returns the bytes of this process that are in memory, or 0 where
// the system does not tell.
func resident() int64 {
	var size, rss int64
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fmt.Sscan(string(b), &size, &rss)
	return rss * int64(os.Getpagesize())
}

func TestDefragReturnsMemory(t *testing.T) {
	rng := newRand(t)
	count := 1_000_000
	if invariants {
		count = 300_000
	}
	m := &model{t: t, a: newArena(t), rng: rng}
	runtime.GC()
	start := resident()
	for range count {
		m.alloc(40 + rng.Intn(60))
	}
	full, rssFull := m.a.Committed(), resident()
	for len(m.refs) > count/10 {
		m.free(rng.Intn(len(m.refs)))
	}
	trimAll(m.a)
	if got := m.a.Committed(); got < full*9/10 {
		t.Fatalf("freeing at random already emptied spans: %d of %d", got, full)
	}
	passes, peak := 0, m.a.Stats().Mapped
	for passes < 5 && m.defrag() > 0 {
		passes++
		trimAll(m.a)
		m.verifyAll()
	}
	used, held, rss := m.a.Used(), m.a.Committed(), resident()
	t.Logf("used %d MB; held %d MB full, %d MB after %d passes; resident %d -> %d -> %d MB",
		used>>20, full>>20, held>>20, passes, start>>20, rssFull>>20, rss>>20)
	if held > used*5/4+slackMin+16*spanBytesMin || held > full*2/3 {
		t.Fatalf("holds %d bytes for %d", held, used)
	}
	if m.a.Stats().Mapped > peak {
		t.Fatal("the move took new memory though the spans that stay had room")
	}
	if got := rssFull - rss; start > 0 && !invariants && got < (full-held)*8/10 {
		t.Fatalf("resident size fell by %d bytes, the arena says %d", got, full-held)
	}
	if m.a.BeginDefrag() > 8 {
		t.Fatal("defragmentation does not come to an end")
	}
	m.a.EndDefrag()
}

func TestNothingIsAllocatedFromEvacuees(t *testing.T) {
	m := &model{t: t, a: newArena(t), rng: newRand(t)}
	for range 20_000 {
		m.alloc(64)
	}
	for len(m.refs) > 5_000 {
		m.free(m.rng.Intn(len(m.refs)))
	}
	if m.a.BeginDefrag() == 0 {
		t.Fatal("nothing to defragment")
	}
	for range 2_000 {
		if r := m.a.Alloc(64); m.a.Sparse(r) {
			t.Fatalf("new slot %#x is sparse", r)
		}
	}
	check(t, m.a)
	m.a.EndDefrag()
	for _, r := range m.refs {
		if m.a.Sparse(r) {
			t.Fatal("sparse after EndDefrag")
		}
	}
	check(t, m.a)
}
