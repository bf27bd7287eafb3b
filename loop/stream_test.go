package loop

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// pattern makes n bytes that show any loss, doubling or change of order.
func pattern(n int) []byte {
	p := make([]byte, n)
	rand.New(rand.NewSource(int64(n))).Read(p)
	return p
}

// cpu is the processor time of this process so far.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// wantIdle fails if the process spins. The collector and the like may be busy
// for a while; a loop that spins never rests.
func wantIdle(t testing.TB) {
	t.Helper()
	const span = 100 * time.Millisecond
	var used time.Duration
	for range 20 {
		before := cpu(t)
		time.Sleep(span)
		if used = cpu(t) - before; used < span/5 {
			return
		}
	}
	t.Fatalf("used %v of processor time in %v of idling", used, span)
}

// oneConn is a handler that hands its connections to the test.
func oneConn(f funcs) (*funcs, chan *Conn) {
	ch := make(chan *Conn, 100)
	f.opened = func(c *Conn) bool { ch <- c; return true }
	return &f, ch
}

func TestQueueAgainstModel(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewSource(seed))
	var q queue
	var model []byte
	for range 5000 {
		if rng.Intn(2) == 0 {
			p := make([]byte, rng.Intn(1<<uint(rng.Intn(20))))
			rng.Read(p)
			q.push(p)
			model = append(model, p...)
		} else if front := q.front(); len(front) > 0 {
			n := 1 + rng.Intn(len(front))
			if !bytes.Equal(front[:n], model[:n]) {
				t.Fatal("bytes differ")
			}
			q.pop(n)
			model = model[n:]
		}
		if q.size != len(model) || (len(q.front()) == 0) != (len(model) == 0) {
			t.Fatalf("size %d, want %d", q.size, len(model))
		}
	}
}

// Posted output meets pending output; nothing may be lost or out of order, as it is with evio's Wake.
func TestSlowReaderGetsEverythingInOrder(t *testing.T) {
	var drained atomic.Int32
	h, conns := oneConn(funcs{drained: func(*Conn) { drained.Add(1) }})
	l := serve(t, Config{}, h)
	conn := dial(t, l)
	c := recv(t, conns)
	want := pattern(30 << 20)
	go func() {
		for rest := want; len(rest) > 0; {
			p := rest[:min(len(rest), 100_000)]
			rest = rest[len(p):]
			l.Post(func() { c.Send(p) })
		}
	}()
	waitFor(t, "output to pile up", func() bool {
		var n int
		onLoop(t, l, func() { n = c.Pending() })
		return n > 1<<20
	})
	if drained.Load() != 0 {
		t.Fatal("Drained with output pending")
	}
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		k, err := conn.Read(got[n:min(n+70_001, len(got))])
		if err != nil {
			t.Fatal(err)
		}
		n += k
		if n%5 == 0 {
			time.Sleep(100 * time.Microsecond)
		}
	}
	if sha256.Sum256(got) != sha256.Sum256(want) {
		t.Fatal("the stream is damaged")
	}
	waitFor(t, "Drained", func() bool { return drained.Load() > 0 })
}

// A client sends much before it reads; the handler stops reading while much is pending.
func TestEnormousPipeline(t *testing.T) {
	const limit = 1 << 20
	var most atomic.Int64
	l := serve(t, Config{}, &funcs{
		data: func(c *Conn, in []byte) {
			c.Send(in)
			most.Store(max(most.Load(), int64(c.Pending())))
			if c.Pending() > limit {
				c.PauseReads()
			}
		},
		drained: func(c *Conn) { c.ResumeReads() },
	})
	conn := dial(t, l)
	want := pattern(32 << 20)
	go func() {
		conn.Write(want)
		conn.(*net.TCPConn).CloseWrite()
	}()
	time.Sleep(50 * time.Millisecond)
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes of %d, %v", len(got), len(want), err)
	}
	if most.Load() <= limit || most.Load() > limit+2*0xFFFF {
		t.Fatalf("%d bytes were pending", most.Load())
	}
}

// evio reads nothing while output is pending; we do, and we do not spin over it.
func TestReadsGoOnWhileOutputIsPending(t *testing.T) {
	var read atomic.Int64
	h, conns := oneConn(funcs{data: func(c *Conn, in []byte) { read.Add(int64(len(in))) }})
	l := serve(t, Config{}, h)
	conn := dial(t, l)
	c := recv(t, conns)
	onLoop(t, l, func() {
		c.Send(make([]byte, 32<<20))
		if c.Pending() == 0 {
			t.Error("nothing is pending")
		}
	})
	conn.Write(make([]byte, 200_000))
	waitFor(t, "input while output is pending", func() bool { return read.Load() == 200_000 })
	wantIdle(t)
}

// Pending output and waiting input together make evio's loop spin.
func TestPausedInputAndPendingOutputDoNotSpin(t *testing.T) {
	h, conns := oneConn(funcs{data: func(c *Conn, in []byte) {
		c.Send(make([]byte, 32<<20))
		c.PauseReads()
	}})
	l := serve(t, Config{}, h)
	conn := dial(t, l)
	recv(t, conns)
	conn.Write(make([]byte, 1000))
	time.Sleep(20 * time.Millisecond)
	conn.Write(make([]byte, 1000))
	wantIdle(t)
}

func TestKillOfAClientThatNeverReads(t *testing.T) {
	for _, paused := range []bool{false, true} {
		closed := make(chan error, 2)
		h, conns := oneConn(funcs{closed: func(_ *Conn, err error) { closed <- err }})
		l := serve(t, Config{}, h)
		conn := dial(t, l)
		c := recv(t, conns)
		conn.Write([]byte("x"))
		onLoop(t, l, func() {
			c.Send(make([]byte, 32<<20))
			if paused {
				c.PauseReads()
			}
			c.Close()
			c.Close()
			c.Send([]byte("ignored"))
			if len(closed) > 0 {
				t.Error("Closed was called inside Close")
			}
		})
		select {
		case err := <-closed:
			if err != nil {
				t.Errorf("Closed with %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the client is not closed")
		}
		var left int
		onLoop(t, l, func() { left = l.Conns() + len(l.waiting) })
		if left != 0 || len(closed) != 0 {
			t.Fatalf("%d left over, Closed again: %d", left, len(closed))
		}
	}
}

// The client shuts down its half after the request, as netcat does, and reads a large reply slowly.
func TestHalfCloseWithMuchPending(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		want := pattern(20 << 20)
		closed := make(chan error, 2)
		cfg := Config{}
		if network == "unix" {
			cfg.UnixSocket = t.TempDir() + "/s"
		}
		h, conns := oneConn(funcs{
			data:   func(c *Conn, in []byte) { c.Send(want) },
			closed: func(_ *Conn, err error) { closed <- err },
		})
		l := serve(t, cfg, h)
		conn := dial(t, l)
		c := recv(t, conns)
		conn.Write([]byte("x"))
		conn.(interface{ CloseWrite() error }).CloseWrite()
		waitFor(t, "EOF", func() (eof bool) {
			onLoop(t, l, func() { eof = c.EOF() })
			return eof
		})
		wantIdle(t) // no watch is left behind on a descriptor that is gone
		roundTripOther(t, l, conns)
		got, err := io.ReadAll(conn)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: got %d bytes of %d, %v", network, len(got), len(want), err)
		}
		if err := recv(t, closed); err != nil { // the other one
			t.Fatal(err)
		}
		select {
		case err := <-closed:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("Closed is not called")
		}
	}
}

// roundTripOther proves that new connections, which get the numbers of closed descriptors, work.
func roundTripOther(t *testing.T, l *Loop, conns chan *Conn) {
	t.Helper()
	conn := dial(t, l)
	c := recv(t, conns)
	onLoop(t, l, func() { c.Send([]byte("hello")) })
	got := make([]byte, 5)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "hello" {
		t.Fatalf("got %q, %v", got, err)
	}
	conn.Close()
}

// A reply that comes later keeps a half-closed connection: with a duplicate, and without when descriptors are short.
func TestHoldKeepsAHalfClosedConnection(t *testing.T) {
	for _, short := range []bool{false, true} {
		closed := make(chan error, 2)
		h, conns := oneConn(funcs{
			data:   func(c *Conn, in []byte) { c.Hold(); c.Hold() },
			closed: func(_ *Conn, err error) { closed <- err },
			tick:   func() time.Duration { return time.Hour },
		})
		l := serve(t, Config{}, h)
		conn := dial(t, l)
		c := recv(t, conns)
		onLoop(t, l, func() {}) // the first tick, which looks at the true limit, is over
		onLoop(t, l, func() {
			if short {
				l.fdLimit = 1
			}
		})
		conn.Write([]byte("x"))
		conn.(*net.TCPConn).CloseWrite()
		waitFor(t, fmt.Sprintf("the end of the input, short %v", short), func() (seen bool) {
			onLoop(t, l, func() { seen = c.stalled == short && (c.own < 0) == short })
			return seen
		})
		onLoop(t, l, func() {
			c.Send([]byte("late "))
			c.Release()
		})
		time.Sleep(20 * time.Millisecond)
		if len(closed) != 0 {
			t.Fatal("closed while held")
		}
		onLoop(t, l, func() {
			c.Send([]byte("reply"))
			c.Release()
			if len(closed) != 0 {
				t.Error("Closed was called inside Release")
			}
		})
		if got, err := io.ReadAll(conn); err != nil || string(got) != "late reply" {
			t.Fatalf("short %v: got %q, %v", short, got, err)
		}
		if err := recv(t, closed); err != nil {
			t.Fatal(err)
		}
	}
}

// Without a duplicate, pending output is drained all the same, and the end of the stream seen after.
func TestShortOfDescriptorsWithPendingOutput(t *testing.T) {
	want := pattern(8 << 20)
	closed := make(chan error, 2)
	h, conns := oneConn(funcs{
		data:   func(c *Conn, in []byte) { c.Send(want) },
		closed: func(_ *Conn, err error) { closed <- err },
		tick:   func() time.Duration { return time.Hour },
	})
	l := serve(t, Config{}, h)
	conn := dial(t, l)
	recv(t, conns)
	onLoop(t, l, func() {}) // the first tick, which looks at the true limit, is over
	onLoop(t, l, func() { l.fdLimit = 1 })
	conn.Write([]byte("x"))
	conn.(*net.TCPConn).CloseWrite()
	time.Sleep(20 * time.Millisecond)
	wantIdle(t)
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes of %d, %v", len(got), len(want), err)
	}
	if err := recv(t, closed); err != nil {
		t.Fatal(err)
	}
}

func TestPeerGoneWithPendingOutput(t *testing.T) {
	closed := make(chan error, 2)
	h, conns := oneConn(funcs{closed: func(_ *Conn, err error) { closed <- err }})
	l := serve(t, Config{}, h)
	conn := dial(t, l)
	c := recv(t, conns)
	onLoop(t, l, func() { c.Send(make([]byte, 32<<20)) })
	conn.Close() // with unread input: a reset
	select {
	case err := <-closed:
		if err == nil {
			t.Error("no error reported")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the connection stays")
	}
}

func TestCloseAfterFlush(t *testing.T) {
	want := pattern(16 << 20)
	var calls atomic.Int32
	l := serve(t, Config{}, &funcs{data: func(c *Conn, in []byte) {
		calls.Add(1)
		c.Send(want)
		c.CloseAfterFlush()
	}})
	conn := dial(t, l)
	conn.Write([]byte("x"))
	time.Sleep(20 * time.Millisecond)
	conn.Write([]byte("y"))
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes of %d, %v", len(got), len(want), err)
	}
	if calls.Load() != 1 {
		t.Fatal("input was taken after CloseAfterFlush")
	}
}

func TestCloseAfterFlushWaitsForHeldReplies(t *testing.T) {
	held := make(chan struct{})
	h, conns := oneConn(funcs{data: func(c *Conn, in []byte) { c.Hold(); c.CloseAfterFlush(); close(held) }})
	l := serve(t, Config{}, h)
	conn := dial(t, l)
	c := recv(t, conns)
	conn.Write([]byte("x"))
	recv(t, held)
	onLoop(t, l, func() { c.Send([]byte("+OK")); c.Release() })
	if got, err := io.ReadAll(conn); err != nil || string(got) != "+OK" {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestPauseAndResumeReads(t *testing.T) {
	var read atomic.Int64
	conns := make(chan *Conn, 1)
	l := serve(t, Config{}, &funcs{
		opened: func(c *Conn) bool { c.PauseReads(); conns <- c; return true }, // evio is not done with c then
		data:   func(c *Conn, in []byte) { read.Add(int64(len(in))) },
	})
	conn := dial(t, l)
	c := recv(t, conns)
	onLoop(t, l, func() {})
	conn.Write([]byte("hello"))
	time.Sleep(50 * time.Millisecond)
	if read.Load() != 0 {
		t.Fatal("read while paused")
	}
	wantIdle(t)
	onLoop(t, l, c.ResumeReads)
	waitFor(t, "input", func() bool { return read.Load() == 5 })
	onLoop(t, l, func() { c.PauseReads(); c.PauseReads(); c.ResumeReads(); c.ResumeReads() })
	conn.Write([]byte("again"))
	waitFor(t, "input again", func() bool { return read.Load() == 10 })
}

// Hold, a short write and Close inside Opened must not touch evio's poll, which evio still works on: it panics on errors.
func TestEverythingInsideOpened(t *testing.T) {
	var n atomic.Int32
	l := serve(t, Config{}, &funcs{
		opened: func(c *Conn) bool {
			switch n.Add(1) {
			case 1:
				c.Hold()
				c.PauseReads()
				c.ResumeReads()
				c.Release()
			case 2:
				c.Send(make([]byte, 16<<20))
			case 3:
				c.Hold()
				c.Close()
			case 4:
				c.Send([]byte("bye"))
				c.CloseAfterFlush()
			}
			return true
		},
		data: echo,
	})
	roundTrip(t, dial(t, l), "hello")
	conn := dial(t, l)
	if _, err := io.ReadFull(conn, make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	roundTrip(t, conn, "hello")
	if got, _ := io.ReadAll(dial(t, l)); len(got) != 0 {
		t.Fatalf("got %q", got)
	}
	if got, _ := io.ReadAll(dial(t, l)); string(got) != "bye" {
		t.Fatalf("got %q", got)
	}
}

func TestRefusedConnection(t *testing.T) {
	var closed atomic.Int32
	l := serve(t, Config{MaxConns: 1}, &funcs{
		opened: func(c *Conn) bool {
			if c.loop.Full() {
				c.Send([]byte("-ERR max number of clients reached\r\n"))
				return false
			}
			return true
		},
		data:   echo,
		closed: func(*Conn, error) { closed.Add(1) },
	})
	first := dial(t, l)
	roundTrip(t, first, "hello")
	second := dial(t, l)
	second.Write([]byte("PING\r\n"))
	if got, err := io.ReadAll(second); err != nil || string(got) != "-ERR max number of clients reached\r\n" {
		t.Fatalf("got %q, %v", got, err)
	}
	first.Close()
	waitFor(t, "Closed", func() bool { return closed.Load() == 1 })
	l.SetMaxConns(5)
	roundTrip(t, dial(t, l), "hello")
	if closed.Load() != 1 {
		t.Fatal("Closed was called for a refused connection")
	}
}

// A round trip costs no allocation, and leaves nothing in evio's own buffer.
func TestEchoDoesNotAllocate(t *testing.T) {
	l := serve(t, Config{}, &funcs{data: echo})
	conn := dial(t, l)
	out, in := []byte("*1\r\n$4\r\nPING\r\n"), make([]byte, 14)
	allocs := testing.AllocsPerRun(2000, func() {
		if _, err := conn.Write(out); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, in); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Fatalf("%v allocations per round trip", allocs)
	}
}
