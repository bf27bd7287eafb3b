package acceptance

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spindle/bench/servers"
)

func TestMain(m *testing.M) {
	if runtime.GOOS != "linux" {
		fmt.Println("skipped: the acceptance tests read /proc")
		os.Exit(0)
	}
	code := m.Run()
	servers.Clean()
	os.Exit(code)
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// dial connects until the test ends.
func dial(t testing.TB, s *servers.Server) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn.(*net.TCPConn)
}

// wantPing fails the test unless s serves a fresh connection.
func wantPing(t testing.TB, s *servers.Server) {
	t.Helper()
	if _, err := pingOnce(s.Addr); err != nil {
		t.Fatalf("PING: %v; alive: %v\n%s", err, s.Alive(), s.LogTail(30))
	}
}

// pingOnce connects, asks and returns how long the answer took after connecting.
func pingOnce(addr string) (time.Duration, error) {
	conn, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return pingOn(conn)
}

func pingOn(conn net.Conn) (time.Duration, error) {
	conn.SetDeadline(time.Now().Add(patience))
	start := time.Now()
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && line != "+PONG\r\n" {
		err = fmt.Errorf("answer %q", line)
	}
	return time.Since(start), err
}

// worstPing pings on one connection until stop is closed and returns the slowest round trip.
func worstPing(t testing.TB, s *servers.Server, stop <-chan struct{}) time.Duration {
	conn := dial(t, s)
	worst := time.Duration(0)
	for {
		took, err := pingOn(conn)
		if err != nil {
			t.Errorf("PING meanwhile: %v", err)
			return worst
		}
		worst = max(worst, took)
		select {
		case <-stop:
			return worst
		case <-time.After(500 * time.Microsecond):
		}
	}
}

// whilePinging runs f and returns the slowest PING of another client meanwhile.
func whilePinging(t testing.TB, s *servers.Server, f func()) time.Duration {
	stop, worst := make(chan struct{}), make(chan time.Duration)
	go func() { worst <- worstPing(t, s, stop) }()
	func() {
		defer close(stop)
		f()
	}()
	return <-worst
}

// rss is the resident memory of s in bytes.
func rss(t testing.TB, s *servers.Server) int64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// info is one field of INFO as a number.
func info(t testing.TB, c *servers.Client, field string) int64 {
	t.Helper()
	text, _ := c.Do("INFO", "everything").(string)
	_, rest, ok := strings.Cut(text, "\n"+field+":")
	if !ok {
		t.Fatalf("INFO has no %s", field)
	}
	line, _, _ := strings.Cut(rest, "\r\n")
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// within waits for ok to become true.
func within(t testing.TB, d time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", d, what)
		}
	}
}

// want fails the test unless c answers the command with the text (of a simple string, a bulk or an error).
func want(t testing.TB, c *servers.Client, answer string, args ...string) {
	t.Helper()
	if got := fmt.Sprint(c.Do(args...)); got != answer {
		t.Errorf("%.60q: got %.200q, want %.200q", args, got, answer)
	}
}

// wantPrefix is want for the first characters.
func wantPrefix(t testing.TB, c *servers.Client, prefix string, args ...string) {
	t.Helper()
	if got := fmt.Sprint(c.Do(args...)); !strings.HasPrefix(got, prefix) {
		t.Errorf("%.60q: got %.200q, want %q...", args, got, prefix)
	}
}

// command encodes a command.
func command(args ...string) []byte {
	b := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b
}

// closedBy reports whether a read failed because the peer ended the connection.
func closedBy(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func writeFile(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
