package loop

import (
	"bytes"
	"io"
	"sync/atomic"
	"testing"
	"time"
)

// pass has a window of events of some size pass, from so many connections in turns.
func (b *breath) pass(conns []*Conn, bytes int, now *time.Time, gap time.Duration) bool {
	for i := 0; ; i++ {
		*now = now.Add(gap)
		if b.note(conns[i%len(conns)], bytes) {
			b.decide(*now)
			return b.on
		}
	}
}

func TestWhenToBreathe(t *testing.T) {
	conns := make([]*Conn, 50)
	for i := range conns {
		conns[i] = &Conn{}
	}
	var b breath
	now := time.Unix(1, 0)
	f := func(want bool, conns []*Conn, bytes int, gap time.Duration) {
		t.Helper()
		for range 3 { // what was in front of them does not matter to the second window
			b.pass(conns, bytes, &now, gap)
		}
		if b.on != want {
			t.Errorf("%d connections, %d bytes every %v: %v", len(conns), bytes, gap, b.on)
		}
	}
	const often = 10 * time.Microsecond
	f(true, conns, 500, often)
	f(false, conns, 40, often) // single commands
	f(true, conns, 500, often)
	f(false, conns[:4], 500, often) // who wait for each reply would be slowed down
	f(true, conns[:20], 500, often)
	f(false, conns, 500, 10*often)
}

// TestBreathing: nothing gets lost or changes order while the loop breathes.
func TestBreathing(t *testing.T) {
	var breaths atomic.Int64
	l := serve(t, Config{}, &funcs{data: func(c *Conn, in []byte) {
		if c.loop.breath.on {
			breaths.Add(1)
		}
		c.Send(in)
	}})
	const clients, rounds = 24, 400
	failed := make(chan error, clients)
	for i := range clients {
		conn := dial(t, l)
		go func() {
			sent, got := pattern(200+i), make([]byte, 200+i)
			for range rounds {
				if _, err := conn.Write(sent); err != nil {
					failed <- err
					return
				}
				if _, err := io.ReadFull(conn, got); err != nil {
					failed <- err
					return
				}
				if !bytes.Equal(sent, got) {
					failed <- io.ErrUnexpectedEOF
					return
				}
			}
			failed <- nil
		}()
	}
	for range clients {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d of %d events while breathing", breaths.Load(), clients*rounds)
}
