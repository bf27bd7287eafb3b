package command

import (
	"strings"
	"testing"
)

func TestExecIsOneBlockInTheLog(t *testing.T) {
	r := newRig(t, "appendonly yes")
	f := func(want string, lines ...string) {
		t.Helper()
		r.effects()
		r.ok("MULTI")
		for _, l := range lines {
			r.want(l, "+QUEUED\r\n")
		}
		r.do("EXEC")
		if got := strings.Join(r.effects(), "; "); got != want {
			t.Errorf("%q logs %q, want %q", lines, got, want)
		}
	}
	f("")
	f("", "GET a")
	f("SET a 1", "SET a 1")
	f("SET a 1", "GET b", "SET a 1", "LPUSH a x", "GET a")
	f("MULTI; SET a 1; INCR a; EXEC", "SET a 1", "INCR a")
	f("MULTI; SET a 1; SELECT 1; SET a 2; EXEC", "SET a 1", "SELECT 1", "SET a 2", "SELECT 0")
	r.do("PEXPIRE a 5")
	r.effects()
	r.advance(10)
	f("MULTI; DEL a; SET b 1; EXEC", "GET a", "SET b 1")
}

func TestQueuedArgumentsAreCopies(t *testing.T) {
	r := newRig(t)
	in := []byte(string(encode("MULTI")) + string(encode("SET", "k", "value")))
	r.c.Data(in)
	for i := range in {
		in[i] = '#'
	}
	r.do("EXEC")
	r.want("GET k", "$5\r\nvalue\r\n")
}

func TestWatchMarksOnlyWhoWatches(t *testing.T) {
	r := newRig(t)
	a, b := r.connect(), r.connect()
	f := func(watch, write string, aborts bool) {
		t.Helper()
		r.do("FLUSHALL")
		a.do("UNWATCH")
		a.do(watch)
		b.do(write)
		a.do("MULTI")
		a.do("PING")
		if got := a.do("EXEC"); (got == "*-1\r\n") != aborts {
			t.Errorf("%s, %s: EXEC answers %q", watch, write, got)
		}
		if n := r.s.watched.count; n != 0 || r.s.hooks&hookWatch != 0 {
			t.Errorf("%d watches are left", n)
		}
	}
	f("WATCH k", "SET k 1", true)
	f("WATCH k", "SET other 1", false)
	f("WATCH k", "GET k", false)
	f("WATCH a b c", "SET c 1", true)
	f("WATCH k k", "DEL k", false)
}

// A key that had expired when it was watched counts as missing.
func TestWatchExpired(t *testing.T) {
	r := newRig(t)
	r.s.cron.expireOn = false
	f := func(aborts bool, steps ...string) {
		t.Helper()
		r.do("DEL k")
		r.do("UNWATCH")
		for _, step := range steps {
			if step == "wait" {
				r.advance(10)
			} else {
				r.do(step)
			}
		}
		r.do("MULTI")
		if got := r.do("EXEC"); (got == "*-1\r\n") != aborts {
			t.Errorf("%q: EXEC answers %q", steps, got)
		}
	}
	f(true, "SET k 1 PX 5", "WATCH k", "wait")
	f(true, "SET k 1 PX 5", "WATCH k", "wait", "GET k")
	f(false, "SET k 1 PX 5", "wait", "WATCH k")
	f(false, "SET k 1 PX 5", "wait", "WATCH k", "GET k")
	f(true, "SET k 1 PX 5", "wait", "WATCH k", "SET k 2")
	f(true, "SET k 1 PX 5", "wait", "WATCH k", "GET k", "SET k 2")
}

func TestTransactionsAreBounded(t *testing.T) {
	r := newRig(t, "client-query-buffer-limit 1mb")
	r.ok("MULTI")
	big := strings.Repeat("x", 100<<10)
	for i := 0; i < 20 && !r.conn.closed; i++ {
		r.send("SET", "k", big)
	}
	if !r.conn.closed {
		t.Error("2 MB are queued under a limit of 1 MB")
	}
}

func TestPanicInsideExecEndsTheTransaction(t *testing.T) {
	r := newRig(t)
	r.s.table.lookup([]byte("echo")).Run = func(c *Ctx) error { panic("as the test wants it") }
	r.ok("MULTI")
	r.want("SET k 1", "+QUEUED\r\n")
	r.want("ECHO x", "+QUEUED\r\n")
	if got := r.do("EXEC"); !strings.HasPrefix(got, "-ERR internal error") {
		t.Errorf("EXEC answers %q", got)
	}
	r.want("GET k", "$1\r\n1\r\n")
	r.ok("MULTI")
	r.want("EXEC", "*0\r\n")
}
