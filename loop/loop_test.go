package loop

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// funcs is a Handler made of functions; nil ones do nothing.
type funcs struct {
	opened  func(c *Conn) bool
	data    func(c *Conn, in []byte)
	drained func(c *Conn)
	closed  func(c *Conn, err error)
	tick    func() time.Duration
}

func (f *funcs) Opened(c *Conn) bool {
	if f.opened == nil {
		return true
	}
	return f.opened(c)
}

func (f *funcs) Data(c *Conn, in []byte) {
	if f.data != nil {
		f.data(c, in)
	}
}

func (f *funcs) Drained(c *Conn) {
	if f.drained != nil {
		f.drained(c)
	}
}

func (f *funcs) Closed(c *Conn, err error) {
	if f.closed != nil {
		f.closed(c, err)
	}
}

func (f *funcs) Tick() time.Duration {
	if f.tick == nil {
		return 100 * time.Millisecond
	}
	return f.tick()
}

// echo sends back what comes.
func echo(c *Conn, in []byte) { c.Send(in) }

// testLog collects the loop's messages.
type testLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *testLog) logf(level, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, level+": "+fmt.Sprintf(format, args...))
}

func (l *testLog) contains(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if bytes.Contains([]byte(line), []byte(s)) {
			return true
		}
	}
	return false
}

// serve starts a loop on a free port, and shuts it down after the test.
func serve(t testing.TB, cfg Config, h Handler) *Loop {
	t.Helper()
	if cfg.TCP == nil && cfg.UnixSocket == "" {
		cfg.TCP = []string{"127.0.0.1:0"}
	}
	l, err := Listen(cfg, h)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Run() }()
	t.Cleanup(func() {
		l.Shutdown()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(30 * time.Second):
			t.Error("Run does not return after Shutdown")
		}
	})
	return l
}

func dial(t testing.TB, l *Loop) net.Conn {
	t.Helper()
	a := l.Addrs()[0]
	conn, err := net.Dial(a.Network(), a.String())
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { conn.Close() })
	return conn
}

// onLoop runs fn on the loop and waits for it.
func onLoop(t testing.TB, l *Loop, fn func()) {
	t.Helper()
	done := make(chan struct{})
	l.Post(func() { fn(); close(done) })
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("posted function does not run")
	}
}

// recv receives, but not forever.
func recv[T any](t testing.TB, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing comes")
	}
	return v
}

func waitFor(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if cond() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

// roundTrip sends text and expects it back.
func roundTrip(t testing.TB, conn net.Conn, text string) {
	t.Helper()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
		t.Fatalf("sent %q, got %q, %v", text, got, err)
	}
}

func TestEchoAndClosedOnce(t *testing.T) {
	var closed atomic.Int32
	l := serve(t, Config{}, &funcs{data: echo, closed: func(*Conn, error) { closed.Add(1) }})
	conn := dial(t, l)
	roundTrip(t, conn, "hello")
	roundTrip(t, conn, "again")
	conn.Close()
	waitFor(t, "Closed", func() bool { return closed.Load() == 1 })
	time.Sleep(20 * time.Millisecond)
	if n := closed.Load(); n != 1 {
		t.Fatalf("Closed was called %d times", n)
	}
}
