package command

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"spindle/aof"
	"spindle/resp"
	"spindle/store/config"
)

// A rig is a server without sockets, on a clock that stands still until advance.
//
//	r := newRig(t)                        // appendonly no
//	r := newRig(t, "appendonly yes")      // then effects tells what was logged
//	r.want("SET k v PX 100", "+OK\r\n")
//	r.advance(101)
//	r.want("GET k", "$-1\r\n")
type rig struct {
	testing.TB
	s *Server
	*fakeClient
	nanos  int64 // of the clock
	logged int64 // bytes of the log that effects has shown

	mu     sync.Mutex
	posted []func()
	timers []*rigTimer
}

type rigTimer struct {
	at int64
	f  func() // nil once stopped
}

// rigStart is what the clock of a new rig shows, in Unix milliseconds.
const rigStart = 1_700_000_000_000

// newRig starts a server with directives as in redis.conf, one per argument.
func newRig(t testing.TB, directives ...string) *rig {
	t.Helper()
	args := []string{"--dir", t.TempDir(), "--appendonly", "no"}
	for _, d := range directives {
		words := strings.Fields(d)
		args = append(append(args, "--"+words[0]), words[1:]...)
	}
	cfg, _, err := config.Load(args, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{TB: t, nanos: rigStart * 1e6}
	r.s = New(cfg, Env{
		UnixNano: func() int64 { return r.nanos },
		MonoNano: func() int64 { return r.nanos },
		CPUTime:  func(f func()) int64 { f(); return 0 },
		Rand:     rand.New(rand.NewPCG(1, 2)),
		Post:     r.post,
		After:    r.after,
		Logf:     func(level aof.Level, format string, args ...any) {},
		Stop:     func() {},
	})
	r.s.Load(nil, func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	})
	r.settle()
	t.Cleanup(func() {
		r.s.CloseLog()
		r.s.Store.Mem.Close()
	})
	r.fakeClient = r.connect()
	return r
}

func (r *rig) post(f func()) {
	r.mu.Lock()
	r.posted = append(r.posted, f)
	r.mu.Unlock()
}

func (r *rig) after(nanos int64, f func()) func() {
	t := &rigTimer{r.nanos + nanos, f}
	r.timers = append(r.timers, t)
	return func() { t.f = nil }
}

// advance moves the clock and runs what has become due.
func (r *rig) advance(ms int64) {
	r.nanos += ms * 1e6
	due := r.timers
	r.timers = nil
	for _, t := range due {
		if t.at > r.nanos {
			r.timers = append(r.timers, t)
		} else if t.f != nil {
			t.f()
		}
	}
	r.settle()
}

// settle runs what was posted, until nothing is.
func (r *rig) settle() {
	for {
		r.mu.Lock()
		posted := r.posted
		r.posted = nil
		r.mu.Unlock()
		if len(posted) == 0 {
			return
		}
		for _, f := range posted {
			f()
		}
	}
}

// connect opens one more client.
func (r *rig) connect() *fakeClient {
	conn := &fakeConn{}
	return &fakeClient{r: r, conn: conn, c: r.s.Opened(conn, false)}
}

// effects returns the commands that were logged since the last call, one line each with blanks between the
// arguments. SELECT, which the first effect of a log always has before it, is left out for database 0 there.
func (r *rig) effects() []string {
	r.Helper()
	if err := r.s.Log.Flush(10 * time.Second); err != nil {
		r.Fatal(err)
	}
	r.settle()
	cfg := r.s.Config
	files, _ := filepath.Glob(filepath.Join(cfg.Path(cfg.Appenddirname), "*.1.incr.aof"))
	if len(files) != 1 {
		r.Fatalf("%d logs", len(files))
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		r.Fatal(err)
	}
	first := r.logged == 0
	var p resp.Parser
	p.Limits.Authenticated = true
	p.Feed(b[r.logged:])
	r.logged = int64(len(b))
	var lines []string
	for {
		args, ok, err := p.Next()
		if err != nil {
			r.Fatal(err)
		}
		if !ok {
			break
		}
		lines = append(lines, fmt.Sprintf("%s", args))
		last := &lines[len(lines)-1]
		*last = strings.TrimSuffix(strings.TrimPrefix(*last, "["), "]")
	}
	if first && len(lines) > 0 && lines[0] == "SELECT 0" {
		lines = lines[1:]
	}
	return lines
}

// wantEffects runs a command and compares what it logs.
func (r *rig) wantEffects(line string, want ...string) {
	r.Helper()
	r.effects()
	reply := r.do(line)
	if got := r.effects(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		r.Errorf("%s (answered %q) logs\n\t%s\nwant\n\t%s", line, reply, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// A fakeClient is a connection to a rig.
type fakeClient struct {
	r    *rig
	conn *fakeConn
	c    *Client
}

// feed gives the server raw bytes and returns what it sent, then and there.
func (f *fakeClient) feed(in []byte) string {
	f.conn.out = f.conn.out[:0]
	f.c.Data(in)
	return string(f.conn.out)
}

// send executes one command.
func (f *fakeClient) send(args ...string) string { return f.feed(encode(args...)) }

// do executes one command whose arguments have no blanks.
func (f *fakeClient) do(line string) string { return f.send(strings.Fields(line)...) }

// want compares the raw reply to a command.
func (f *fakeClient) want(line, reply string) {
	f.r.Helper()
	if got := f.do(line); got != reply {
		f.r.Errorf("%s: %q, want %q", line, got, reply)
	}
}

// ok is want for commands that answer OK.
func (f *fakeClient) ok(line string) {
	f.r.Helper()
	f.want(line, "+OK\r\n")
}

// sent returns what has been sent since the last command or call.
func (f *fakeClient) sent() string {
	out := string(f.conn.out)
	f.conn.out = f.conn.out[:0]
	return out
}

// encode returns a request.
func encode(args ...string) []byte {
	b := resp.AppendArrayHeader(nil, len(args))
	for _, a := range args {
		b = resp.AppendBulkString(b, a)
	}
	return b
}

// allocs returns how many times the pipelined commands allocate, once they are warm.
func (r *rig) allocs(lines ...string) float64 {
	r.Helper()
	if resp.Invariants {
		r.Skip("built with invariants, which cost copies")
	}
	var in []byte
	for _, l := range lines {
		in = append(in, encode(strings.Fields(l)...)...)
	}
	feed := func() { r.conn.out = r.conn.out[:0]; r.c.Data(in) }
	feed()
	if strings.Contains(string(r.conn.out), "\r\n-") || r.conn.out[0] == '-' {
		r.Errorf("%q: %q", lines, r.conn.out)
	}
	return testing.AllocsPerRun(200, feed)
}

// fakeConn collects what is sent.
type fakeConn struct {
	out     []byte
	holds   int
	paused  bool
	closed  bool
	discard bool // keep nothing of what is sent
	pending int
}

func (c *fakeConn) Send(p []byte) {
	if !c.discard {
		c.out = append(c.out, p...)
	}
}
func (c *fakeConn) Pending() int         { return c.pending }
func (c *fakeConn) Hold()                { c.holds++ }
func (c *fakeConn) Release()             { c.holds-- }
func (c *fakeConn) PauseReads()          { c.paused = true }
func (c *fakeConn) ResumeReads()         { c.paused = false }
func (c *fakeConn) Close()               { c.closed = true }
func (c *fakeConn) CloseAfterFlush()     { c.closed = true }
func (c *fakeConn) RemoteAddr() string   { return "127.0.0.1:50000" }
func (c *fakeConn) LocalAddr() string    { return "127.0.0.1:6379" }
func (c *fakeConn) RemoteIP() netip.Addr { return netip.MustParseAddr("127.0.0.1") }
func (c *fakeConn) IsUnix() bool         { return false }
func (c *fakeConn) FD() int              { return -1 }
