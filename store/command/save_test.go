package command

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func (r *rig) dumpPath() string { return r.s.Config.Path(r.s.Config.Dbfilename) }

// waitSave waits for the dump in the background.
func (r *rig) waitSave() {
	r.Helper()
	for range 2000 {
		r.advance(1)
		if r.s.saving.running == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
	r.Fatal("the dump does not end")
}

// A dump holds all data as it was when it began, whatever changes while it is written.
func TestSaveUnderWrites(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	write := func() []string {
		switch rng.IntN(40) {
		case 0:
			return bigWrite(rng)
		case 1:
			return []string{"SELECT", string(rune('0' + rng.IntN(3)))}
		case 2:
			return []string{"SWAPDB", "0", string(rune('0' + rng.IntN(3)))}
		}
		return randomWrite(rng)
	}
	r := newRig(t, "save 3600 1")
	for round := range 8 {
		for range 400 {
			r.send(write()...)
		}
		r.send("HPEXPIRE", "h1", "5000000", "FIELDS", "1", "elem")
		want := r.contents()
		save := r.s.beginSave()
		save.sink.chunk = 1 + rng.IntN(2000)
		for !save.done {
			save.steps(1 + rng.IntN(20)) // not the pump's slices, which would not let commands in between
			if rng.IntN(2) == 0 {
				r.send(write()...)
			}
		}
		if round%3 == 2 {
			r.send("FLUSHALL")
		}
		r.waitSave()
		l := newRig(t, "dir "+r.s.Config.Dir)
		got := l.contents()
		for k := range want {
			if got[k] != want[k] {
				t.Fatalf("round %d: %s is %.200q, was %.200q", round, k, got[k], want[k])
			}
		}
		if len(got) != len(want) {
			t.Fatalf("round %d: %d keys, want %d", round, len(got), len(want))
		}
	}
}

func TestSaveCommands(t *testing.T) {
	r := newRig(t)
	r.ok("SET key value")
	r.ok("SAVE")
	if _, err := os.Stat(r.dumpPath()); err != nil {
		t.Fatal(err)
	}
	r.want("BGSAVE now", "-ERR syntax error\r\n")
	r.want("BGSAVE SCHEDULE x", "-ERR syntax error\r\n")
	r.want("BGSAVE", "+Background saving started\r\n")
	r.want("BGSAVE", "-ERR Background save already in progress\r\n")
	r.want("SAVE", "-ERR Background save already in progress\r\n")
	r.advance(0)
	r.waitSave()
	if r.s.saving.saves != 2 || r.s.stats.Changes != 0 {
		t.Errorf("%d dumps, %d changes since", r.s.saving.saves, r.s.stats.Changes)
	}
	// Within a transaction it has to wait, and SAVE is not allowed.
	r.ok("MULTI")
	r.want("SAVE", "-ERR Command not allowed inside a transaction\r\n")
	r.ok("DISCARD")
	r.ok("MULTI")
	r.want("BGSAVE", "+QUEUED\r\n")
	r.want("EXEC", "*1\r\n+Background saving scheduled\r\n")
	if r.s.saving.running != nil {
		t.Error("a dump began inside a transaction")
	}
	r.s.Tick()
	r.waitSave()
	if r.s.saving.saves != 3 {
		t.Errorf("%d dumps", r.s.saving.saves)
	}
}

// While the log is rewritten a dump has to wait, and the other way round.
func TestSaveAndRewrite(t *testing.T) {
	r := newRig(t, "appendonly yes")
	r.ok("SET key value")
	r.want("BGREWRITEAOF", "+Background append only file rewriting started\r\n")
	r.want("BGSAVE", "-ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible.\r\n")
	r.want("BGSAVE SCHEDULE", "+Background saving scheduled\r\n")
	r.ok("SAVE") // brings the rewrite to its end first
	r.waitRewrite()
	for range 2000 {
		r.s.Tick()
		r.advance(1)
		if r.s.saving.saves == 2 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if r.s.saving.saves != 2 || r.s.saving.scheduled {
		t.Fatalf("%d dumps", r.s.saving.saves)
	}
	r.want("BGSAVE", "+Background saving started\r\n")
	r.want("BGREWRITEAOF", "+Background append only file rewriting scheduled\r\n")
	r.waitSave()
	r.s.Tick()
	for r.s.rewrite != nil {
		r.advance(1)
	}
	r.waitRewrite()
	if got := newRig(t, "dir "+r.s.Config.Dir).contents(); len(got) != 1 {
		t.Errorf("the dump holds %v", got)
	}
}

func TestSavePoints(t *testing.T) {
	r := newRig(t, "save 60 3", "save 300 1")
	tick := func(ms int64) int64 {
		r.advance(ms)
		r.s.Tick()
		r.advance(0)
		if r.s.saving.running != nil {
			r.waitSave()
		}
		return r.s.saving.saves
	}
	r.ok("MSET a 1 b 2")
	if n := tick(61_000); n != 0 {
		t.Fatalf("%d dumps after two changes in a minute", n)
	}
	r.ok("SET c 3")
	if n := tick(1000); n != 1 {
		t.Fatalf("%d dumps after three changes in a minute", n)
	}
	r.ok("SET d 4")
	if n := tick(200_000); n != 1 {
		t.Fatalf("%d dumps, one change is too few", n)
	}
	if n := tick(101_000); n != 2 {
		t.Fatalf("%d dumps, one change in five minutes is enough", n)
	}
	if n := tick(1_000_000); n != 2 {
		t.Fatalf("%d dumps, nothing has changed", n)
	}
	r.want("BGSAVE", "+Background saving started\r\n")
	r.ok("SELECT 1")
	r.ok("FLUSHDB") // it begins again
	r.waitSave()
	if n := tick(1); n != 3 {
		t.Fatalf("%d dumps, FLUSHDB is in the way of one", n)
	}
	r.ok("FLUSHALL")
	if n := tick(1); n != 4 {
		t.Fatalf("%d dumps, FLUSHALL wants one", n)
	}
	if got := newRig(t, "dir "+r.s.Config.Dir).contents(); len(got) != 0 {
		t.Errorf("after FLUSHALL the dump holds %v", got)
	}
}

// A dump that fails leaves the old one alone. With save points writes are refused until one succeeds.
func TestSaveFails(t *testing.T) {
	r := newRig(t, "save 3600 1")
	r.ok("SET key old")
	r.ok("SAVE")
	old, _ := os.ReadFile(r.dumpPath())
	blocker := filepath.Join(filepath.Dir(r.dumpPath()), "blocked.rdb")
	if err := os.MkdirAll(filepath.Join(blocker, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.s.Config.Dbfilename = "blocked.rdb" // a directory: nothing can take its place
	r.ok("SET key new")
	r.want("SAVE", "-ERR\r\n")
	r.ok("SET key new") // who asked has been told
	r.want("BGSAVE", "+Background saving started\r\n")
	r.waitSave()
	misconf := "-MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."
	for _, line := range []string{"SET key newer", "PING", "DEL key"} {
		if got := r.do(line); !strings.HasPrefix(got, misconf) {
			t.Errorf("%s: %q", line, got)
		}
	}
	if got := r.send("EVAL", "return redis.call('SET', 'key', 'newer')", "0"); !strings.Contains(got, "MISCONF") {
		t.Errorf("a script: %q", got)
	}
	r.want("GET key", "$3\r\nnew\r\n")
	r.want("SHUTDOWN", "-ERR Errors trying to SHUTDOWN. Check logs.\r\n")
	r.ok("CONFIG SET stop-writes-on-bgsave-error no")
	r.ok("SET key newer")
	r.ok("CONFIG SET stop-writes-on-bgsave-error yes")
	r.want("BGSAVE", "+Background saving started\r\n")
	r.waitSave()
	if !r.s.saving.failed {
		t.Error("it did not fail")
	}
	r.s.Config.Dbfilename = "dump.rdb"
	if now, _ := os.ReadFile(r.dumpPath()); string(now) != string(old) {
		t.Error("the old dump has changed")
	}
	r.ok("SAVE")
	r.ok("SET key newest")
	if names, _ := filepath.Glob(filepath.Join(filepath.Dir(r.dumpPath()), "temp-*")); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

// What is wrong with the dump file is said, and the server does not start without the data.
func TestDamagedDump(t *testing.T) {
	r := newRig(t)
	for _, line := range []string{"SET key value", "RPUSH list a b c", "SAVE"} {
		r.do(line)
	}
	whole, _ := os.ReadFile(r.dumpPath())
	for name, b := range map[string][]byte{"cut": whole[:len(whole)-12], "flipped": append([]byte(strings.Replace(string(whole), "value", "vALue", 1)), 0)[:len(whole)], "other": []byte("*1\r\n$4\r\nPING\r\n")} {
		os.WriteFile(r.dumpPath(), b, 0o644)
		l := newRig(t)
		l.s.Config.Dir = r.s.Config.Dir
		var failure error
		l.s.Load(nil, func(err error) { failure = err })
		l.settle()
		if failure == nil || !strings.HasPrefix(failure.Error(), "Fatal error loading the DB ") {
			t.Errorf("%s: %v", name, failure)
		}
	}
}

// Who comes from Redis has a dump file and no log, and did not say appendonly: the log begins with the data. With appendonly yes said, the
// dump does not count, as in Redis.
func TestLogBeginsWithDump(t *testing.T) {
	r := newRig(t)
	for _, line := range []string{"SET key value", "RPUSH list a b c", "SAVE"} {
		r.do(line)
	}
	want := r.contents()
	var l *rig
	start := func(given bool) {
		l = newRig(t, "dir "+t.TempDir())
		l.s.Config.Dir, l.s.Config.Appendonly, l.s.Config.AppendonlyGiven = r.s.Config.Dir, true, given
		l.s.Load(nil, func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		})
		l.settle()
	}
	start(true)
	if got := l.contents(); len(got) != 0 {
		t.Errorf("appendonly yes: %v", got)
	}
	l.s.CloseLog()
	os.RemoveAll(r.s.Config.Path(r.s.Config.Appenddirname))
	start(false)
	if got := l.contents(); !maps.Equal(got, want) {
		t.Errorf("the log begins with %v", got)
	}
	l.ok("SET more data")
	for l.s.rewrite != nil {
		l.advance(1)
	}
	l.waitRewrite()
	l.s.CloseLog()
	os.Remove(r.dumpPath())
	start(false)
	want["0:more"] = l.fakeClient.describe("more")
	if got := l.contents(); !maps.Equal(got, want) {
		t.Errorf("the log holds %v", got)
	}
}
