package durability

import (
	"errors"
	"sync"
	"time"

	"spindle/bench/client"
)

const (
	batchWrites = 16 // write numbers that go out together, once per probe each
	window      = 8  // batches in flight per connection
)

// A writer is one connection that writes as fast as a window of pipelined
// batches allows, until the server is gone.
type writer struct {
	prefix string
	probes []probe
	conn   *client.Conn
	done   sync.WaitGroup
	slots  chan struct{} // taken by a batch, free again when it is answered

	sent  int64  // highest write number that may have reached the server
	acked int64  // commands whose reply was read, over all probes in order
	marks []mark // when they were
	err   error  // a wrong reply
}

// A mark says that so many commands were acknowledged at a time.
type mark struct {
	acked int64
	at    time.Time
}

func (r *run) startWriters(cycle int) ([]*writer, error) {
	var list []*writer
	for conn := range r.Conns {
		c, err := client.Dial(r.server.Addr)
		if err != nil {
			return nil, err
		}
		w := &writer{prefix: keyPrefix(cycle, conn), probes: r.probes, conn: c, slots: make(chan struct{}, window)}
		list = append(list, w)
		w.done.Add(2)
		go w.send()
		go w.receive()
	}
	return list, nil
}

// waitWriters waits until all have noticed that the server is gone and returns
// the first wrong reply.
func waitWriters(list []*writer) (err error) {
	for _, w := range list {
		w.done.Wait()
		w.conn.Close()
		if err == nil {
			err = w.err
		}
	}
	return err
}

func (w *writer) send() {
	defer w.done.Done()
	for n := int64(1); ; n += batchWrites {
		w.slots <- struct{}{}
		w.sent = n + batchWrites - 1
		for i := n; i <= w.sent; i++ {
			for p := range w.probes {
				w.probes[p].send(w.conn, w.probes[p].key(w.prefix), i)
			}
		}
		if w.conn.Flush() != nil {
			return
		}
	}
}

// receive reads replies until the connection ends, which also ends send: its
// next write fails, and a slot is free for it to get there.
func (w *writer) receive() {
	defer w.done.Done()
	defer w.drainSlots()
	for n := int64(1); ; n++ {
		for p := range w.probes {
			if !w.receiveOne(&w.probes[p], n) {
				return
			}
		}
		if n%batchWrites == 0 {
			w.marks = append(w.marks, mark{w.acked, time.Now()})
			<-w.slots
		}
	}
}

func (w *writer) receiveOne(p *probe, n int64) bool {
	r, err := w.conn.Receive()
	for i := 1; i < p.replies && err == nil; i++ {
		r, err = w.conn.Receive()
	}
	if _, refused := err.(client.Error); refused {
		w.err = errors.Join(errors.New(p.key(w.prefix)), err)
	}
	if err != nil {
		return false
	}
	if p.reply != nil && r.String() != p.reply(n) {
		w.err = violation("%s: write %d was answered with %q, want %q", p.key(w.prefix), n, r.String(), p.reply(n))
		return false
	}
	w.acked++
	return true
}

// drainSlots closes the connection and lets send go on to notice.
func (w *writer) drainSlots() {
	w.conn.Close()
	for {
		select {
		case <-w.slots:
		case <-time.After(100 * time.Millisecond):
			return
		}
	}
}

// ackedBefore is how many commands were acknowledged at t.
func (w *writer) ackedBefore(t time.Time) int64 {
	n := int64(0)
	for _, m := range w.marks {
		if m.at.After(t) {
			break
		}
		n = m.acked
	}
	return n
}

// ackedAt is when command i, counted from 1, was acknowledged, at the latest.
func (w *writer) ackedAt(i int64) (time.Time, bool) {
	for _, m := range w.marks {
		if m.acked >= i {
			return m.at, true
		}
	}
	return time.Time{}, false
}
