package hostile

import (
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"
)

// ways to vanish
const (
	closes       = iota
	resets       // the server's next write or read fails
	halfCloses   // the output only; it listens on for a while
	breaksOff    // within a command
	quits        // QUIT, or CLIENT KILL of itself
	waysToVanish // how many there are
)

// Ways names the ways to vanish, for reports.
var Ways = [waysToVanish]string{"closed", "reset", "half-closed", "within a command", "QUIT"}

// villain is a client that comes again and again, each time as another.
type villain struct {
	r    *run
	rng  *rand.Rand
	end  *atomic.Bool
	conn *net.TCPConn
	gone chan struct{} // closed when the server has closed the connection; nil while nobody reads
	buf  []byte
}

func (v *villain) live() {
	for !v.end.Load() {
		nc, err := net.DialTimeout("tcp", v.r.server.Addr, 5*time.Second)
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		atomic.AddInt64(&v.r.result.Connections, 1)
		v.conn = nc.(*net.TCPConn)
		v.conn.SetDeadline(time.Now().Add(20 * time.Second))
		v.once()
		v.conn.Close()
	}
}

// once is one connection's life.
func (v *villain) once() {
	v.gone = nil
	if v.rng.IntN(10) > 0 { // the others never read
		conn, gone := v.conn, make(chan struct{})
		v.gone = gone
		go func() {
			io.Copy(io.Discard, conn)
			close(gone)
		}()
	}
	if v.rng.IntN(3) == 0 {
		v.add("HELLO", "3")
	}
	for range v.rng.IntN(30) {
		for range 1 + v.rng.IntN(8) {
			v.act()
		}
		if !v.send() {
			return
		}
		if v.rng.IntN(3) == 0 {
			time.Sleep(time.Duration(v.rng.IntN(20)) * time.Millisecond)
		}
		if v.end.Load() {
			break
		}
	}
	if v.rng.IntN(40) == 0 && !v.end.Load() {
		v.linger(3 * time.Second) // longer than the server's timeout
	}
	way := v.rng.IntN(waysToVanish)
	atomic.AddInt64(&v.r.result.Vanished[way], 1)
	v.vanish(way)
}

func (v *villain) vanish(way int) {
	switch way {
	case resets:
		v.conn.SetLinger(0)
	case halfCloses:
		v.conn.CloseWrite()
		v.linger(time.Duration(v.rng.IntN(200)) * time.Millisecond)
	case breaksOff:
		for range 1 + v.rng.IntN(4) {
			v.act()
		}
		if len(v.buf) > 1 {
			v.buf = v.buf[:1+v.rng.IntN(len(v.buf)-1)]
		}
		v.send()
	case quits:
		v.add("QUIT")
		v.send()
		v.linger(100 * time.Millisecond)
	}
}

// linger waits, but not for a connection that the server has closed.
func (v *villain) linger(d time.Duration) {
	select {
	case <-v.gone:
	case <-time.After(d):
	}
}

func (v *villain) add(args ...string) {
	v.buf = appendCommand(v.buf, args)
	atomic.AddInt64(&v.r.result.Commands, 1)
}

func (v *villain) send() bool {
	_, err := v.conn.Write(v.buf)
	v.buf = v.buf[:0]
	return err == nil
}

// made is how many connections there were so far.
func (r *run) made() int64 { return atomic.LoadInt64(&r.result.Connections) }
