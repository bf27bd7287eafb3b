package command

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// settleUntil lets time pass until done, for what other goroutines bring about.
func (r *rig) settleUntil(what string, done func() bool) {
	r.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			r.Fatalf("still waiting for %s", what)
		}
		r.advance(1)
	}
}

func TestWaitEndsWithTime(t *testing.T) {
	r := newRig(t, "appendonly yes")
	for line, want := range map[string]string{"WAIT 1 50": ":0\r\n", "WAITAOF 0 1 50": "*2\r\n:1\r\n:0\r\n"} {
		c := r.connect()
		if got := c.feed(append(encode(strings.Fields(line)...), encode("PING")...)); got != "" {
			t.Errorf("%s: %q at once", line, got)
		}
		r.advance(49)
		if got := c.sent(); got != "" {
			t.Errorf("%s: %q after 49 ms", line, got)
		}
		r.advance(1)
		if got := c.sent(); got != want+"+PONG\r\n" {
			t.Errorf("%s: %q", line, got)
		}
	}
	c := r.connect()
	c.do("WAIT 1 0")
	r.want(fmt.Sprintf("CLIENT UNBLOCK %d", c.c.ID), ":1\r\n")
	if got := c.sent(); got != ":0\r\n" {
		t.Errorf("unblocked with %q", got)
	}
	c.do("WAIT 1 0")
	r.want(fmt.Sprintf("CLIENT UNBLOCK %d ERROR", c.c.ID), ":1\r\n")
	if got := c.sent(); got != "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n" {
		t.Errorf("unblocked with %q", got)
	}
}

// TestWaitaofWaitsForSync: with appendfsync no nothing is synced until Flush.
func TestWaitaofWaitsForSync(t *testing.T) {
	const safe = "*2\r\n:1\r\n:0\r\n"
	r := newRig(t, "appendonly yes", "appendfsync no")
	r.want("WAITAOF 1 0 0", safe) // nothing written
	r.ok("SET k v")
	r.want("WAITAOF 0 0 0", "*2\r\n:0\r\n:0\r\n")
	r.ok("MULTI")
	r.do("WAITAOF 1 0 0")
	r.want("EXEC", "*1\r\n*2\r\n:0\r\n:0\r\n")
	other := r.connect()
	other.want("WAITAOF 1 0 0", safe) // it wrote nothing
	r.want("WAITAOF 1 0 0", "")
	r.settle()
	if got := r.sent(); got != "" {
		t.Fatalf("%q before the sync", got)
	}
	if err := r.s.Log.Flush(time.Minute); err != nil {
		t.Fatal(err)
	}
	r.settle()
	if got := r.sent(); got != safe {
		t.Errorf("%q after the sync", got)
	}
	r.want("WAITAOF 1 0 0", safe)
}

func TestWaitaofUnderEachPolicy(t *testing.T) {
	for _, policy := range []string{"always", "everysec"} {
		r := newRig(t, "appendonly yes", "appendfsync "+policy)
		r.feed(append(encode("SET", "k", "v"), encode("WAITAOF", "1", "0", "0")...))
		got := ""
		r.settleUntil("the sync", func() bool { got += r.sent(); return len(got) >= 17 })
		if got != "+OK\r\n*2\r\n:1\r\n:0\r\n" {
			t.Errorf("%s: %q", policy, got)
		}
	}
}

func TestWaitaofAndSwitchingTheLog(t *testing.T) {
	r := newRig(t, "appendonly yes", "appendfsync no")
	c := r.connect()
	c.do("SET k v")
	c.do("WAITAOF 1 0 0")
	r.ok("CONFIG SET appendonly no")
	const refused = "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n"
	if got := c.sent(); got != refused {
		t.Errorf("%q when the log was switched off", got)
	}
	c.want("WAITAOF 1 0 0", refused)
	c.want("WAITAOF 0 0 0", "*2\r\n:0\r\n:0\r\n")
	r.ok("CONFIG SET appendonly yes")
	if got := c.do("WAITAOF 1 0 0"); got != "" {
		t.Errorf("%q before the first rewrite was committed", got)
	}
	var got string
	r.settleUntil("the rewrite", func() bool { got += c.sent(); return got != "" })
	if got != "*2\r\n:1\r\n:0\r\n" {
		t.Errorf("%q after it", got)
	}
}
