package acceptance

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"spindle/bench/servers"
)

var keepLog = []string{"--appendonly", "yes", "--appendfsync", "always"}

// incrFile is the file that the server appends to.
func incrFile(t testing.TB, dir string) string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof"))
	if len(files) != 1 {
		t.Fatalf("increments: %q", files)
	}
	return files[0]
}

// fill writes keys of every type and returns their contents.
func fill(t testing.TB, c *servers.Client) string {
	t.Helper()
	for _, line := range []string{
		"SET s value", "SET n 12345", "APPEND s more", "SET ttl v PXAT 4102444800000", "INCRBYFLOAT f 1.5",
		"RPUSH l a b c d e", "LPOP l", "SADD ints 1 2 3", "SADD set a b c 1", "SPOP set", "HSET h f v g w", "HINCRBY h n 7",
		"ZADD z 1 a 2.5 b -inf c", "ZINCRBY z 3 a", "SETBIT bits 77 1", "PFADD hll a b c", "SELECT 3", "SET other db",
		"XADD x 1-1 f v", "XADD x 2-1 f w g u", "XGROUP CREATE x g 0", "SELECT 0", "RENAME n renamed", "DEL f",
	} {
		if err, bad := c.Do(strings.Fields(line)...).(error); bad {
			t.Fatalf("%s: %v", line, err)
		}
	}
	for i := range 600 { // beyond the packed encodings
		c.Send("HSET", "bighash", fmt.Sprint("field", i), strings.Repeat("x", i%100))
		c.Send("ZADD", "bigzset", fmt.Sprint(float64(i)/3), fmt.Sprint("m", i))
		c.Send("SADD", "bigset", fmt.Sprint("m", i))
		c.Send("RPUSH", "biglist", strings.Repeat("e", i))
	}
	for range 4 * 600 {
		c.Receive()
	}
	return contents(t, c)
}

// contents is what the databases 0 and 3 hold, in an order that does not depend on encodings.
func contents(t testing.TB, c *servers.Client) string {
	t.Helper()
	var b strings.Builder
	for _, db := range []string{"0", "3"} {
		want(t, c, "OK", "SELECT", db)
		for _, key := range words(c.Do("KEYS", "*"), 1) {
			kind := c.Do("TYPE", key).(string)
			fmt.Fprintf(&b, "%s %s %s %v: %v\n", db, key, kind, c.Do("PEXPIRETIME", key), value(c, kind, key))
		}
	}
	c.Do("SELECT", "0")
	return b.String()
}

func value(c *servers.Client, kind, key string) any {
	switch kind {
	case "string":
		return c.Do("GET", key)
	case "list":
		return c.Do("LRANGE", key, "0", "-1")
	case "set":
		return words(c.Do("SMEMBERS", key), 1)
	case "hash":
		return words(c.Do("HGETALL", key), 2)
	case "zset":
		return c.Do("ZRANGE", key, "0", "-1", "WITHSCORES")
	}
	return c.Do("XRANGE", key, "-", "+")
}

// words sorts an array, n elements together.
func words(reply any, n int) []string {
	var out []string
	for part := range slices.Chunk(reply.([]any), n) {
		out = append(out, strings.TrimSuffix(strings.Repeat("%v ", n), " "))
		out[len(out)-1] = fmt.Sprintf(out[len(out)-1], part...)
	}
	slices.Sort(out)
	return out
}

func TestKillAndRestart(t *testing.T) {
	s := servers.SpindleT(t, keepLog...)
	expected := fill(t, s.ClientT(t))
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, s.ClientT(t)); got != expected {
		t.Errorf("after kill -9:\n%s\nwant:\n%s", got, expected)
	}
}

// What a crash leaves at the end of the log is cut off, with a warning that says how many bytes.
func TestTornTail(t *testing.T) {
	for _, torn := range []string{"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nab", "*3\r\n$3\r\nSE", "*",
		"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\ntorn!\r\n"} {
		s := servers.SpindleT(t, keepLog...)
		want(t, s.ClientT(t), "OK", "SET", "k", "kept")
		s.Kill()
		appendFile(t, incrFile(t, s.Dir), torn)
		if err := s.Restart(); err != nil {
			t.Fatalf("%q: %v", torn, err)
		}
		c := s.ClientT(t)
		want(t, c, "kept", "GET", "k")
		want(t, c, "OK", "SET", "k2", "v")
		if log := s.LogTail(100); !strings.Contains(log, fmt.Sprint(len(torn), " bytes")) {
			t.Errorf("no warning about %d bytes:\n%s", len(torn), log)
		}
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		want(t, s.ClientT(t), "v", "GET", "k2")
	}
}

func appendFile(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		_, err = f.WriteString(text)
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// damagedLog is a directory with a log of 100 commands that damage has changed.
func damagedLog(t testing.TB, damage func(dir string)) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s := servers.SpindleT(t, append(keepLog, "--dir", dir)...)
	c := s.ClientT(t)
	for i := range 100 {
		want(t, c, "OK", "SET", fmt.Sprint("key", i), "value")
	}
	s.Kill()
	damage(dir)
	return dir
}

// What no crash explains is not guessed at: the server refuses and names the place and the tool.
func TestDamagedLogRefuses(t *testing.T) {
	refuse := func(name string, said []string, damage func(dir string)) {
		t.Helper()
		dir := damagedLog(t, damage)
		got := run(t, spindle(t), "", "--port", "0", "--dir", dir, "--appendonly", "yes", "--unixsocket", filepath.Join(dir, "s"))
		if got.status != 1 {
			t.Errorf("%s: status %d", name, got.status)
		}
		for _, text := range said {
			if !strings.Contains(got.output, text) {
				t.Errorf("%s: the log does not say %q:\n%s", name, text, got.output)
			}
		}
	}
	var offset int
	refuse("a changed byte", []string{"ad file format", "redis-check-aof"}, func(dir string) {
		path := incrFile(t, dir)
		b := []byte(readFile(t, path))
		offset = bytes.Index(b, []byte("key50")) - len("*3\r\n$3\r\nSET\r\n$5\r\n")
		b[offset] = '?'
		writeFile(t, path, string(b), 0o644)
	})
	refuse("the same again", []string{fmt.Sprint("offset ", offset)}, func(dir string) {
		path := incrFile(t, dir)
		b := []byte(readFile(t, path))
		b[offset] = '?'
		writeFile(t, path, string(b), 0o644)
	})
	refuse("no manifest", []string{"manifest"}, func(dir string) {
		os.Remove(filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest"))
	})
	refuse("a manifest of junk", []string{"manifest"}, func(dir string) {
		writeFile(t, filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest"), "junk\n", 0o644)
	})
	refuse("a missing file", nil, func(dir string) { os.Remove(incrFile(t, dir)) })
}

// The tool that comes with Redis accepts our files, redis-server loads them, and we load its.
func TestFilesAreRedis(t *testing.T) {
	check := lookPath(t, "redis-check-aof")
	for _, rewrite := range []string{"", "no", "yes"} { // with this aof-use-rdb-preamble
		s := servers.SpindleT(t, append(keepLog, "--aof-use-rdb-preamble", cmp.Or(rewrite, "no"))...)
		c := s.ClientT(t)
		expected := fill(t, c)
		if rewrite != "" {
			want(t, c, "Background append only file rewriting started", "BGREWRITEAOF")
			within(t, patience, "the rewrite has ended", func() bool { return info(t, c, "aof_rewrite_in_progress") == 0 })
		}
		s.Kill()
		manifest := filepath.Join(s.Dir, "appendonlydir", "appendonly.aof.manifest")
		if out, err := exec.Command(check, manifest).CombinedOutput(); err != nil {
			t.Errorf("rewritten %q: redis-check-aof: %v\n%s", rewrite, err, out)
		}
		r := servers.RedisT(t, append(keepLog, "--dir", s.Dir)...)
		if got := contents(t, r.ClientT(t)); got != expected {
			t.Errorf("rewritten %q: redis-server reads:\n%s\nwant:\n%s", rewrite, got, expected)
		}
	}
}

func TestRedisFilesAreOurs(t *testing.T) {
	for _, preamble := range []string{"no", "yes"} {
		r := servers.RedisT(t, append(keepLog, "--aof-use-rdb-preamble", preamble)...)
		c := r.ClientT(t)
		fill(t, c)
		c.Do("BGREWRITEAOF")
		within(t, patience, "the rewrite has ended", func() bool { return info(t, c, "aof_rewrite_in_progress") == 0 })
		want(t, c, "OK", "SET", "after", "the rewrite")
		expected := contents(t, c)
		r.Kill()
		s := servers.SpindleT(t, append(keepLog, "--dir", r.Dir)...)
		if got := contents(t, s.ClientT(t)); got != expected {
			t.Errorf("aof-use-rdb-preamble %s: we read:\n%s\nwant:\n%s", preamble, got, expected)
		}
	}
}

// A full disk refuses writes, and nothing else; when there is room again, it goes on by itself. What was acknowledged
// survives.
func TestFullDisk(t *testing.T) {
	for _, fsync := range []string{"always", "everysec"} {
		t.Run(fsync, func(t *testing.T) { fullDisk(t, fsync) })
	}
}

func fullDisk(t *testing.T, fsync string) {
	const writes = 40
	dir := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", dir).Run(); err != nil {
		t.Skip("skipped: cannot mount a small file system: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 2 /* MNT_DETACH */) })
	s := servers.SpindleT(t, "--appendonly", "yes", "--appendfsync", fsync, "--appenddirname", "log", "--dir", dir)
	c, writer := s.ClientT(t), s.ClientT(t)
	want(t, c, "OK", "SET", "k", "v")
	ballast := filepath.Join(dir, "ballast")
	writeFile(t, ballast, strings.Repeat("b", 1<<20), 0o644)
	for i := range writes {
		writer.Send("SET", fmt.Sprint("big", i), strings.Repeat("x", 40_000))
	}
	within(t, patience, "the disk is full", func() bool { return strings.Contains(s.LogTail(100), "Error writing to the AOF file: No space left") })
	want(t, c, "v", "GET", "k")
	want(t, c, "MISCONF Errors writing to the AOF file: No space left on device", "SET", "k", "w")
	wantPrefix(t, c, "MISCONF", "DEL", "k")
	want(t, c, "v", "GET", "k")
	wantPrefix(t, c, "MISCONF", "PING")
	os.Remove(ballast)
	start := time.Now()
	within(t, patience, "writes are accepted again", func() bool { return fmt.Sprint(c.Do("SET", "k", "again")) == "OK" })
	t.Logf("recovered within %v", time.Since(start).Round(time.Millisecond))
	var kept []string
	for i := range writes {
		switch reply := writer.Receive(); {
		case reply == "OK":
			kept = append(kept, fmt.Sprint("big", i))
		case !strings.HasPrefix(fmt.Sprint(reply), "MISCONF"):
			t.Errorf("write %d: %v", i, reply)
		}
	}
	t.Logf("%d of %d writes were acknowledged", len(kept), writes)
	if fsync == "everysec" {
		time.Sleep(1500 * time.Millisecond) // what is acknowledged is durable a second later
	}
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	c = s.ClientT(t)
	want(t, c, "again", "GET", "k")
	for _, key := range kept {
		want(t, c, "40000", "STRLEN", key)
	}
}
