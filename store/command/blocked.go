package command

import (
	"container/list"
	"math"

	"spindle/resp"
	"spindle/store"
)

// Clients that wait for a key. A blocking command that finds nothing calls Block: its client stops, and a waiter
// stands in the queue of each of its keys. A change to such a key makes it ready; when the unit is over (a command, a
// transaction, a script), the ready keys are gone through in the order in which they became so, and each serves its waiters, the
// longest waiting first, each in a unit of its own. What that does may make further keys ready, and so on until there are none.
//
// A client may also wait for the log, see wait.go: it stands in a queue that belongs to no key.
//
// Nothing is polled: a waiter costs memory, and a timer if it has a timeout.

// Wait is what a blocking command waits for.
type Wait struct {
	Keys   [][]byte   // borrowed
	Type   store.Type // of the values that can serve the client
	Millis int64      // the timeout, 0 for none
	// Serve runs when key is ready, with the command's arguments. It does what the command is for and replies, or reports
	// false and has done nothing: the client goes on waiting. After an error it does not.
	Serve func(c *Ctx, key []byte) (served bool, err error)
	// Refused replies when the client must not wait; nil: as when time is up, with a null array.
	Refused func(w *resp.Writer)
	// Synced has the client wait for the log, too: it is answered as when time is up once Synced reports true.
	Synced func(c *Client) bool
	// Late replies when time is up; nil: with a null array.
	Late func(c *Client)
	// AnyChange has Serve called for a ready key that is gone or of another type, too.
	AnyChange bool
}

// waiter is a client that waits.
type waiter struct {
	Wait
	c      *Client
	db     *store.DB
	cmd    *Command
	args   [][]byte // its own; Keys are of them
	places []place
	stop   func() // cancels the timer; nil without
}

// place is a waiter's place in the queue of one key.
type place struct {
	queue *waitQueue
	at    *list.Element
}

// waitQueue are the waiters of one key, in the order in which they came.
type waitQueue struct {
	db      *store.DB
	key     string
	waiters list.List // of *waiter
	ready   bool      // in blocked.ready

	anyChange int // waiters that want to know of any change
}

// blocked are all who wait.
type blocked struct {
	byDB   []map[string]*waitQueue // by database number
	keys   int                     // number of queues
	count  int                     // clients
	ready  []*waitQueue
	served []*Client // who may have further commands to execute
	busy   bool      // serving
	timed  int       // clients with a timeout
	log    waitQueue // who waits for the log; it has no key
}

// Block has the client wait, unless it must not: see CanBlock.
func (c *Ctx) Block(w Wait) error {
	if !c.CanBlock() {
		if w.Refused != nil {
			w.Refused(c.Out)
		} else {
			c.Out.NullArray()
		}
		return nil
	}
	s := c.S
	own := &waiter{Wait: w, c: c.C, db: c.DB, cmd: c.Cmd, args: copyArgs(c.Args)}
	if w.Synced != nil {
		s.blocked.log.add(own)
	}
	own.Keys = make([][]byte, len(w.Keys))
	for i, key := range w.Keys {
		own.Keys[i] = append([]byte(nil), key...)
		s.blocked.join(own, own.Keys[i], len(s.Store.DBs))
	}
	s.blocked.count++
	s.setHook(hookBlocked, s.blocked.keys > 0)
	c.C.waiter = own
	c.C.flags |= waitBlocked
	if w.Millis > 0 {
		nanos := int64(math.MaxInt64)
		if w.Millis < nanos/1e6 {
			nanos = w.Millis * 1e6
		}
		own.stop = s.env.After(nanos, func() { s.timeOut(own) })
		s.blocked.timed++
	}
	return nil
}

// join puts the waiter at the end of a key's queue, once.
func (b *blocked) join(w *waiter, key []byte, databases int) {
	if b.byDB == nil {
		b.byDB = make([]map[string]*waitQueue, databases)
	}
	queues := b.byDB[w.db.ID]
	if queues == nil {
		queues = map[string]*waitQueue{}
		b.byDB[w.db.ID] = queues
	}
	q := queues[string(key)]
	if q == nil {
		q = &waitQueue{db: w.db, key: string(key)}
		queues[q.key] = q
		b.keys++
	}
	for _, p := range w.places {
		if p.queue == q {
			return
		}
	}
	q.add(w)
	if w.AnyChange {
		q.anyChange++
	}
}

// add puts the waiter at the queue's end.
func (q *waitQueue) add(w *waiter) { w.places = append(w.places, place{q, q.waiters.PushBack(w)}) }

// unblock takes the client out of all queues. It may go on with its commands when the event ends.
func (s *Server) unblock(c *Client) {
	w, b := c.waiter, &s.blocked
	for _, p := range w.places {
		p.queue.waiters.Remove(p.at)
		if w.AnyChange {
			p.queue.anyChange--
		}
		if p.queue.waiters.Len() == 0 && p.queue.db != nil {
			delete(b.byDB[w.db.ID], p.queue.key)
			b.keys--
		}
	}
	if w.stop != nil {
		w.stop()
		b.timed--
	}
	c.waiter = nil
	c.flags &^= waitBlocked
	b.count--
	s.setHook(hookBlocked, b.keys > 0)
	if c.flags&closing == 0 {
		b.served = append(b.served, c)
	}
}

// timeOut answers a waiter whose time is up. It runs on the loop.
func (s *Server) timeOut(w *waiter) {
	if w.c.waiter != w {
		return
	}
	s.BeginEvent()
	s.release(w.c, nil)
	s.EndEvent()
}

// release answers a blocked client as if time were up, or with an error.
func (s *Server) release(c *Client, err error) {
	c.room()
	start := len(c.Out.Buf)
	switch {
	case err != nil:
		s.replyError(c, err)
	case c.waiter.Late != nil:
		c.waiter.Late(c)
	default:
		c.Out.NullArray()
	}
	c.hushServed(start)
	c.markDirty()
	s.unblock(c)
}

// hushServed takes back a reply that the client does not want.
func (c *Client) hushServed(start int) {
	if c.flags&replyOff != 0 {
		c.Out.Buf = c.Out.Buf[:start]
	}
}

// signal makes a changed key ready if somebody waits for it.
func (b *blocked) signal(db *store.DB, key []byte) {
	if b.byDB == nil {
		return
	}
	if q := b.byDB[db.ID][string(key)]; q != nil && !q.ready {
		q.ready = true
		b.ready = append(b.ready, q)
	}
}

// signalAll makes the keys of db ready that are there now, and those whose waiters want to know that they are not.
func (b *blocked) signalAll(db *store.DB) {
	if b.byDB == nil {
		return
	}
	for _, name := range sortedKeys(b.byDB[db.ID]) {
		b.signal(db, []byte(name))
	}
}

// serveBlocked goes through the ready keys until there are none. A unit that ends meanwhile leaves its keys to the run
// under way.
func (s *Server) serveBlocked() {
	b := &s.blocked
	if b.busy {
		return
	}
	b.busy = true
	defer func() { b.busy = false }()
	for len(b.ready) > 0 {
		ready := b.ready
		b.ready = nil
		for _, q := range ready {
			q.ready = false
			s.serveQueue(q)
		}
	}
}

// serveQueue serves the waiters of one key for as long as it can.
func (s *Server) serveQueue(q *waitQueue) {
	key := []byte(q.key)
	k := q.db.Visible(key)
	var next *list.Element
	for e := q.waiters.Front(); e != nil && (k.Exists() || q.anyChange > 0); e = next {
		next = e.Next()
		w := e.Value.(*waiter)
		if !w.AnyChange && (!k.Exists() || k.Type() != w.Type) {
			continue
		}
		if s.serve(w, key) {
			s.unblock(w.c)
		}
		if next != nil && next.Value.(*waiter).c.waiter != next.Value {
			next = q.waiters.Front() // it was killed meanwhile, and is in no queue
		}
		k = q.db.Visible(key)
	}
}

// serve runs a waiter's command as a unit of its own, and reports whether it is done.
func (s *Server) serve(w *waiter, key []byte) (done bool) {
	c := w.c
	c.room()
	start := len(c.Out.Buf)
	before := s.env.MonoNano()
	defer func() {
		if p := recover(); p != nil {
			s.panicked(c, p, start)
			done = true
		}
		if done {
			c.hushServed(start)
			c.markDirty()
			w.cmd.stats.Nanos += s.env.MonoNano() - before
		} else if start == 0 {
			s.spare.give(c.Out.Buf)
			c.Out.Buf = nil
		}
	}()
	x := &s.unit.ctx
	x.C, x.DB, x.Args, x.Out, x.Cmd = c, w.db, w.args, &c.Out, w.cmd
	x.changes, x.verbatim = 0, true
	s.unit.depth = 1
	served, err := w.Serve(x, key)
	s.unit.depth = 0
	if err != nil {
		w.cmd.stats.Failed++
		s.replyError(c, err)
	}
	if x.changes > 0 || s.unit.n > 0 {
		s.finishUnit(x)
	}
	return served || err != nil
}

// resumeServed goes on with the commands of clients that were blocked.
func (s *Server) resumeServed() {
	b := &s.blocked
	for len(b.served) > 0 {
		served := b.served
		b.served = nil
		for _, c := range served {
			if c.conn != nil {
				c.run()
				c.parser.Save()
				c.bound()
			}
		}
	}
}

// Timeout parses argument i as a timeout in seconds and returns it in milliseconds, 0 for none.
func (c *Ctx) Timeout(i int) (int64, error) {
	f, ok := resp.ParseFloat(c.Args[i])
	if !ok {
		// Redis reads a long double, and only then finds that it is too large.
		if _, wide := resp.ParseLongDouble(c.Args[i]); wide {
			return 0, resp.ErrTimeoutNeg
		}
		return 0, resp.ErrTimeoutFloat
	}
	ms := math.Ceil(f * 1000)
	if ms < 0 || ms >= math.MaxInt64 {
		return 0, resp.ErrTimeoutNeg
	}
	return int64(ms), nil
}

// clientUnblockCommand ends another client's wait, as if time were up or with an error.
func clientUnblockCommand(c *Ctx) error {
	var err error
	switch {
	case len(c.Args) > 4:
		return resp.ErrSubcommandSyntax([]byte("client"), c.Args[1])
	case len(c.Args) == 4 && isToken(c.Args[3], "ERROR"):
		err = resp.ErrUnblocked
	case len(c.Args) == 4 && !isToken(c.Args[3], "TIMEOUT"):
		return resp.ErrUnblockReason
	}
	id, bad := c.Int(2)
	if bad != nil {
		return bad
	}
	other := c.S.clients[id]
	waits := other != nil && other.waiter != nil
	if waits {
		c.S.release(other, err)
	}
	c.replyFlag(waits)
	return nil
}
