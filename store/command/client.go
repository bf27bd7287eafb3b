package command

import (
	"net/netip"

	"spindle/aof"
	"spindle/resp"
	"spindle/store"
	"spindle/store/acl"
)

// Conn is what a client needs of its connection; loop.Conn has it.
type Conn interface {
	Send(p []byte) // p is borrowed
	Pending() int  // bytes accepted by Send that the kernel has not taken yet
	Hold()         // replies are still to come: do not give up a half-closed socket
	Release()      // undoes one Hold
	PauseReads()
	ResumeReads()
	Close()
	CloseAfterFlush()
	RemoteAddr() string
	LocalAddr() string
	RemoteIP() netip.Addr
	IsUnix() bool
	FD() int
}

// clientFlags say what a client is and waits for.
type clientFlags uint32

const (
	// While one of these is set, no further command of the client is executed.
	waitOutput  clientFlags = 1 << iota // unsent replies exceed outputBound
	waitBlocked                         // in a blocking command
	waitPaused                          // CLIENT PAUSE
	waitDurable                         // unsynced replies exceed outputBound
	waitScript                          // its script takes long and stands still
	closing                             // no more commands: the connection ends once its replies are sent

	killed      // conn.Close was called
	inDirty     // in Server.dirty
	inPushed    // in Server.pushes
	pausedReads // conn.PauseReads was called
	holdsConn   // conn.Hold was called for buffered commands

	dirtyWatch // a watched key was changed

	noEvict       // exempt from maxmemory-clients
	replyOff      // CLIENT REPLY OFF
	replySkip     // the reply to the next command is not wanted
	replySkipNext // CLIENT REPLY SKIP has just run
)

const (
	stopMask = waitOutput | waitBlocked | waitPaused | waitDurable | waitScript | closing
	hushMask = replyOff | replySkip | replySkipNext
)

const (
	// outputBound is how many reply bytes a client may have pending before its next command waits until they are sent.
	outputBound = 1 << 20
	// flushBytes is when replies are sent before the pipeline has come to its end.
	flushBytes = 64 << 10
)

// Client is one connection's state.
type Client struct {
	ID   int64
	Out  resp.Writer
	s    *Server
	conn Conn
	db   *store.DB

	flags   clientFlags
	gates   gate // conditions of this client that commands have to be checked against
	parser  resp.Parser
	held    heldReplies
	written int64          // offset of the log behind the client's last write
	multi   *transaction   // since MULTI, or nil
	watches []*watch       // watched keys
	subs    *subscriptions // nil while there are none
	waiter  *waiter        // what a blocked client waits for, or nil
	track   *tracker       // CLIENT TRACKING, or nil
	user    *acl.User      // nil for the log, which is replayed: it may do everything
	// authenticated says that the client has proved to be its user, or needed not.
	authenticated bool
	// softSinceMs is when the output first exceeded the soft limit of the client's class; 0: it does not.
	softSinceMs int64
	// postponed is a command that waits for the end of CLIENT PAUSE, or nil.
	postponed [][]byte

	name, libName, libVersion string
	createdMs, activeMs       int64
	last                      *Command
}

// Data executes what the client sent. in is borrowed.
func (c *Client) Data(in []byte) {
	s := c.s
	s.BeginEvent()
	c.activeMs = s.nowMs
	s.events++
	if s.cron.resting {
		s.wake()
	}
	s.stats.NetIn += int64(len(in))
	c.parser.Limits.MaxBulk = s.Config.ProtoMaxBulkLen
	c.parser.Feed(in)
	c.gates = c.gates&^gateHuge | gateHugeOf(c.parser.Buffered())
	c.run()
	c.parser.Save()
	c.bound()
	s.EndEvent()
}

// Resume goes on with commands that had to wait.
func (c *Client) Resume(reason clientFlags) {
	c.flags &^= reason
	c.s.BeginEvent()
	c.run()
	c.parser.Save()
	c.bound()
	c.s.EndEvent()
}

// run executes buffered commands until there are none or the client has to wait. A handler's panic costs
// its command only.
func (c *Client) run() {
	if c.flags&stopMask != 0 {
		return
	}
	c.borrowOutput()
	c.s.running = c
	for !c.runSafely() {
	}
	c.s.running = nil
}

// runSafely reports whether run has come to its end, false if a panic cut it short.
func (c *Client) runSafely() (done bool) {
	start := len(c.Out.Buf)
	defer func() {
		if !done {
			if p := recover(); p != nil {
				c.s.panicked(c, p, start)
			}
		}
	}()
	s := c.s
	t := timer{s: s, at: s.clock.nano}
	for look := 1; c.flags&stopMask == 0; look-- {
		if look == 0 {
			look = c.lookAhead()
		}
		args, ok, err := c.next()
		if !ok {
			if err != nil {
				c.protocolError(err)
			}
			break
		}
		start = len(c.Out.Buf)
		cmd := s.execute(c, args)
		if c.flags&hushMask != 0 {
			c.hush(start)
		}
		t.note(c, cmd, args, len(c.Out.Buf)-start)
		if len(c.Out.Buf) >= flushBytes {
			t.stop(c)
			c.sendNow()
		}
	}
	t.stop(c)
	return true
}

// lookAhead fetches the keys of the next commands of a pipeline, and returns after how many commands to look again.
func (c *Client) lookAhead() int {
	if c.db.WorthFetching() {
		var keys [store.FetchMax][]byte
		if n := c.parser.Ahead(keys[:]); n > 1 {
			c.db.Fetch(keys[:n])
		}
	}
	return store.FetchMax
}

// borrowOutput gives the client the server's scratch buffer to write its replies to.
func (c *Client) borrowOutput() {
	s := c.s
	c.markDirty()
	if c.Out.Buf == nil && s.scratch != nil {
		c.Out.Buf, s.scratch = s.scratch[:0], nil
	}
}

// markDirty has the client's replies sent at the end of the event.
func (c *Client) markDirty() {
	if c.flags&inDirty == 0 {
		c.flags |= inDirty
		c.s.dirty = append(c.s.dirty, c)
	}
}

const (
	// scratchMax is the largest reply buffer that is kept for the next client for good.
	scratchMax = 256 << 10
	// scratchBusy is the largest that is kept while replies of that size keep coming: to grow one anew for each costs more
	// than most commands.
	scratchBusy = 8 << 20
)

// trimScratch lets a large reply buffer go that has not been needed since it was called last.
func (s *Server) trimScratch() {
	if cap(s.scratch) > scratchMax && s.scratchUsed < cap(s.scratch)/4 {
		s.scratch = nil
	}
	s.scratchUsed = 0
}

// flush sends the client's replies and gives the buffer back.
func (c *Client) flush(logged int64) {
	c.flags &^= inDirty
	if len(c.Out.Buf) > 0 || c.flags&closing != 0 {
		c.deliver(logged)
	}
	if c.s.scratch == nil && cap(c.Out.Buf) <= scratchBusy {
		c.s.scratch = c.Out.Buf
	} else {
		c.s.spare.give(c.Out.Buf)
	}
	c.Out.Buf = nil
}

// sendNow sends what there is in the middle of a pipeline.
func (c *Client) sendNow() {
	c.deliver(c.s.endBatch())
	c.s.scratchUsed = max(c.s.scratchUsed, len(c.Out.Buf))
	if cap(c.Out.Buf) > scratchBusy {
		c.Out.Buf = nil
	}
	c.Out.Buf = c.Out.Buf[:0]
}

// deliver passes the replies in Out to the connection, or keeps them until the log is durable up to logged.
func (c *Client) deliver(logged int64) {
	c.s.stats.NetOut += int64(len(c.Out.Buf))
	c.s.stats.Writes++
	if c.conn == nil {
		return
	}
	if c.s.mustHold(c, logged) {
		c.held.add(c, c.Out.Buf, logged)
		c.limitOutput(len(c.held.buf))
		return
	}
	c.conn.Send(c.Out.Buf)
	if c.flags&closing != 0 {
		c.conn.CloseAfterFlush()
	} else if n := c.conn.Pending(); n > 0 {
		if n > outputBound {
			c.flags |= waitOutput
		}
		c.limitOutput(n)
	}
}

// limitOutput closes a client that has more bytes to read than client-output-buffer-limit allows to its class.
func (c *Client) limitOutput(pending int) {
	limit := &c.s.Config.ClientOutputBufferLimit[c.class()]
	now := c.s.nowMs
	switch n := int64(pending); {
	case limit.Hard > 0 && n > limit.Hard:
	case limit.Soft == 0 || n <= limit.Soft:
		c.softSinceMs = 0
		return
	case c.softSinceMs == 0:
		c.softSinceMs = now
		return
	case now-c.softSinceMs <= limit.SoftSeconds*1000:
		return
	}
	c.s.logf(aof.Warning, "Client %s scheduled to be closed ASAP for overcoming of output buffer limits.", c.appendInfo(nil))
	c.s.kill(c)
}

// bound keeps a half-closed connection open while commands wait to be executed, and bounds the input that may wait:
// a client with nothing else to wait for is cut off, one that must read its replies first is not read from.
func (c *Client) bound() {
	buffered := c.parser.Buffered()
	// A blocked client is not held: if its peer has gone, nobody waits any more.
	waiting := c.flags&(stopMask&^(closing|waitBlocked)) != 0 && (buffered > 0 || c.postponed != nil)
	switch {
	case waiting && c.flags&holdsConn == 0:
		c.flags |= holdsConn
		c.conn.Hold()
	case !waiting && c.flags&holdsConn != 0:
		c.flags &^= holdsConn
		c.conn.Release()
	}
	full := int64(buffered) > c.s.Config.ClientQueryBufferLimit
	if c.multi != nil {
		full = int64(buffered)+c.multi.bytes > c.s.Config.ClientQueryBufferLimit
	}
	switch {
	case full && waiting && c.flags&pausedReads == 0:
		c.flags |= pausedReads
		c.conn.PauseReads()
	case full && !waiting:
		c.s.logf(aof.Warning, "Closing client that reached max query buffer length: %s", c.appendInfo(nil))
		c.s.kill(c)
	case !full && c.flags&pausedReads != 0:
		c.flags &^= pausedReads
		c.conn.ResumeReads()
	}
}

// protocolError answers what is not a command and ends the connection.
func (c *Client) protocolError(err error) {
	start := len(c.Out.Buf)
	c.s.replyError(c, err)
	c.hush(start)
	c.flags |= closing
}

// Drained goes on after pending replies have been sent.
func (c *Client) Drained() {
	if c.flags&waitOutput != 0 {
		c.Resume(waitOutput)
	}
}
