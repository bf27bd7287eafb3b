package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestShutdownSaves: with a log, what was written is in its files when the server has asked to be ended; without one there is nothing to
// save to, and the server goes on.
func TestShutdownSaves(t *testing.T) {
	for _, line := range []string{"SHUTDOWN", "SHUTDOWN SAVE", "SHUTDOWN NOSAVE", "SHUTDOWN NOW FORCE"} {
		r := newRig(t, "appendonly yes", "appendfsync no")
		stops := 0
		r.s.env.Stop = func() { stops++ }
		r.ok("SET key value")
		r.want(line, "")
		if stops != 1 || !r.conn.closed {
			t.Errorf("%s: asked to end %d times, connection closed: %v", line, stops, r.conn.closed)
		}
		files, _ := filepath.Glob(filepath.Join(r.s.Config.Path(r.s.Config.Appenddirname), "*.1.incr.aof"))
		if b, err := os.ReadFile(strings.Join(files, "")); err != nil || !strings.Contains(string(b), "value") {
			t.Errorf("%s: the log holds %q (%v)", line, b, err)
		}
	}
	r := newRig(t)
	stops := 0
	r.s.env.Stop = func() { stops++ }
	r.want("SHUTDOWN SAVE", "-ERR Errors trying to SHUTDOWN. Check logs.\r\n")
	if stops != 0 {
		t.Error("it ended all the same")
	}
	r.want("PING", "+PONG\r\n")
	for _, line := range []string{"SHUTDOWN NOSAVE", "SHUTDOWN"} {
		c := r.connect()
		c.want(line, "")
	}
	if stops != 2 {
		t.Errorf("ended %d times, want 2", stops)
	}
}
