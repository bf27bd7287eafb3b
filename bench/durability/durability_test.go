package durability

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"spindle/bench/servers"
)

// small is a configuration for tests: a few seconds.
func small(policy string) Config {
	return Config{Policy: policy, Cycles: 3, Rewrites: 1, Conns: 3, Ballast: 20000, Seed: 1, Load: 150 * time.Millisecond}
}

func runRedis(t *testing.T, cfg Config) (*Result, error) {
	t.Helper()
	cfg.Start = servers.Redis
	res, err := Run(cfg)
	if errors.Is(err, servers.ErrNoRedis) {
		t.Skip("skipped: ", err)
	}
	return res, err
}

func TestSpindle(t *testing.T) {
	for _, policy := range []string{"always", "everysec"} {
		cfg := small(policy)
		cfg.Start = servers.Spindle
		res, err := Run(cfg)
		if errors.Is(err, servers.ErrNoMain) {
			t.Skip("skipped: ", err)
		}
		if err != nil {
			t.Fatalf("%s, seed %d: %v", policy, cfg.Seed, err)
		}
		want(t, policy, res)
	}
}

// The reference keeps these promises, so the judge must acquit it.
func TestRedisIsAcquitted(t *testing.T) {
	for _, policy := range []string{"always", "everysec"} {
		res, err := runRedis(t, small(policy))
		if err != nil {
			t.Fatalf("%s: %v", policy, err)
		}
		want(t, policy, res)
	}
}

func want(t *testing.T, policy string, res *Result) {
	t.Helper()
	if res.Cycles != 3 || res.Acked < 1000 || res.Recovered < 1000 {
		t.Fatalf("%s: %+v: nothing was tested", policy, res)
	}
	if res.RewriteKills == 0 && !slices.Contains(res.Skipped, "BGREWRITEAOF") {
		t.Fatalf("%s: no kill hit a rewrite: %+v", policy, res)
	}
	if policy == "always" && res.Lost != 0 {
		t.Fatalf("always lost %d writes: %+v", res.Lost, res)
	}
}

// Damage to a log must be noticed, or the judge is worth nothing.
func TestDamageIsFound(t *testing.T) {
	f := func(name string, damage func(log []byte) []byte, says string) {
		t.Helper()
		cfg := small("always")
		cfg.Cycles, cfg.Rewrites, cfg.Ballast = 1, 0, 100
		cfg.tamper = func(s *servers.Server) error { return editLog(s.Dir, damage) }
		_, err := runRedis(t, cfg)
		v := new(Violation)
		if !errors.As(err, &v) {
			t.Fatalf("%s: %v, want a violation", name, err)
		}
		if !strings.Contains(err.Error(), says) {
			t.Fatalf("%s: %v, want %q", name, err, says)
		}
	}
	// Two of one connection, as the counters may differ by one where the log
	// ends within a round over the probes.
	incr := []byte("*2\r\n$4\r\nINCR\r\n$13\r\nd:1:0:counter")
	f("two INCR missing", func(log []byte) []byte {
		for range 2 {
			a, b := command(log, incr)
			log = append(log[:a:a], log[b:]...)
		}
		return log
	}, "has seen")
	f("three INCR for one", func(log []byte) []byte {
		for range 2 {
			a, b := command(log, incr)
			log = append(log[:b:b], log[a:]...)
		}
		return log
	}, "has seen")
	f("one field missing", func(log []byte) []byte {
		a, b := command(log, []byte("*4\r\n$4\r\nHSET\r\n$12\r\nd:1"))
		return append(log[:a:a], log[b:]...)
	}, "field")
	f("the end missing", func(log []byte) []byte { return log[:len(log)/2] }, "had to be there")
	f("ballast missing", func(log []byte) []byte {
		a, b := command(log, []byte("*3\r\n$3\r\nSET\r\n$10\r\nballast:5"))
		return append(log[:a:a], log[b:]...)
	}, "ballast")
}

// command is the range of a command that starts with head, from the middle of
// the log on or, if there is none, from its start.
func command(log, head []byte) (from, to int) {
	from = bytes.Index(log[len(log)/2:], head) + len(log)/2
	if from < len(log)/2 {
		from = bytes.Index(log, head)
	}
	return from, from + 1 + bytes.IndexByte(log[from+1:], '*')
}

func editLog(dir string, damage func([]byte) []byte) error {
	files, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) != 1 {
		return errors.Join(err, errors.New("not one incremental file"))
	}
	log, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	return os.WriteFile(files[0], damage(log), 0o644)
}

func TestSeen(t *testing.T) {
	count := map[int64]int64{}
	for n := int64(1); n <= 3*spread+5; n++ {
		count[n%spread]++
		for _, rest := range []int64{0, 1, n % spread, spread - 1} {
			if got := seen(n, rest); got != count[rest] {
				t.Fatalf("seen(%d, %d) = %d, want %d", n, rest, got, count[rest])
			}
		}
	}
}
