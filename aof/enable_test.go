package aof

import (
	"fmt"
	"testing"
)

// enableScript turns a log on over a data set that is already in memory.
func (g *rig) enableScript() {
	g.live = false
	for range 5 {
		g.sent.Add(1) // known to the data set alone
		g.ends = append(g.ends, 0)
	}
	outcome := make(chan error, 1)
	var r *Rewrite
	var err error
	for range 8 {
		if g.l, r, err = Enable(g.o, func(err error) { outcome <- err }); err == nil {
			break
		}
	}
	if err != nil {
		g.t.Fatal(err)
	}
	g.complete(r, outcome)
	if g.l.NeedsRewrite() {
		g.repair()
	}
	g.push(1)
	g.settle()
	g.rewrite()
	g.push(1)
	if !g.settle() && g.l.NeedsRewrite() {
		g.repair()
	}
	if err := g.l.Close(); err == nil {
		g.acked.Store(g.sent.Load())
	}
}

// TestEnableFailAnywhere crashes and fails while a log is being enabled: until the first
// commit there is no log, from then on it is whole.
func TestEnableFailAnywhere(t *testing.T) {
	for _, p := range []Policy{Always, EverySec} {
		g := newRig(t, p, 1)
		g.failAt(0, 0)
		g.enableScript()
		if g.l.Err() != nil || g.acked.Load() != g.sent.Load() {
			t.Fatalf("a quiet life ended with %v", g.l.Err())
		}
		g.check()
		ops := g.fs.ops + 10
		for from := 1; from <= ops; from++ {
			for _, count := range []int{1, 3} {
				t.Run(fmt.Sprintf("%v/%d+%d", p, from, count), func(t *testing.T) {
					t.Parallel()
					g := newRig(t, p, int64(from))
					g.fs.dropOnSyncError = from%2 == 0
					g.failAt(from, count)
					g.enableScript()
					g.check()
				})
			}
		}
	}
}

// TestEnableOverOldLog enables a log in a directory that holds an older one.
func TestEnableOverOldLog(t *testing.T) {
	o := options(t)
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	l.Append(0, words("SET old 1")...)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	outcome := make(chan error, 1)
	l, r, err := Enable(o, func(err error) { outcome <- err })
	if err != nil {
		t.Fatal(err)
	}
	r.Abort()
	if err := <-outcome; err == nil {
		t.Fatal("an aborted rewrite succeeded")
	}
	if !l.NeedsRewrite() {
		t.Fatal("the log takes itself for whole without a base")
	}
	same(t, loadAll(t, o), "0: SET old 1")
	for l.rewrite.Load() != nil {
	}
	if r, err = l.BeginRewrite(func(err error) { outcome <- err }); err != nil {
		t.Fatal(err)
	}
	l.Append(2, words("SET later 1")...)
	r.Append(1, words("SET new 1")...)
	r.Commit()
	if err := <-outcome; err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, loadAll(t, o), "1: SET new 1", "2: SET later 1")
}
