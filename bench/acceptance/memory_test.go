package acceptance

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"spindle/bench/servers"
)

// stall is the longest that a second client may wait: far above what is expected, as the machine may be busy.
const stall = 250 * time.Millisecond

// noStall measures how long a second client waits, a few times if need be: a busy machine stalls it now and then, a server
// that stops does it always.
func noStall(t *testing.T, limit time.Duration, measure func() time.Duration) {
	t.Helper()
	var worst time.Duration
	for range 4 {
		if worst = measure(); worst <= limit {
			return
		}
		t.Logf("PING took %v; once more", worst)
	}
	t.Errorf("PING took %v", worst)
}

// pipe sends the commands that each gives for 0..n-1 in pipelines, and takes the replies, which are all of replyBytes.
func pipe(t testing.TB, s *servers.Server, n, replyBytes int, each func(b []byte, i int) []byte) {
	t.Helper()
	conn := dial(t, s)
	defer conn.Close()
	go func() {
		var b []byte
		for i := range n {
			if b = each(b, i); len(b) > 64<<10 || i == n-1 {
				if _, err := conn.Write(b); err != nil {
					return
				}
				b = b[:0]
			}
		}
	}()
	var first [1]byte
	if _, err := io.ReadFull(conn, first[:]); err != nil || first[0] == '-' {
		t.Fatalf("reply %q, %v", first, err)
	}
	if got, err := io.CopyN(io.Discard, conn, int64(n*replyBytes-1)); err != nil {
		t.Fatalf("after %d bytes of %d: %v", got+1, n*replyBytes, err)
	}
}

// Many keys that expire at once do not stop the server, and their memory comes back.
func TestMassExpiry(t *testing.T) {
	noStall(t, stall, func() time.Duration {
		worst, inTime := massExpiry(t, 4*time.Second)
		for after := 8 * time.Second; !inTime; after *= 2 {
			worst, inTime = massExpiry(t, after)
		}
		return worst
	})
}

// massExpiry returns the slowest PING, and false if the keys were not written before they expired.
func massExpiry(t *testing.T, after time.Duration) (worst time.Duration, inTime bool) {
	const keys = 300_000
	s := servers.SpindleT(t)
	defer s.Stop()
	c := s.ClientT(t)
	before := rss(t, s)
	at := time.Now().Add(after)
	value := strings.Repeat("v", 100)
	pipe(t, s, keys, len("+OK\r\n"), func(b []byte, i int) []byte {
		key := fmt.Sprintf("key:%07d", i)
		return fmt.Appendf(b, "*5\r\n$3\r\nSET\r\n$11\r\n%s\r\n$100\r\n%s\r\n$4\r\nPXAT\r\n$13\r\n%d\r\n", key, value, at.UnixMilli())
	})
	full := rss(t, s)
	if time.Now().After(at) {
		return 0, false
	}
	worst = whilePinging(t, s, func() {
		time.Sleep(time.Until(at))
		within(t, patience, "all keys are gone", func() bool { return fmt.Sprint(c.Do("DBSIZE")) == "0" })
	})
	t.Logf("%d keys gone %v after their time; slowest PING %v", keys, time.Since(at).Round(time.Millisecond), worst)
	givenBack(t, s, before, full)
	return worst, true
}

// givenBack waits until half of what was taken has been given back to the system.
func givenBack(t testing.TB, s *servers.Server, before, full int64) {
	t.Helper()
	now := full
	defer func() {
		t.Logf("resident: %d MB, with data %d MB, then %d MB", before>>20, full>>20, now>>20)
	}()
	within(t, patience, "memory is given back", func() bool { now = rss(t, s); return now < before+(full-before)/2 })
}

// A set of a million members goes at once for its client, without a stop for the others.
func TestMassDeletion(t *testing.T) {
	for _, deletion := range []string{"DEL big", "FLUSHALL", "UNLINK big"} {
		noStall(t, stall, func() time.Duration { return massDeletion(t, deletion) })
	}
}

func massDeletion(t *testing.T, deletion string) time.Duration {
	const members, batch = 1_000_000, 100
	s := servers.SpindleT(t)
	defer s.Stop()
	c := s.ClientT(t)
	before := rss(t, s)
	pipe(t, s, members/batch, len(":100\r\n"), func(b []byte, i int) []byte {
		b = append(b, "*102\r\n$4\r\nSADD\r\n$3\r\nbig\r\n"...)
		for j := range batch {
			b = fmt.Appendf(b, "$14\r\nmember:%07d\r\n", i*batch+j)
		}
		return b
	})
	want(t, c, fmt.Sprint(members), "SCARD", "big")
	full := rss(t, s)
	took := time.Duration(0)
	worst := whilePinging(t, s, func() {
		start := time.Now()
		c.Do(strings.Fields(deletion)...)
		took = time.Since(start)
		time.Sleep(500 * time.Millisecond)
	})
	t.Logf("%s: answered after %v; slowest PING %v", deletion, took, worst)
	givenBack(t, s, before, full)
	return worst
}

// An LRU cache stays at its limit however much is written.
func TestMaxmemoryLRU(t *testing.T) {
	const limit, valueBytes = 60 << 20, 1000
	s := servers.SpindleT(t, "--maxmemory", fmt.Sprint(limit), "--maxmemory-policy", "allkeys-lru")
	c := s.ClientT(t)
	value := strings.Repeat("v", valueBytes)
	pipe(t, s, 3*limit/valueBytes, len("+OK\r\n"), func(b []byte, i int) []byte {
		return fmt.Appendf(b, "*3\r\n$3\r\nSET\r\n$11\r\nkey:%07d\r\n$1000\r\n%s\r\n", i, value)
	})
	kept := c.Do("DBSIZE").(int64)
	t.Logf("%d keys kept, resident memory %d MB", kept, rss(t, s)>>20)
	if kept < limit/valueBytes/3 || kept > limit/valueBytes {
		t.Errorf("%d keys of %d bytes kept in %d bytes", kept, valueBytes, limit)
	}
	if r := rss(t, s); r > 2*limit+30<<20 {
		t.Errorf("resident memory %d MB", r>>20)
	}
	if used := info(t, c, "used_memory"); used > limit*105/100 {
		t.Errorf("used_memory %d, limit %d", used, limit)
	}
}

// Where nothing may be evicted, writes that take memory are refused and all else goes on.
func TestMaxmemoryRefuses(t *testing.T) {
	for _, policy := range []string{"noeviction", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"} {
		s := servers.SpindleT(t, "--maxmemory", "20mb", "--maxmemory-policy", policy)
		c := s.ClientT(t)
		value := strings.Repeat("v", 500_000)
		var refusal any
		for i := 0; i < 100; i++ {
			if refusal = c.Do("SET", fmt.Sprint("k", i), value); refusal != "OK" {
				break
			}
		}
		if text := fmt.Sprint(refusal); text != "OOM command not allowed when used memory > 'maxmemory'." {
			t.Errorf("%s: %s", policy, text)
		}
		if got := c.Do("GET", "k0"); got != value {
			t.Errorf("%s: GET: %.60v", policy, got)
		}
		want(t, c, "4", "DEL", "k0", "k1", "k2", "k3")
		within(t, patience, "a write is accepted again", func() bool { return c.Do("SET", "k", "small") == "OK" })
	}
}
