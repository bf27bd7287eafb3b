package command

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// fillAllTypes makes a key of every type, packed and large, with and without an expiry.
func fillAllTypes(r *rig) {
	r.do("SET s hello")
	r.do("SET n 12345")
	r.do("SET soon x PX 100000")
	r.do("SADD ints 3 1 2")
	for i := range 700 {
		r.do(fmt.Sprintf("HSET h%d f%d v%d", min(i%8, 1), i, i))
		r.do(fmt.Sprintf("SADD set m%d", i))
		r.do(fmt.Sprintf("ZADD z %d.25 m%d", i*7%100, i))
		r.do(fmt.Sprintf("RPUSH l %s%d", strings.Repeat("e", i%90), i))
		r.do(fmt.Sprintf("XADD x %d-1 a %d b c", i+1, i))
	}
	r.do("SADD packed a b 3")
	r.do("ZADD zpacked 1 a -inf b 2.5 c")
	r.do("RPUSH lpacked 1 two 3")
	r.do("XGROUP CREATE x g 5")
	r.do("SELECT 3")
	r.do("SET other 1")
	r.do("SELECT 0")
}

// TestReloadKeepsData takes data through its RDB form and through the log; the digest must not change.
func TestReloadKeepsData(t *testing.T) {
	r := newRig(t, "appendonly yes", "enable-debug-command yes")
	fillAllTypes(r)
	for _, how := range []string{"RELOAD", "LOADAOF"} {
		before, size := r.do("DEBUG DIGEST"), r.do("DBSIZE")
		r.ok("DEBUG " + how)
		r.want("DEBUG DIGEST", before)
		r.want("DBSIZE", size)
		r.want("PTTL soon", ":100000\r\n")
		r.do("SET " + how + " changed")
		if r.do("DEBUG DIGEST") == before {
			t.Error("the digest does not see a new key")
		}
	}
	if got := r.effects(); strings.Contains(strings.Join(got, " "), "FLUSH") {
		t.Errorf("reloading is in the log")
	}
}

// TestLoadaofNeedsLog: without a log LOADAOF would only throw the data away.
func TestLoadaofNeedsLog(t *testing.T) {
	r := newRig(t, "enable-debug-command yes")
	r.ok("SET k v")
	if got := r.do("DEBUG LOADAOF"); !strings.HasPrefix(got, "-ERR") {
		t.Errorf("%q", got)
	}
	r.want("GET k", "$1\r\nv\r\n")
}

// TestReload: through the dump file and back, with all options.
func TestReload(t *testing.T) {
	r := newRig(t, "enable-debug-command yes")
	r.want("DEBUG RELOAD MORE", "-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.\r\n")
	r.ok("SET k v")
	r.ok("DEBUG RELOAD")
	r.want("GET k", "$1\r\nv\r\n")
	r.ok("SET k w")
	r.ok("SET new x")
	r.ok("DEBUG RELOAD NOSAVE")
	r.want("MGET k new", "*2\r\n$1\r\nv\r\n$-1\r\n")
	r.ok("SET k w")
	r.ok("SET new x")
	r.ok("DEBUG RELOAD NOSAVE NOFLUSH MERGE")
	r.want("MGET k new", "*2\r\n$1\r\nv\r\n$1\r\nx\r\n")
	r.want("DEBUG RELOAD NOSAVE NOFLUSH", "-ERR Error trying to load the RDB dump\r\n")
	r.want("DBSIZE", ":2\r\n")
	os.Remove(r.dumpPath())
	r.want("DEBUG RELOAD NOSAVE", "-ERR Error trying to load the RDB dump\r\n")
}
