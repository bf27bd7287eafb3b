package hostile

import (
	"errors"
	"strings"
	"testing"
	"time"

	"spindle/bench/servers"
)

// A few seconds of what the section hostile of the benchmark does for ten minutes.
func TestSpindle(t *testing.T) {
	bin, err := servers.BuildTagged("invariants")
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	res, err := Run(Config{
		Duration: 4 * time.Second, WarmUp: 2 * time.Second, Clients: 20, Seed: seed,
		Start: func(args ...string) (*servers.Server, error) { return servers.Start(bin, args...) },
	})
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if res.Connections < 50 || res.Commands < 1000 || res.Pings < 10 {
		t.Fatalf("nothing was tested: %+v", res)
	}
	t.Logf("%+v", res)
}

// What is left over must be told.
func TestExcess(t *testing.T) {
	before := State{Used: 1 << 20, RSS: 20 << 20, Descriptors: 10, Goroutines: 8}
	if err := excess(before, before); err != nil {
		t.Fatal(err)
	}
	f := func(says string, after State) {
		t.Helper()
		err := excess(before, after)
		if v := new(Violation); !errors.As(err, &v) || !strings.Contains(v.What, says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	f("used_memory", State{Used: 2 << 20})
	f("resident", State{RSS: 90 << 20})
	f("descriptors: 10 before, 11", State{Descriptors: 11})
	f("goroutines", State{Goroutines: 9})
	if text := remains(map[string]int64{"clients": ourClients, "goroutines": 9, "watches": 1}); text != " watches 1" {
		t.Errorf("%q", text)
	}
}

func TestMain(m *testing.M) {
	defer servers.Clean()
	m.Run()
}
