package clients

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"spindle/bench/servers"
)

// patience is how long a test waits for what must come, on a machine that has other things to do.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	// The profile makes the build slow, and nothing here measures speed.
	os.Setenv("GOFLAGS", strings.TrimSpace(os.Getenv("GOFLAGS")+" -pgo=off"))
	code := m.Run()
	for _, k := range kinds {
		if k.shared != nil {
			k.shared.Stop()
		}
	}
	servers.Clean()
	os.Exit(code)
}

// kind is one of the two servers that every test runs against.
type kind struct {
	name  string
	start func(args ...string) (*servers.Server, error)

	once   sync.Once
	shared *servers.Server
	err    error
}

var kinds = []*kind{
	{name: "spindle", start: servers.Spindle},
	{name: "redis-server", start: servers.Redis},
}

// both runs f against both servers, emptied before. The servers are shared by all tests, which therefore do not run in parallel.
func both(t *testing.T, f func(t *testing.T, s *servers.Server)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			k.once.Do(func() { k.shared, k.err = k.start("--appendonly", "yes") })
			skipOrFail(t, k.err)
			admin := k.shared.ClientT(t)
			admin.Do("CONFIG", "SET", "notify-keyspace-events", "")
			admin.Do("FUNCTION", "FLUSH")
			if got := admin.Do("FLUSHALL"); got != "OK" {
				t.Fatal("FLUSHALL: ", got)
			}
			f(t, k.shared)
			if t.Failed() {
				t.Logf("last lines of the log of %s:\n%s", k.name, k.shared.LogTail(20))
			}
		})
	}
}

// bothOwn is both with servers of the test's own, which it may kill and restart.
func bothOwn(t *testing.T, args []string, f func(t *testing.T, s *servers.Server)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			s, err := k.start(append([]string{"--appendonly", "yes"}, args...)...)
			skipOrFail(t, err)
			t.Cleanup(s.Stop)
			f(t, s)
		})
	}
}

func skipOrFail(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, servers.ErrNoRedis) {
		t.Skip("skipped: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// result is a command of go-redis that has been answered.
type result[T any] interface{ Result() (T, error) }

// must returns what a command answered.
func must[T any](t testing.TB, c result[T]) T {
	t.Helper()
	v, err := c.Result()
	if err != nil {
		t.Fatalf("%.200v: %v", c, err)
	}
	return v
}

// want fails the test unless the command answered expected.
func want[T any](t testing.TB, c result[T], expected T) {
	t.Helper()
	if v := must(t, c); !reflect.DeepEqual(v, expected) {
		t.Errorf("%.200v: got %.300q, want %.300q", c, fmt.Sprint(v), fmt.Sprint(expected))
	}
}

// wantError fails the test unless the command answered with an error that contains text.
func wantError[T any](t testing.TB, c result[T], text string) {
	t.Helper()
	if v, err := c.Result(); err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%.200v: got %v, %v, want the error %q", c, v, err, text)
	}
}

func same[T any](t testing.TB, what string, got, expected T) {
	t.Helper()
	if !reflect.DeepEqual(got, expected) {
		t.Errorf("%s: got %+v, want %+v", what, got, expected)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// within waits for ok to become true.
func within(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// next takes one value from a channel that must deliver.
func next[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v, open := <-c:
		if !open {
			t.Fatalf("%s: the channel is closed", what)
		}
		return v
	case <-time.After(patience):
		t.Fatalf("not within %v: %s", patience, what)
	}
	panic("unreachable")
}
