package acceptance

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"spindle/bench/servers"
)

// keepDumps has a server live by its dump file alone.
var keepDumps = []string{"--appendonly", "no", "--save", "3600 1"}

// The tool that comes with Redis accepts our dumps, redis-server loads them, and we load its.
func TestDumpsAreRedis(t *testing.T) {
	check := lookPath(t, "redis-check-rdb")
	for _, compress := range []string{"yes", "no"} {
		s := servers.SpindleT(t, append(keepDumps, "--rdbcompression", compress)...)
		c := s.ClientT(t)
		expected := fill(t, c)
		want(t, c, "OK", "SAVE")
		s.Kill()
		dump := filepath.Join(s.Dir, "dump.rdb")
		if out, err := exec.Command(check, dump).CombinedOutput(); err != nil {
			t.Errorf("redis-check-rdb: %v\n%s", err, out)
		}
		r := servers.RedisT(t, append(keepDumps, "--dir", s.Dir)...)
		rc := r.ClientT(t)
		if got := contents(t, rc); got != expected {
			t.Errorf("redis-server reads:\n%s\nwant:\n%s", got, expected)
		}
		want(t, rc, "OK", "SET", "after", "the dump")
		expected = contents(t, rc)
		want(t, rc, "OK", "SAVE")
		r.Kill()
		again := servers.SpindleT(t, append(keepDumps, "--dir", s.Dir)...)
		if got := contents(t, again.ClientT(t)); got != expected {
			t.Errorf("we read:\n%s\nwant:\n%s", got, expected)
		}
	}
}

// An orderly end saves if there are save points, and the next start finds the data.
func TestDumpAtTheEnd(t *testing.T) {
	cmd, s := startForStatus(t, keepDumps...)
	expected := fill(t, s.ClientT(t))
	cmd.Process.Signal(syscall.SIGTERM)
	if status := waitStatus(t, cmd); status != 0 {
		t.Errorf("status %d\n%s", status, readFile(t, filepath.Join(s.Dir, "log")))
	}
	again := servers.SpindleT(t, append(keepDumps, "--dir", s.Dir)...)
	if got := contents(t, again.ClientT(t)); got != expected {
		t.Errorf("we read:\n%s\nwant:\n%s", got, expected)
	}
	if log := again.LogTail(20); !strings.Contains(log, "DB loaded from disk: ") || !strings.Contains(log, "Done loading RDB, keys loaded: ") {
		t.Errorf("the log says:\n%s", log)
	}
}

// A kill at any point of a dump leaves the last one that was complete.
func TestKillDuringDump(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	const keys = 100_000
	s := servers.SpindleT(t, keepDumps...)
	c := s.ClientT(t)
	for i := range keys {
		c.Send("SET", fmt.Sprint("key:", i), strings.Repeat("v", i%60))
	}
	for range keys {
		c.Receive()
	}
	want(t, c, "OK", "MSET", "first", "0", "last", "0")
	want(t, c, "OK", "SAVE")
	for round := 1; round <= 8; round++ {
		n := fmt.Sprint(round)
		want(t, c, "OK", "MSET", "first", n, "last", n)
		want(t, c, "Background saving started", "BGSAVE")
		time.Sleep(time.Duration(rng.IntN(120)) * time.Millisecond)
		c.Send("SET", "last", "too late")
		c.Receive()
		s.Kill()
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		c = s.ClientT(t)
		first := fmt.Sprint(c.Do("GET", "first"))
		want(t, c, first, "GET", "last")
		want(t, c, fmt.Sprint(keys+2), "DBSIZE")
		if first != n && first != fmt.Sprint(round-1) {
			t.Fatalf("round %d: the data is that of round %v", round, first)
		}
		want(t, c, "OK", "MSET", "first", n, "last", n)
		want(t, c, "OK", "SAVE")
	}
}

// While a dump does not fit on the disk, writes are refused and nothing else; the last good one stays.
func TestDumpOnFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir).Run(); err != nil {
		t.Skip("skipped: cannot mount a small file system: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 2 /* MNT_DETACH */) })
	s := servers.SpindleT(t, append(keepDumps, "--dir", dir, "--rdbcompression", "no")...)
	c := s.ClientT(t)
	want(t, c, "OK", "SET", "k", "v")
	want(t, c, "OK", "SAVE")
	want(t, c, "OK", "SET", "big", strings.Repeat("b", 3<<20))
	want(t, c, "ERR", "SAVE")
	want(t, c, "OK", "SET", "k", "w") // who asked has been told
	want(t, c, "Background saving started", "BGSAVE")
	within(t, patience, "it has ended", func() bool {
		return info(t, c, "rdb_bgsave_in_progress") == 0
	})
	if text := fmt.Sprint(c.Do("INFO", "persistence")); !strings.Contains(text, "rdb_last_bgsave_status:err") {
		t.Error(text)
	}
	wantPrefix(t, c, "MISCONF Redis is configured to save RDB snapshots", "SET", "k", "x")
	want(t, c, "w", "GET", "k")
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("on the disk: %v", names)
	}
	want(t, c, "OK", "CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
	want(t, c, "1", "DEL", "big")
	want(t, c, "OK", "CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
	want(t, c, "OK", "SAVE")
	want(t, c, "OK", "SET", "k", "w")
}
