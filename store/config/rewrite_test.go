package config

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const messyFile = `# my comment
port 0

SAVE 900 1
save 300 10


# hash
hash-max-ziplist-entries 100
timeout 0
timeout 5
appendonly no
slave-priority 3
  loglevel   notice
masterauth "a b\x01é"
client-output-buffer-limit replica 256mb 64mb 60
maxmemory 100mb
repl-ping-slave-period 11
rename-command FLUSHALL ""
include inc.conf
list-max-ziplist-value 64
slowlog-max-len 129
pidfile ""
logfile ""
bind 127.0.0.1 ::1
notify-keyspace-events ""
shutdown-on-sigint save now
unixsocketperm 700
maxmemory-clients 4%
replicaof 127.0.0.1 1
tls-key-file x`

// TestRewrite has both servers read, change and rewrite the same file, again and again.
func TestRewrite(t *testing.T) {
	needRedis(t)
	dir := t.TempDir()
	for _, name := range []string{"theirs.conf", "ours.conf"} {
		writeFile(t, filepath.Join(dir, name), strings.Replace(messyFile, "replicaof 127.0.0.1 1\n", "", 1))
	}
	writeFile(t, filepath.Join(dir, "inc.conf"), "hz 20\n")
	o := startWithFile(t, dir, "theirs.conf")
	t.Chdir(dir)
	c, _, err := Load([]string{"ours.conf", "--unixsocket", "sock", "--dir", dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, changes := range [][]string{
		{"timeout", "0"},
		{"maxmemory", "2048", "save", "60 1", "slowlog-max-len", "128", "client-output-buffer-limit", "pubsub 1 2 3 normal 0 0 1"},
		{"latency-tracking-info-percentiles", "1 2", "maxmemory-clients", "0", "notify-keyspace-events", "KEA", "oom-score-adj-values", "1 2 3"},
		{"client-query-buffer-limit", "2000000000", "shutdown-on-sigint", "default", "shutdown-on-sigterm", "now force"},
		{"save", "", "timeout", "7", "masterauth", "", "client-query-buffer-limit", "1gb", "maxmemory", "3gb", "notify-keyspace-events", ""},
		{"latency-tracking-info-percentiles", "", "client-output-buffer-limit", "normal 0 0 0 slave 1k 1gb 3", "maxmemory-policy", "allkeys-lfu"},
		{"save", "3600 1 300 100 60 10000", "list-max-listpack-size", "-3", "latency-tracking-info-percentiles", "50 99 99.9"},
	} {
		if got, want := set(c, changes...), o.set(changes...); got != "" || want != "" {
			t.Fatal(got, want)
		}
		if reply := o.do("CONFIG", "REWRITE"); reply[0] != "+OK" {
			t.Fatal(reply)
		}
		if err := c.Rewrite(); err != nil {
			t.Fatal(err)
		}
		got, want := normalForm(t, "ours.conf"), normalForm(t, "theirs.conf")
		if !slices.Equal(got, want) {
			t.Fatalf("after %q:\n--- ours\n%s\n--- theirs\n%s", changes, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		reloaded, _, err := Load([]string{"ours.conf"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range Directives() {
			if got, want := get(reloaded, d.Name), get(c, d.Name); got != want {
				t.Errorf("%s is %q after reloading, was %q", d.Name, got, want)
			}
		}
	}
}

// normalForm reads a file with its generated lines sorted, since redis appends in the order of a hash table,
// and without users, which redis always writes.
func normalForm(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	lines = slices.DeleteFunc(lines, func(s string) bool { return strings.HasPrefix(s, "user ") })
	if i := slices.Index(lines, signature); i >= 0 {
		slices.Sort(lines[i+1:])
		lines = slices.DeleteFunc(lines, func(s string) bool { return s == "" })
	}
	return lines
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// startWithFile starts redis-server with a configuration file and a Unix socket in dir.
func startWithFile(t *testing.T, dir, file string) *oracle {
	t.Helper()
	cmd := exec.Command("redis-server", file, "--unixsocket", "sock", "--dir", dir)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 1500 {
		conn, err := net.Dial("unix", filepath.Join(dir, "sock"))
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			return &oracle{t: t, conn: conn, r: bufio.NewReader(conn)}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("redis-server does not answer")
	return nil
}

func TestRewriteWithoutFile(t *testing.T) {
	if err := Defaults().Rewrite(); err != ErrNoFile {
		t.Fatal(err)
	}
}

// TestRewriteLeavesNoTrash checks the file's mode and that no temporary file stays, also on failure.
func TestRewriteLeavesNoTrash(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x.conf")
	writeFile(t, name, "requirepass secret\nport 7")
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, err := Load([]string{name}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.UserLines = func() []string { return []string{"user bob on"} }
	if err := c.Rewrite(); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(name)
	if s := string(b); !strings.HasPrefix(s, "requirepass \"secret\"\nport 7\n") || !strings.Contains(s, "\nuser bob on\n") {
		t.Fatal(s)
	}
	c.File = filepath.Join(dir, "sub")
	if err := os.Mkdir(c.File, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := c.Rewrite(); err == nil || !strings.HasPrefix(err.Error(), "Rewriting config file: ") {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(dir)
	info, _ := os.Stat(name)
	if len(entries) != 2 || info.Mode().Perm() != 0o600 {
		t.Fatal(entries, info.Mode())
	}
}
