package servers

import (
	"errors"
	"testing"
)

// RedisT starts a redis-server for one test and stops it afterwards. The test
// is skipped where there is none. A failing test shows the end of the log.
func RedisT(t testing.TB, args ...string) *Server {
	t.Helper()
	s, err := Redis(args...)
	if errors.Is(err, ErrNoRedis) {
		t.Skip("skipped: ", err)
	}
	return forTest(t, s, err)
}

// SpindleT builds and starts our own server for one test, like RedisT.
func SpindleT(t testing.TB, args ...string) *Server {
	t.Helper()
	s, err := Spindle(args...)
	return forTest(t, s, err)
}

func forTest(t testing.TB, s *Server, err error) *Server {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("last lines of the log of %s on %s:\n%s", s.Name, s.Addr, s.LogTail(30))
		}
		s.Stop()
	})
	return s
}
