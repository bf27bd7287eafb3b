package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	o, err := parseOptions([]string{"-quick", "-rounds", "7", "-only", "speed", "-log", "on", "--", "SORT", "k"})
	if err != nil {
		t.Fatal(err)
	}
	if o.rounds != 7 || len(o.logs) != 1 || !o.logs[0] {
		t.Fatalf("-quick overrides what was given: %+v", o)
	}
	if o.requests == 100000 || o.keys == 10000000 || len(o.command) != 2 {
		t.Fatalf("-quick did not shrink the sizes: %+v", o)
	}
	for _, bad := range [][]string{
		{"-only", "nothing"}, {"-tests", "GET,NONE"}, {"-pipeline", "0"}, {"-pipeline", "x"}, {"-n", "0"}, {"-log", "maybe"},
	} {
		if _, err := parseOptions(bad); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}

func TestParseCSV(t *testing.T) {
	const out = "WARNING: something\n" +
		`"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"` + "\n" +
		`"LPUSH (needed)","1.00","1","1","1","1","1","1"` + "\n" +
		`"GET","25500.00","2.664","0.136","2.943","3.023","3.031","3.031"` + "\n"
	s, err := parseCSV([]byte(out))
	if err != nil || s.perSecond != 25500 || s.p50 != 2.943 || s.p99 != 3.031 {
		t.Fatalf("%+v, %v", s, err)
	}
	for _, bad := range []string{"", "Error\n", `"test","rps"` + "\n", `"test","rps"` + "\n" + `"GET","1"` + "\n"} {
		if _, err := parseCSV([]byte(bad)); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
}

func TestReadTrace(t *testing.T) {
	const log = `1:M 21 Nov 2026 11:56:36.101 * Ready to accept connections
gc 1 @0.015s 2%: 0.018+1.3+0.076 ms clock, 0.018+0.11/0.20/0+0.076 ms cpu, 4->4->2 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 1 P
gc 2 @1.2s 1%: 0.2+0.9+0.01 ms clock, 0.2+0/0.2/0+0.01 ms cpu, 9->9->7 MB, 10 MB goal, 0 MB stacks, 0 MB globals, 1 P (forced)
`
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(log), 0o644); err != nil {
		t.Fatal(err)
	}
	want := trace{collections: 2, pause: 200 * time.Microsecond, marking: 1300 * time.Microsecond, heapMB: 7, percent: "1"}
	if got := readTrace(path); got != want {
		t.Fatalf("%+v, want %+v", got, want)
	}
}

func TestStatistics(t *testing.T) {
	if m := median([]float64{9, 1, 5}); m != 5 {
		t.Errorf("median of three: %v", m)
	}
	if m := median([]float64{4, 1, 2, 9}); m != 3 {
		t.Errorf("median of four: %v", m)
	}
	if g := geomean([]float64{0.5, 2}); g < 0.999 || g > 1.001 {
		t.Errorf("geometric mean: %v", g)
	}
}

// Filling sorted sets relies on different scores.
func TestScatterDoesNotRepeat(t *testing.T) {
	seen := map[int64]bool{}
	for i := range 1_000_000 {
		if n := scatter(i); n < 0 || seen[n] {
			t.Fatalf("scatter(%d) = %d is negative or a repetition", i, n)
		}
		seen[scatter(i)] = true
	}
}
