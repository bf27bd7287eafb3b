package acceptance

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"spindle/bench/servers"
)

// A client that asks for 20 GB and reads nothing costs little, disturbs nobody, and gets all of what it asked for
// once it reads.
func TestClientThatDoesNotRead(t *testing.T) {
	const asked, valueBytes, readBack = 200_000, 100_000, 10_000
	s := servers.SpindleT(t)
	c := s.ClientT(t)
	value := strings.Repeat("v", valueBytes)
	want(t, c, "OK", "SET", "bigkey", value)
	before := rss(t, s)
	conn := dial(t, s)
	wrote := make(chan error, 1)
	go func() {
		_, err := conn.Write(bytes.Repeat(command("GET", "bigkey"), asked))
		wrote <- err
	}()
	worst := whilePinging(t, s, func() { time.Sleep(time.Second) })
	grown := rss(t, s) - before
	t.Logf("unread: resident memory grew by %d KB; slowest PING of another client %v", grown>>10, worst)
	if grown > 100<<20 {
		t.Errorf("resident memory grew by %d MB", grown>>20)
	}
	in := bufio.NewReaderSize(conn, 1<<20)
	reply := fmt.Appendf(nil, "$%d\r\n%s\r\n", valueBytes, value)
	got := make([]byte, len(reply))
	for i := range readBack {
		if _, err := io.ReadFull(in, got); err != nil || !bytes.Equal(got, reply) {
			t.Fatalf("reply %d: %v, %.40q", i, err, got)
		}
	}
	if grown := rss(t, s) - before; grown > 100<<20 {
		t.Errorf("while it reads, resident memory grew by %d MB", grown>>20)
	}
	conn.Close()
	<-wrote
	wantPing(t, s)
}

// The same to the last reply, with fewer and smaller ones.
func TestSlowReaderGetsEveryReply(t *testing.T) {
	const asked = 200_000
	s := servers.SpindleT(t)
	want(t, s.ClientT(t), "OK", "SET", "k", strings.Repeat("v", 1000))
	conn := dial(t, s)
	go conn.Write(bytes.Repeat(command("GET", "k"), asked))
	time.Sleep(300 * time.Millisecond)
	n, err := io.Copy(io.Discard, io.LimitReader(conn, asked*1009))
	if err != nil || n != asked*1009 {
		t.Fatalf("got %d bytes of %d: %v", n, asked*1009, err)
	}
	if _, err := pingOn(conn); err != nil {
		t.Fatal(err)
	}
}

// What netcat does: write, end the output, read to the end.
func TestHalfClosed(t *testing.T) {
	for _, args := range [][]string{nil, {"--appendonly", "yes", "--appendfsync", "always"}} {
		s := servers.SpindleT(t, args...)
		conn := dial(t, s)
		var in, expected []byte
		big := strings.Repeat("b", 3<<20)
		in = append(in, command("SET", "big", big)...)
		expected = append(expected, "+OK\r\n"...)
		for i := range 2000 {
			in = append(in, "INCR n\r\n"...)
			expected = fmt.Appendf(expected, ":%d\r\n", i+1)
		}
		for range 5 {
			in = append(in, "GET big\r\n"...)
			expected = fmt.Appendf(expected, "$%d\r\n%s\r\n", len(big), big)
		}
		in = append(in, "SET last 1\r\n"...)
		expected = append(expected, "+OK\r\n"...)
		go func() {
			conn.Write(in)
			conn.CloseWrite()
		}()
		time.Sleep(200 * time.Millisecond) // replies pile up
		got, err := io.ReadAll(conn)
		if err != nil || !bytes.Equal(got, expected) {
			t.Errorf("%q: got %d bytes of %d, %v", args, len(got), len(expected), err)
		}
	}
}

// Ten thousand connections, or as many as this process may have.
func TestManyIdleConnections(t *testing.T) {
	count := 10_000
	if limit := raiseDescriptors(); limit < count+200 {
		count = limit - 200
		t.Logf("only %d connections: the limit of open files is %d", count, limit)
	}
	s := servers.SpindleT(t, "--maxclients", fmt.Sprint(count+50))
	wantPing(t, s)
	before := rss(t, s)
	conns := make([]net.Conn, 0, count)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for range count {
		conn, err := net.Dial("tcp", s.Addr)
		if err != nil {
			t.Fatalf("connection %d: %v", len(conns), err)
		}
		conns = append(conns, conn)
	}
	for _, i := range []int{0, count / 2, count - 1} {
		if _, err := pingOn(conns[i]); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	noStall(t, 500*time.Millisecond, func() time.Duration {
		return whilePinging(t, s, func() { time.Sleep(300 * time.Millisecond) })
	})
	each := (rss(t, s) - before) / int64(count)
	t.Logf("%d connections: %d bytes of resident memory each", count, each)
	if each > 16<<10 {
		t.Errorf("a connection takes %d bytes", each)
	}
}

// raiseDescriptors raises this process's limit of open files as far as it goes.
func raiseDescriptors() int {
	var lim syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim)
	lim.Cur = lim.Max
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lim)
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim)
	return int(min(lim.Cur, 1<<20))
}

func TestMaxClients(t *testing.T) {
	replies := map[string]string{}
	for _, s := range []*servers.Server{servers.SpindleT(t, "--maxclients", "5"), servers.RedisT(t, "--maxclients", "5")} {
		var first net.Conn
		within(t, patience, "the starter's connection is gone", func() bool {
			for range 5 {
				first = dial(t, s)
				if _, err := pingOn(first); err != nil {
					return false
				}
			}
			return true
		})
		b, _ := io.ReadAll(dial(t, s))
		replies[s.Name] = string(b)
		first.Close()
		within(t, patience, "there is room again", func() bool { _, err := pingOnce(s.Addr); return err == nil })
	}
	if got, expected := replies["spindle"], replies["redis-server"]; got != expected || got == "" {
		t.Errorf("got %q, want %q", got, expected)
	}
}

// More connections come than there are descriptors.
func TestDescriptorExhaustion(t *testing.T) {
	bin, err := servers.Build()
	if err != nil {
		t.Fatal(err)
	}
	limited := filepath.Join(t.TempDir(), "limited")
	writeFile(t, limited, "#!/bin/sh\nulimit -n 100\nexec "+bin+" \"$@\"\n", 0o755)
	s, err := servers.Start(limited, "--maxclients", "1000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	var conns []net.Conn
	for range 400 {
		if conn, err := net.DialTimeout("tcp", s.Addr, time.Second); err == nil {
			conns = append(conns, conn)
		}
	}
	time.Sleep(200 * time.Millisecond) // the server meets the limit
	if !s.Alive() {
		t.Fatalf("the server ended:\n%s", s.LogTail(30))
	}
	for _, c := range conns {
		c.Close()
	}
	within(t, patience, "it serves again", func() bool { _, err := pingOnce(s.Addr); return err == nil })
	if log := s.LogTail(1000); !strings.Contains(log, "maxclients") {
		t.Errorf("the log does not tell of the lowered maxclients:\n%s", log)
	}
}

// A server that nobody talks to sleeps.
func TestIdle(t *testing.T) {
	s := servers.SpindleT(t, "--appendonly", "yes")
	conn := dial(t, s)
	if _, err := pingOn(conn); err != nil {
		t.Fatal(err)
	}
	const span = 5 * time.Second
	var used time.Duration
	for range 3 { // a busy machine has cold caches
		before := cpu(t, s)
		time.Sleep(span)
		used = cpu(t, s) - before
		t.Logf("%v of CPU in %v: %.2f %%", used, span, 100*float64(used)/float64(span))
		if used <= span/100 {
			return
		}
	}
	t.Errorf("%v of CPU in %v", used, span)
}

// cpu is the processor time that s has used, from the scheduler's nanoseconds of each thread.
func cpu(t testing.TB, s *servers.Server) time.Duration {
	t.Helper()
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.Pid()))
	var sum time.Duration
	for _, f := range files {
		var ns int64
		fmt.Sscan(readFile(t, f), &ns)
		sum += time.Duration(ns)
	}
	if len(files) == 0 {
		t.Skip("skipped: no schedstat")
	}
	return sum
}

// lookPath skips the test where a tool is missing.
func lookPath(t testing.TB, tool string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Skipf("skipped: no %s on PATH", tool)
	}
	return path
}
