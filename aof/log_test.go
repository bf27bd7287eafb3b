package aof

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"spindle/resp"
)

// options returns options for a log in a fresh directory that logs to t.
func options(t testing.TB) Options {
	return Options{
		Dir: t.TempDir() + "/appendonlydir", Name: "appendonly.aof", LoadTruncated: true,
	}
}

// loadAll returns the commands of the log, one string each.
func loadAll(t testing.TB, o Options) []string {
	t.Helper()
	got, err := tryLoad(o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// tryLoad loads without the SELECTs and tells the database in front instead.
func tryLoad(o Options) ([]string, error) {
	var got []string
	db := "0"
	_, err := Load(o, func(args [][]byte) error {
		if string(args[0]) == "SELECT" {
			db = string(args[1])
			return nil
		}
		words := []string{db + ":"}
		for _, a := range args {
			words = append(words, string(a))
		}
		got = append(got, strings.Join(words, " "))
		return nil
	}, nil)
	return got, err
}

func words(s string) [][]byte {
	var args [][]byte
	for _, f := range strings.Fields(s) {
		args = append(args, []byte(f))
	}
	return args
}

func same(t testing.TB, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("loaded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAppendAndLoad(t *testing.T) {
	o := options(t)
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	l.Append(0, words("SET a 1")...)
	l.Append(3, words("SET b 2")...)
	l.Multi(3)
	l.Append(3, words("SET c 3")...)
	l.Append(0, words("SET d 4")...)
	l.Exec()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"0: SET a 1", "3: SET b 2", "3: SET c 3", "0: SET d 4"}
	same(t, loadAll(t, o), want...)
	l, err = Open(o)
	if err != nil {
		t.Fatal(err)
	}
	l.Append(0, words("SET e 5")...)
	outcome := make(chan error, 1)
	r, err := l.BeginRewrite(func(err error) { outcome <- err })
	if err != nil {
		t.Fatal(err)
	}
	l.Append(1, words("SET f 6")...)
	r.Append(0, words("MSET a 1 e 5")...)
	r.Append(3, words("MSET b 2 c 3")...)
	r.Commit()
	if err := <-outcome; err != nil {
		t.Fatal(err)
	}
	if err := l.Flush(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	same(t, loadAll(t, o), "0: MSET a 1 e 5", "3: MSET b 2 c 3", "1: SET f 6")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// memLog opens a log in memory.
func memLog(t testing.TB, o Options) (*memFS, *Log) {
	t.Helper()
	fsys := newMemFS()
	o.Dir, o.Name, o.FS = "/d/aof", "a", fsys
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return fsys, l
}

// TestTimestamps: one annotation a second and one in front of a new file, none
// inside a block.
func TestTimestamps(t *testing.T) {
	fsys, l := memLog(t, Options{FileTimestamp: true})
	l.EndBatch(1_700_000_000_900)
	l.Append(0, words("SET a 1")...)
	l.Append(0, words("SET b 1")...)
	l.EndBatch(1_700_000_001_100)
	l.Multi(0)
	l.EndBatch(1_700_000_002_100)
	l.Append(0, words("SET c 1")...)
	l.Exec()
	l.Append(0, words("SET d 1")...)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want := "#TS:1700000000\r\n" + command("SELECT 0") + command("SET a 1") + command("SET b 1") +
		"#TS:1700000001\r\n" + command("MULTI") + command("SET c 1") + command("EXEC") + "#TS:1700000002\r\n" + command("SET d 1")
	if got := string(fsys.files["/d/aof/a.1.incr.aof"].data); got != want {
		t.Fatalf("%q\nwant\n%q", got, want)
	}
}

// TestAppendDoesNotAllocate pins the hot path, the writer's side included.
func TestAppendDoesNotAllocate(t *testing.T) {
	if resp.Invariants {
		t.Skip("built with invariants")
	}
	for _, p := range []Policy{EverySec, No} {
		o := options(t)
		o.Policy = p
		l, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		args := words("SET key:123456 value-of-thirty-two-bytes-abcdefgh")
		now := int64(1_700_000_000_000)
		i := 0
		body := func() {
			i++
			l.Append(i>>10&1, args...)
			if i&15 == 0 {
				now++
				l.EndBatch(now)
			}
		}
		for range 50_000 {
			body() // fills the pool
		}
		if n := testing.AllocsPerRun(50_000, body); n != 0 {
			t.Fatalf("%v: an append allocates %v times", p, n)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBackPressure: with a slow disk the loop waits, tells, and loses nothing.
func TestBackPressure(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	o := Options{QueueBytes: 128 << 10, Policy: No, Logf: func(_ Level, format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, fmt.Sprintf(format, args...))
	}}
	fsys, l := memLog(t, o)
	var most atomic.Int64
	fsys.pause = func(string) {
		time.Sleep(time.Millisecond)
		most.Store(max(most.Load(), l.Status().BufferBytes))
	}
	value := bytes.Repeat([]byte("v"), 1000)
	for range 2000 {
		l.Append(0, []byte("RPUSH"), []byte("e"), value)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	st := l.Status()
	if st.Stalls == 0 || st.DelayedSyncs < st.Stalls || st.BufferBytes != 0 {
		t.Fatalf("%+v", st)
	}
	if m := most.Load(); m > 128<<10+handOverBytes+2000 {
		t.Fatalf("%d bytes waited", m)
	}
	mu.Lock()
	told := strings.Join(lines, "\n")
	mu.Unlock()
	if !strings.Contains(told, "The AOF writer cannot keep up") {
		t.Fatalf("no log line: %q", told)
	}
	l.o.FS.(*memFS).pause = nil
	if got := loadAll(t, l.o); len(got) != 2000 {
		t.Fatalf("%d effects", len(got))
	}
}

// TestSlowSync: under EverySec writes go on beside a sync that hangs, which is
// told and counted; a Flush in the meantime times out.
func TestSlowSync(t *testing.T) {
	fsys, l := memLog(t, Options{})
	release := make(chan bool)
	var held atomic.Int32
	fsys.pause = func(kind string) {
		if kind == "sync" && held.Add(1) == 1 {
			<-release
		}
	}
	l.Append(0, words("SET a 1")...)
	l.EndBatch(l.nowMs + 10)
	until(t, "the sync to begin", func() bool { return held.Load() > 0 })
	end := l.Appended()
	l.Append(0, words("SET b 1")...)
	l.EndBatch(l.nowMs + 20)
	until(t, "a write beside the sync", func() bool { return l.Written() == l.Appended() })
	if l.Durable() != 0 || l.Status().PendingSyncs != 1 {
		t.Fatalf("durable %d, %+v", l.Durable(), l.Status())
	}
	until(t, "the delay to be counted", func() bool { return l.Status().DelayedSyncs == 1 })
	if err := l.Flush(5 * time.Millisecond); !errors.Is(err, errTimeout) {
		t.Fatalf("flush: %v", err)
	}
	release <- true
	until(t, "the first effect to be durable", func() bool { return l.Durable() >= end })
	until(t, "all effects to be durable", func() bool { return l.Durable() == l.Appended() })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// until polls for at most half a minute.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatal("waited in vain for " + what)
		}
		time.Sleep(50 * time.Microsecond)
	}
}

// TestGroupCommit: batches that queue up during one sync share the next one.
func TestGroupCommit(t *testing.T) {
	fsys, l := memLog(t, Options{Policy: Always})
	release := make(chan bool)
	var syncs atomic.Int32
	fsys.pause = func(kind string) {
		if kind == "sync" && syncs.Add(1) == 1 {
			<-release
		}
	}
	for i := range 100 {
		l.Append(0, words(fmt.Sprint("SET k ", i))...)
		l.EndBatch(l.nowMs)
		if i == 0 {
			until(t, "the first sync", func() bool { return syncs.Load() == 1 })
		}
	}
	if l.Durable() != 0 {
		t.Fatal("durable during the first sync")
	}
	release <- true
	until(t, "all batches", func() bool { return l.Durable() == l.Appended() })
	if n := syncs.Load(); n > 3 {
		t.Fatalf("%d syncs for 100 batches", n)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFullDisk: while nothing can be written Err tells, appends do not block,
// Close says that effects are missing, and none of them is half there. With room the
// log recovers by itself.
func TestFullDisk(t *testing.T) {
	for _, heals := range []bool{true, false} {
		var full atomic.Bool
		var changes atomic.Int32
		fsys, l := memLog(t, Options{Policy: Always, QueueBytes: 100 << 10, OnDurable: func(int64) { changes.Add(1) }})
		fsys.mu.Lock()
		fsys.before = func(_ int, kind, _ string) (int, error) {
			if full.Load() && kind == "write" {
				return 7, errInjected
			}
			return 0, nil
		}
		fsys.mu.Unlock()
		l.Append(0, words("SET a 1")...)
		end := l.EndBatch(l.nowMs)
		until(t, "the first effect", func() bool { return l.Durable() >= end })
		full.Store(true)
		l.Append(0, words("SET b 1")...)
		l.EndBatch(l.nowMs)
		until(t, "the error", func() bool { return l.Err() != nil })
		if want := "Error writing to the AOF file: injected failure"; l.Err().Error() != want || l.Status().LastWriteOK {
			t.Fatalf("%v, want %s", l.Err(), want)
		}
		for range 3000 { // more than the queue holds: expired keys go on being deleted
			l.Append(0, []byte("DEL"), bytes.Repeat([]byte("k"), 100))
			l.EndBatch(l.nowMs)
		}
		if l.Durable() != end {
			t.Fatal("durable without a write")
		}
		if heals {
			full.Store(false)
			until(t, "recovery", func() bool { return l.Err() == nil && l.Durable() == l.Appended() })
		}
		err := l.Close()
		if (err == nil) != heals {
			t.Fatalf("close: %v", err)
		}
		full.Store(false)
		want := 1
		if heals {
			want = 3002
		}
		if got := loadAll(t, l.o); len(got) != want {
			t.Fatalf("heals %v: %d effects, want %d", heals, len(got), want)
		}
	}
}

// TestRewriteFailures: each leaves the log whole, and says so in Status.
func TestRewriteFailures(t *testing.T) {
	outcome := make(chan error, 1)
	done := func(err error) { outcome <- err }
	fsys, l := memLog(t, Options{})
	l.Append(0, words("SET a 1")...)
	l.Multi(0)
	if _, err := l.BeginRewrite(done); !errors.Is(err, errInBlock) {
		t.Fatalf("inside a block: %v", err)
	}
	l.Exec()
	r, err := l.BeginRewrite(done)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.BeginRewrite(done); !errors.Is(err, errRewriting) {
		t.Fatalf("twice: %v", err)
	}
	if st := l.Status(); !st.RewriteInProgress || st.CurrentRewriteSec != 0 || st.Rewrites != 1 {
		t.Fatalf("%+v", st)
	}
	r.Abort()
	r.Append(0, words("SET half 1")...)
	r.Commit()
	if err := <-outcome; !errors.Is(err, ErrAborted) {
		t.Fatal(err)
	}
	r.Abort() // too late to do anything
	until(t, "the end", func() bool { return !l.Status().RewriteInProgress })
	if st := l.Status(); st.LastRewriteOK || st.ConsecutiveFailures != 1 {
		t.Fatalf("%+v", st)
	}
	if names := fsys.names("temp-"); len(names) > 0 {
		t.Fatalf("left behind: %v", names)
	}
	if _, err = l.BeginRewrite(done); err != nil {
		t.Fatal(err)
	}
	l.Append(0, words("SET b 1")...)
	if err := l.Close(); err != nil { // in the middle
		t.Fatal(err)
	}
	if err := <-outcome; !errors.Is(err, errClosed) {
		t.Fatal(err)
	}
	same(t, loadAll(t, l.o), "0: SET a 1", "0: SET b 1")
}

// TestRewriteSizes: the sizes that automatic rewrites go by, and old files gone.
func TestRewriteSizes(t *testing.T) {
	o := options(t)
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		l.Append(0, words("SET a 1")...)
	}
	if err := l.Flush(30 * time.Second); err != nil {
		t.Fatal(err)
	}
	st := l.Status()
	if st.CurrentSize != 23+27000 || st.BaseSize != 0 || st.LastRewriteSec != -1 {
		t.Fatalf("%+v", st)
	}
	outcome := make(chan error, 1)
	r, err := l.BeginRewrite(func(err error) { outcome <- err })
	if err != nil {
		t.Fatal(err)
	}
	r.Append(0, words("SET a 1")...)
	r.Commit()
	if err := <-outcome; err != nil {
		t.Fatal(err)
	}
	if st := l.Status(); st.CurrentSize != 50 || st.BaseSize != 50 || st.RewriteInProgress || st.LastRewriteSec != 0 {
		t.Fatalf("%+v", st)
	}
	until(t, "the old files to go", func() bool {
		files, _ := os.ReadDir(o.Dir)
		text, _ := os.ReadFile(filepath.Join(o.Dir, "appendonly.aof.manifest"))
		return len(files) == 3 && string(text) == "file appendonly.aof.2.base.aof seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n"
	})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestConcurrentQueries: everything that any goroutine may ask, under the race
// detector, while the loop appends and rewrites.
func TestConcurrentQueries(t *testing.T) {
	_, l := memLog(t, Options{Policy: Always})
	stop := make(chan bool)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if d, w := l.Durable(), l.Written(); d > w {
					t.Errorf("%d durable of %d written", d, w)
				}
				_, _, _, _ = l.Err(), l.Status(), l.NeedsRewrite(), l.Policy()
			}
		})
	}
	outcome := make(chan error, 1)
	for i := range 2000 {
		l.Append(i%3, words("SET a 1")...)
		l.EndBatch(int64(i))
		switch i % 100 {
		case 10:
			l.SetPolicy(Policy(i / 100 % 3))
		case 50:
			r, err := l.BeginRewrite(func(err error) { outcome <- err })
			if err != nil {
				t.Fatal(err)
			}
			r.Append(0, words("SET a 1")...)
			r.Commit()
			if err := <-outcome; err != nil {
				t.Fatal(err)
			}
		}
	}
	close(stop)
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// nullFS takes writes and keeps nothing.
type nullFS struct{ osFS }

type nullFile struct{ File }

func (nullFile) Write(p []byte) (int, error) { return len(p), nil }

func (nullFS) OpenFile(path string, flag int) (File, error) {
	f, err := osFS{}.OpenFile(path, flag)
	if strings.Contains(path, "incr") {
		return nullFile{f}, err
	}
	return f, err
}

func BenchmarkAppend(b *testing.B) {
	for name, fsys := range map[string]FS{"disk": osFS{}, "null": nullFS{}} {
		b.Run(name, func(b *testing.B) {
			o := options(b)
			o.FS = fsys
			l, err := Open(o)
			if err != nil {
				b.Fatal(err)
			}
			args := words("SET key:123456 value-of-thirty-two-bytes-abcdefgh")
			b.ReportAllocs()
			b.SetBytes(int64(len(resp.AppendCommand(nil, args...))))
			i := int64(0)
			for b.Loop() {
				i++
				l.Append(0, args...)
				if i&15 == 0 {
					l.EndBatch(i >> 10)
				}
			}
			b.StopTimer()
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
