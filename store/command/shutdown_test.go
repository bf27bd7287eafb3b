package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestShutdownSaves: what was written is in the log's files when the server has asked to be ended, or in the dump.
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
	for line, saves := range map[string]bool{"SHUTDOWN": true, "SHUTDOWN NOSAVE": false, "SHUTDOWN SAVE": true} {
		r := newRig(t, "save 3600 1")
		if line == "SHUTDOWN SAVE" {
			r.send("CONFIG", "SET", "save", "")
		}
		stops := 0
		r.s.env.Stop = func() { stops++ }
		r.ok("SET key value")
		r.want("BGSAVE", "+Background saving started\r\n") // it is given up
		r.want(line, "")
		b, _ := os.ReadFile(r.dumpPath())
		if stops != 1 || strings.Contains(string(b), "value") != saves {
			t.Errorf("%s: asked to end %d times, the dump holds %q", line, stops, b)
		}
		r.waitSave()
	}
}

// TestSignals: they may say what is to be saved.
func TestSignals(t *testing.T) {
	r := newRig(t, "save 3600 1", "shutdown-on-sigterm nosave", "shutdown-on-sigint save")
	stops := 0
	r.s.env.Stop = func() { stops++ }
	r.ok("SET key value")
	r.s.Signalled(false)
	if _, err := os.Stat(r.dumpPath()); err == nil || stops != 1 {
		t.Errorf("SIGTERM: asked to end %d times, dump: %v", stops, err)
	}
	r.s.Signalled(true)
	if _, err := os.Stat(r.dumpPath()); err != nil || stops != 2 {
		t.Errorf("SIGINT: asked to end %d times, dump: %v", stops, err)
	}
}

// A script that stands still has done only a part of its work: that is not what a signal may have saved.
func TestSignalDuringScript(t *testing.T) {
	r := newRig(t, "save 3600 1", "busy-reply-threshold 5")
	r.runClock()
	stops := 0
	r.s.env.Stop = func() { stops++ }
	if got := r.eval("redis.call('set', 'w', 1) " + awhile + "return redis.call('incr', 'w')"); got != "" {
		t.Fatalf("answered %q at once", got)
	}
	r.s.Signalled(false)
	if _, err := os.Stat(r.dumpPath()); err == nil || stops != 0 {
		t.Errorf("asked to end %d times, dump: %v", stops, err)
	}
	r.settle()
	r.s.Signalled(false)
	if _, err := os.Stat(r.dumpPath()); err != nil || stops != 1 {
		t.Errorf("after the script: asked to end %d times, dump: %v", stops, err)
	}
}
