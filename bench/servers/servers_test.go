package servers

import (
	"os"
	"strings"
	"testing"
)

func TestRedisLifeCycle(t *testing.T) {
	s := RedisT(t)
	if line, err := ping(s.Addr); err != nil || line != "+PONG\r\n" {
		t.Fatalf("PING: %q, %v", line, err)
	}
	if !strings.Contains(s.LogTail(50), "Ready to accept connections") {
		t.Fatalf("log: %s", s.LogTail(50))
	}
	s.Kill()
	if s.Alive() {
		t.Fatal("alive after Kill")
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if !s.Terminate() {
		t.Fatal("did not end on SIGTERM")
	}
	s.Stop()
	if _, err := os.Stat(s.Dir); !os.IsNotExist(err) {
		t.Fatalf("directory left behind: %v", err)
	}
}

func TestStartReportsTheLog(t *testing.T) {
	s, err := Redis("--no-such-directive", "1")
	if err == ErrNoRedis {
		t.Skip("skipped: ", err)
	}
	if err == nil {
		s.Stop()
		t.Fatal("started with an unknown directive")
	}
	if !strings.Contains(err.Error(), "no-such-directive") {
		t.Fatalf("the error does not show the log: %v", err)
	}
}
