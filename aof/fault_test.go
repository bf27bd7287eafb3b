package aof

import (
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

func init() {
	retryEvery = 2 * time.Millisecond
	syncEvery = 3 * time.Millisecond
	slowSync = 40 * time.Millisecond
}

// snapshot is a crashed copy of the disk and what was promised at that moment.
type snapshot struct {
	op    int
	what  string
	power bool
	disk  *memFS
	acked int // effects acknowledged: all of these must be there
	sent  int // effects appended: none but these may be there
}

// rig drives a log on a memFS: effects are "RPUSH e n" with n counting up, so
// what a load finds must be 1, 2, ... k, whatever was rewritten and failed.
type rig struct {
	t     testing.TB
	fs    *memFS
	o     Options
	l     *Log
	ends  []int64 // offset behind effect i+1
	live  bool    // the log stands for the data set; false while it is being enabled
	acked atomic.Int64
	sent  atomic.Int64
	shots []snapshot
	rng   *rand.Rand // under the file system's lock

	flushes int
}

func newRig(t testing.TB, p Policy, seed int64) *rig {
	g := &rig{t: t, fs: newMemFS(), live: true, rng: rand.New(rand.NewSource(seed))}
	g.o = Options{Dir: "/d/aof", Name: "a", Policy: p, LoadTruncated: true, FS: g.fs}
	return g
}

// failAt makes operations from..from+count-1 fail, and takes a crashed copy of the
// disk before each operation.
func (g *rig) failAt(from, count int) {
	g.fs.before = func(op int, kind, path string) (int, error) {
		g.shoot(op, kind+" "+path)
		if op >= from && op < from+count {
			return g.rng.Intn(40), errInjected
		}
		return 0, nil
	}
}

// shoot runs under the file system's lock: acked is read before the disk is
// copied and sent after.
func (g *rig) shoot(op int, what string) {
	for _, power := range []bool{false, true} {
		s := snapshot{op: op, what: what, power: power, acked: int(g.acked.Load())}
		s.disk = g.fs.crash(power, func(n int) int { return g.rng.Intn(n + 1) })
		s.sent = int(g.sent.Load())
		g.shots = append(g.shots, s)
	}
}

// push appends the next n effects as one batch.
func (g *rig) push(n int) {
	if n > 1 {
		g.l.Multi(0)
	}
	for range n {
		g.sent.Add(1)
		g.l.Append(0, words(fmt.Sprint("RPUSH e ", g.sent.Load()))...)
	}
	if n > 1 {
		g.l.Exec()
	}
	end := g.l.EndBatch(time.Now().UnixMilli() + 1000*g.sent.Load())
	for len(g.ends) < int(g.sent.Load()) {
		g.ends = append(g.ends, end)
	}
}

// settle waits until everything pushed is durable, acknowledging as it goes.
func (g *rig) settle() bool {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		durable := g.l.Durable()
		acked := int(g.acked.Load())
		for acked < len(g.ends) && g.ends[acked] <= durable {
			acked++
		}
		if g.live {
			g.acked.Store(int64(acked))
		}
		if durable >= g.l.Appended() {
			return true
		}
		if g.l.NeedsRewrite() {
			return false
		}
		if g.l.Policy() != Always {
			return g.flush()
		}
		time.Sleep(100 * time.Microsecond)
	}
	g.t.Fatalf("%d bytes appended, %d durable after half a minute, error %v", g.l.Appended(), g.l.Durable(), g.l.Err())
	return false
}

// flush is settle for the other policies; every other time it leaves the
// effects to the second's sync.
func (g *rig) flush() bool {
	if g.flushes++; g.flushes%2 == 0 {
		return true
	}
	if g.l.Flush(30*time.Second) != nil {
		return !g.l.NeedsRewrite()
	}
	if g.live {
		g.acked.Store(g.sent.Load())
	}
	return true
}

// rewrite runs a whole rewrite; effects are pushed while it goes on.
func (g *rig) rewrite() error {
	outcome := make(chan error, 1)
	r, err := g.l.BeginRewrite(func(err error) { outcome <- err })
	if err != nil {
		return err
	}
	return g.complete(r, outcome)
}

func (g *rig) complete(r *Rewrite, outcome chan error) error {
	until := int(g.sent.Load())
	g.push(1)
	for i := 1; i <= until; i++ {
		r.Append(0, []byte("RPUSH"), []byte("e"), strconv.AppendInt(nil, int64(i), 10))
	}
	g.push(2)
	r.Commit()
	select {
	case err := <-outcome:
		if err == nil {
			g.live = true
		}
		for g.l.rewrite.Load() != nil {
			time.Sleep(time.Millisecond)
		}
		return err
	case <-time.After(30 * time.Second):
		g.t.Fatalf("the rewrite does not end; log error %v", g.l.Err())
		return nil
	}
}

// script is a life of a log.
func (g *rig) script() {
	var err error
	for range 8 { // opening is allowed to fail, cleanly
		if g.l, err = Open(g.o); err == nil {
			break
		}
	}
	if err != nil {
		g.t.Fatal(err)
	}
	for i := range 3 {
		g.push(1 + i%2)
		g.settle()
	}
	g.rewrite() // failing is its right
	g.settle()
	g.push(1)
	g.settle()
	g.rewrite()
	g.push(2)
	if !g.settle() && g.l.NeedsRewrite() {
		g.repair()
	}
	if err := g.l.Close(); err == nil {
		g.acked.Store(g.sent.Load())
	}
}

// repair does what a caller does on NeedsRewrite.
func (g *rig) repair() {
	for range 5 {
		if g.rewrite() == nil {
			g.push(1)
			if g.settle() {
				return
			}
		}
	}
	g.t.Fatal("five rewrites did not repair the log")
}

// check loads every crashed copy, twice: a load may cut, never lose.
func (g *rig) check() {
	g.shots = append(g.shots, snapshot{what: "end", disk: g.fs, acked: int(g.acked.Load()), sent: int(g.sent.Load())})
	g.fs.before = nil
	for _, s := range g.shots {
		o := g.o
		o.FS = s.disk
		for pass := range 2 {
			n, err := countEffects(o)
			if s.disk.dropOnSyncError && !s.power && errors.Is(err, errBad) {
				// The process was killed between the kernel's dropping the pages and
				// the cut: zeros with newer bytes behind them. A loud refusal is right.
				break
			}
			if err != nil || n < s.acked || n > s.sent {
				g.t.Fatalf("crash before operation %d (%s), power loss %v, pass %d: %d effects, want %d..%d, error %v\nfiles %v",
					s.op, s.what, s.power, pass, n, s.acked, s.sent, err, s.disk.dump())
			}
		}
	}
}

func (m *memFS) dump() []string {
	var out []string
	for path, n := range m.files {
		out = append(out, fmt.Sprintf("\n%s: %q", path, n.data))
	}
	slices.Sort(out)
	return out
}

// countEffects loads and demands 1, 2, ... n.
func countEffects(o Options) (int, error) {
	n := 0
	_, err := Load(o, func(args [][]byte) error {
		if string(args[0]) == "SELECT" {
			return nil
		}
		if n++; string(args[2]) != strconv.Itoa(n) {
			return fmt.Errorf("effect %s comes as number %d", args[2], n)
		}
		return nil
	}, nil)
	return n, err
}

// operations counts what the script does to the disk when all goes well.
func operations(t testing.TB, p Policy) int {
	g := newRig(t, p, 1)
	g.script()
	return g.fs.ops
}

// TestCrashAnywhere crashes before every operation, without failures.
func TestCrashAnywhere(t *testing.T) {
	for _, p := range []Policy{Always, EverySec, No} {
		for seed := range int64(5) {
			g := newRig(t, p, seed)
			g.failAt(0, 0)
			g.script()
			if g.l.Err() != nil || g.acked.Load() != g.sent.Load() {
				t.Fatalf("a quiet life ended with %v", g.l.Err())
			}
			g.check()
		}
	}
}

// TestFailAnywhere fails each operation, alone and with those behind it, and
// crashes before every one.
func TestFailAnywhere(t *testing.T) {
	for _, p := range []Policy{Always, EverySec} {
		for _, drop := range []bool{false, true} {
			ops := operations(t, p) + 10
			for from := 1; from <= ops; from++ {
				for _, count := range []int{1, 2, 5} {
					name := fmt.Sprintf("%v/drop=%v/%d+%d", p, drop, from, count)
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						g := newRig(t, p, int64(from*10+count))
						g.fs.dropOnSyncError = drop
						g.failAt(from, count)
						g.script()
						g.check()
					})
				}
			}
		}
	}
}
