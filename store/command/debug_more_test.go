package command

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// rawLog collects what goes to the log as it is.
func (r *rig) rawLog() *strings.Builder {
	var b strings.Builder
	r.s.env.Raw = func(text string) { b.WriteString(text) }
	return &b
}

// TestCrashReports looks for what somebody needs to find out what happened.
func TestCrashReports(t *testing.T) {
	for sub, what := range map[string]string{
		"PANIC": "DEBUG PANIC called at Unix time 1700000000", "SEGFAULT": "crashed by signal: 11", "ASSERT": "=== ASSERTION FAILED ===",
		"OOM": "Out Of Memory allocating",
	} {
		r := newRig(t, "enable-debug-command yes")
		log, aborts := r.rawLog(), 0
		r.s.env.Abort = func() { aborts++ }
		if got := r.send("DEBUG", sub, "an\nargument"); got != "" || aborts != 1 {
			t.Errorf("%s: %q, ended %d times", sub, got, aborts)
		}
		at := 0
		for _, want := range []string{"=== REDIS BUG REPORT START", what, "------ STACK TRACE", "goroutineStacks", "goroutine 1 [",
			"------ INFO OUTPUT", "redis_version:7.0.15", "# Commandstats", "------ CLIENT LIST OUTPUT", "id=1 addr=127.0.0.1:50000",
			"------ CURRENT CLIENT INFO", "id=1 ", "argv[0]: \"DEBUG\"", `argv[2]: "an\nargument"`, "=== REDIS BUG REPORT END"} {
			i := strings.Index(log.String()[at:], want)
			if i < 0 {
				t.Errorf("%s: %q is missing behind\n%s", sub, want, log.String()[:at])
				break
			}
			at += i + len(want)
		}
	}
}

func TestCrashLogCanBeSwitchedOff(t *testing.T) {
	r := newRig(t, "enable-debug-command yes", "crash-log-enabled no")
	log := r.rawLog()
	r.do("DEBUG PANIC")
	if got := log.String(); strings.Contains(got, "STACK") || !strings.Contains(got, "DEBUG PANIC") {
		t.Errorf("%q", got)
	}
}

// TestHelpIsWhatThereIs: whatever HELP names is answered, whatever is answered HELP names.
func TestHelpIsWhatThereIs(t *testing.T) {
	r := newRig(t, "enable-debug-command yes")
	help := r.do("DEBUG HELP")
	for _, sub := range debugSubcommands() {
		listed := strings.Contains(help, "+"+sub.name)
		if listed != (sub.help != "") || listed && !strings.HasPrefix(sub.help, sub.name) {
			t.Errorf("%s: in HELP %v, help %q", sub.name, listed, sub.help)
		}
	}
	r.want("DEBUG REPLICATE x y", "-ERR DEBUG REPLICATE is about something that this server does not have\r\n")
}

func TestDebugShowsValues(t *testing.T) {
	r := newRig(t, "enable-debug-command yes", "list-max-listpack-size 2")
	var out strings.Builder
	r.s.env.Print = func(text string) { out.WriteString(text) }
	f := func(line string, want ...string) {
		t.Helper()
		out.Reset()
		r.do(line)
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%s prints %q, not %q", line, out.String(), w)
			}
		}
	}
	r.do("HSET h field 12345 g " + strings.Repeat("v", 60))
	r.do("RPUSH l a b c d e")
	f("DEBUG LISTPACK h", "{num entries 4}", `["field"]`, `["12345"]`, strings.Repeat("v", 40)+`"...]`, "index: 3")
	f("DEBUG QUICKLIST l", "{count: 5}", "{nodes: 3}", "node(2)")
	f("DEBUG QUICKLIST l 1", `["e"]`)
	r.do("SET s hello")
	r.do("APPEND s 0123456789")
	if got := r.do("DEBUG SDSLEN s"); !strings.HasPrefix(got, "+key_sds_len:1, key_sds_avail:0, key_zmalloc: ") || !strings.Contains(got, "val_sds_len:15") {
		t.Errorf("%q", got)
	}
}

func TestClientEvictionGroups(t *testing.T) {
	r := newRig(t, "enable-debug-command yes", "maxmemory-clients 1gb")
	r.connect()
	exempt := r.connect()
	exempt.ok("CLIENT NO-EVICT on")
	got := r.do("DEBUG CLIENT-EVICTION")
	if n := strings.Count(got, "bucket "); n != 18 || !strings.Contains(got, "clients: 2\n") {
		t.Errorf("%d groups: %s", n, got)
	}
}

// TestReplybufferKeepsSpares: without the cron job nothing is freed.
func TestReplybufferKeepsSpares(t *testing.T) {
	s := spareBuffers{keepMs: 100}
	fill := func() {
		for range 10 {
			s.give(make([]byte, 0, 1024))
		}
	}
	fill()
	s.trim(1000)
	s.trim(1099)
	if len(s.list) != 10 {
		t.Errorf("%d buffers left too early", len(s.list))
	}
	s.trim(1100)
	if len(s.list) != 0 || s.freed != 10 {
		t.Errorf("%d buffers left, %d freed", len(s.list), s.freed)
	}
	s.keepAll = true
	fill()
	s.trim(2000)
	s.trim(3000)
	if len(s.list) != 10 {
		t.Errorf("%d buffers left with the job switched off", len(s.list))
	}
}

// TestFlushSleepDelaysTheLog: a write waits in the log's queue meanwhile, also of a log that is switched on later.
func TestFlushSleepDelaysTheLog(t *testing.T) {
	r := newRig(t, "enable-debug-command yes", "appendfsync no")
	r.ok("DEBUG AOF-FLUSH-SLEEP 20000")
	r.ok("CONFIG SET appendonly yes")
	start := time.Now()
	r.ok("SET k v")
	if err := r.s.Log.Flush(time.Minute); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 20*time.Millisecond {
		t.Errorf("written after %v", took)
	}
}

func TestRestart(t *testing.T) {
	r := newRig(t, "enable-debug-command yes")
	var delays []time.Duration
	r.s.env.Restart = func(d time.Duration) error { delays = append(delays, d); return fmt.Errorf("not in a test") }
	for _, line := range []string{"DEBUG RESTART", "DEBUG RESTART 20", "DEBUG CRASH-AND-RECOVER -5"} {
		r.want(line, "-ERR failed to restart the server. Check server logs.\r\n")
	}
	if got := fmt.Sprint(delays); got != "[0s 20ms 0s]" {
		t.Errorf("delays %s", got)
	}
}
