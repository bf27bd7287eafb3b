package command

import (
	"container/list"

	"spindle/resp"
)

// Waiting until what a client wrote is safe: WAIT for replicas, of which there are none, so that only its timeout or CLIENT UNBLOCK
// ends it, and WAITAOF for the log. appendfsync always holds replies back (held.go), WAITAOF holds its client back; both look at the log's
// offsets, and one call, logAdvanced, lets go of both.

var waitCommands = []*Command{
	{Name: "wait", Arity: 3, Flags: NoScript, Group: "generic", Since: "3.0.0", Categories: CatConnection,
		Complexity: "O(1)", Tips: []string{"request_policy:all_shards", "response_policy:agg_min"},
		Syntax:  "numreplicas:integer timeout:integer",
		Summary: "Wait for the synchronous replication of all the write commands sent in the context of the current connection",
		Run:     waitCommand},
	{Name: "waitaof", Arity: 4, Flags: NoScript, Group: "generic", Since: "7.2.0", Categories: CatConnection,
		Complexity: "O(1)", Tips: []string{"request_policy:all_shards", "response_policy:agg_min"},
		Syntax:  "numlocal:integer numreplicas:integer timeout:integer",
		Summary: "Wait until all write commands sent in the context of the current connection are synced to the append-only file",
		Run:     waitaofCommand},
}

func waitCommand(c *Ctx) error {
	replicas, err := c.Int(1)
	if err != nil {
		return err
	}
	ms, err := c.timeoutMillis(2)
	if err != nil {
		return err
	}
	none := func(w *resp.Writer) { w.Int(0) }
	if replicas <= 0 {
		none(c.Out)
		return nil
	}
	return c.Block(Wait{Millis: ms, Refused: none, Late: func(c *Client) { none(&c.Out) }})
}

// waitaofCommand waits until the log is synced up to the client's last write. It has effects handed to the writer
// now; when they are synced is up to appendfsync, so that with "no" the wait may be as long as the system likes.
func waitaofCommand(c *Ctx) error {
	local, err := c.Int(1)
	if err != nil {
		return err
	}
	if local < 0 || local > 1 {
		return resp.ErrNumLocal
	}
	replicas, err := c.positiveInt(2)
	if err != nil {
		return err
	}
	ms, err := c.timeoutMillis(3)
	switch {
	case err != nil:
		return err
	case local > 0 && c.S.Log == nil:
		return resp.ErrWaitNoLog
	}
	if replicas == 0 && (local == 0 || c.C.synced()) {
		c.C.replySynced()
		return nil
	}
	if c.S.Log != nil && c.CanBlock() {
		c.S.Log.HandOver()
	}
	w := Wait{Millis: ms, Refused: func(*resp.Writer) { c.C.replySynced() }, Late: (*Client).replySynced}
	if local > 0 {
		w.Synced = func(c *Client) bool { return replicas == 0 && c.synced() }
	}
	return c.Block(w)
}

// timeoutMillis parses argument i as a timeout in milliseconds, 0 for none.
func (c *Ctx) timeoutMillis(i int) (int64, error) {
	ms, ok := resp.ParseInt(c.Args[i])
	switch {
	case !ok:
		return 0, resp.ErrTimeoutInt
	case ms < 0:
		return 0, resp.ErrTimeoutNeg
	}
	return ms, nil
}

// synced reports whether the client's last write is on disk in a log that counts: while the log is being enabled, nothing is
// before its first rewrite has been committed.
func (c *Client) synced() bool {
	log := c.s.Log
	return log != nil && log.Durable() >= c.written && !log.Status().WaitRewrite
}

// replySynced answers for how many logs and replicas the client's writes are safe.
func (c *Client) replySynced() {
	n := int64(0)
	if c.synced() {
		n = 1
	}
	c.Out.Array(2)
	c.Out.Int(n)
	c.Out.Int(0)
}

// releaseSynced answers the clients whose wait for the log is over, or in vain.
func (s *Server) releaseSynced() {
	var next *list.Element
	for e := s.blocked.log.waiters.Front(); e != nil; e = next {
		next = e.Next()
		switch w := e.Value.(*waiter); {
		case s.Log == nil:
			s.release(w.c, resp.ErrWaitNoLog)
		case w.Synced(w.c):
			s.release(w.c, nil)
		}
	}
}

// forgetOffsets makes what all clients wrote part of the log's base: another log begins.
func (s *Server) forgetOffsets() {
	for _, c := range s.clients {
		c.written = 0
	}
}
